// An exact rational number with what stands around it: percent sign, unit.
//
// Read from a canonical answer (eval/normalise.h): integers and decimals of any length, thousands
// separators (comma or space before groups of three), \frac{a}{b}, a/b, mixed numbers
// (3\frac{1}{2}, 3 1/2), 1.5 \times 10^{3}, 1.5e3, 10^{3}, 0.1\overline{6}, signs, parentheses;
// then %, percent, a unit in \text{...}, unit words, \degree, "(apples)". Anything else is no
// quantity. A single bare letter is a variable, not a unit; "thousand" and the like are refused,
// not dropped. Exponents are bounded by kMaxExponent, nesting by kMaxDepth: work is bounded by the
// length of the input. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmpxx.h>

#include <optional>
#include <string>
#include <string_view>

namespace laconic {

struct Quantity {
  mpq_class value;
  bool is_percent = false;
  std::string unit;     // without spaces and plural s, "" for none
  int decimals = 0;     // digits after the point where it is one decimal number, else -1
  int significant = 0;  // significant digits of that decimal number
};

inline constexpr long kMaxExponent = 4096;
inline constexpr int kMaxDepth = 16;
inline constexpr size_t kMaxQuantityLength = 1 << 14;  // longer texts are no quantity

std::optional<Quantity> parse_quantity(std::string_view canonical);

}  // namespace laconic
