// Names in answers: what stands left of "=", and the letters of constants and counters.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "eval/math_scalar.h"
#include "eval/math_tree.h"

namespace laconic {

enum class NameMatch { kSame, kUnknown, kDifferent };

// Two left sides. f(n) and f(x) are the same function of another letter; P(A) and P(B) may be
// anything; f(1) and f(2), \sin(\pi) and \cos(\pi) are two things.
NameMatch match_names(const Node& a, const Node& b);

// The left side of "\cos(\pi) = -1" or "P(A) = 1/2", which is a call and says what the value is of;
// null: none.
const Node* left_call(const Node& relation);

// `value`, which `b` = f(t) is, in the letters of `a` = f(x). REQUIRES: match_names(a, b) == kSame.
const Node* with_names_of(const Node& a, const Node& b, const Node& value, Arena& arena);

// Whether a node is sums of names without numbers: m - n, a + b + c.
bool is_sum_of_names(const Node& node);

// Two values that were found to differ, where each has as many names that the other has not, all of
// them letters of constants (C, K, A, c_1) or of counters (n, k, m). Equal up to these names: right
// for a constant of integration in another case (C, c) and for a counter of periods (2 \pi n,
// 2 \pi k), else undecided. `found` where this is not so.
Outcome up_to_names(const Node& gold, const Node& answer, Arena& arena, Budget& budget,
                    const Outcome& found);

}  // namespace laconic
