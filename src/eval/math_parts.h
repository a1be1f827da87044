// Comparisons of answers that are no lists: numerals to a base, words, sets of reals, quantities.
// Each REQUIRES what its name says of one of the two at least.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "eval/math_scalar.h"
#include "eval/math_tree.h"
#include "eval/verdict.h"

namespace laconic {

Outcome compare_based(const Node& gold, const Node& answer);
Outcome compare_texts(const Node& gold, const Node& answer);
// Values with a unit, a percent or a degree sign.
Outcome compare_amounts(const Node& gold, const Node& answer, Arena& arena, Budget& budget);
Outcome compare_real_sets(const Node& gold, const Node& answer, Arena& arena, Budget& budget);

}  // namespace laconic
