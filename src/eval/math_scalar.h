// Compares two values: numbers and expressions, without structures and +-.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>

#include "eval/math_poly.h"
#include "eval/math_tree.h"
#include "eval/verdict.h"

namespace laconic {

// Work left to one judgement, in tree nodes: `exact` read into normal forms, `numeric` evaluated at
// a set of points. What is spent is gone; without work left a comparison is undecided.
struct Budget {
  size_t exact = 20000;
  size_t numeric = 600;
  size_t products = 3 * kMaxTermProducts;  // of terms, in normal forms
};

// A number with a decimal point as it stands: its value and that of its last digit.
struct Decimal {
  mpq_class value, unit;
  int significant = 0;
};

// -1.50, 7.8 \times 10^2, 2.5 %; nothing for integers and everything else.
std::optional<Decimal> as_decimal(const Node& node);

Outcome compare_scalars(const Node& gold, const Node& answer, Budget& budget);

// Nodes of the tree, at most `limit` + 1 are counted.
size_t count_nodes(const Node& node, size_t limit);

// What reading the tree into a normal form may cost, in nodes: a sum or an integral is many.
size_t work_of(const Node& node);

// The exact rational value, if it has one that takes little work.
std::optional<mpq_class> rational_value(const Node& node);

// The tolerance rule, for decimals alone.
//   kYes    an answer that rounds to the last digit of a decimal gold answer of 3 or more
//   significant
//           digits; an answer of 4 or more that is an exact gold answer (no decimal) rounded
//   kUnsure an answer of 3 or more that is the gold answer rounded, but not as above
enum class Rounding { kNo, kUnsure, kYes };
struct Sides {
  std::optional<Decimal> gold, answer;
  bool answer_fits_gold = false;  // |answer - gold| is at most half the last digit of gold
  bool gold_fits_answer = false;  // at most half the last digit of the answer
};
Rounding rounding_of(const Sides& sides);
bool fits(const std::optional<Decimal>& shown, const mpq_class& exact);

}  // namespace laconic
