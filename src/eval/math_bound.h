// How small an algebraic constant can be without being zero.
// Source: Burnikel, Fleischer, Mehlhorn, Schirra 2000 (see eval/math_numeric.h).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "eval/math_tree.h"

namespace laconic {

// n such that the value of `node` is 0 or at least 2^-n in size; nothing: not known to be
// algebraic, or n beyond `limit`.
std::optional<long> zero_bound_bits(const Node& node, long limit);

}  // namespace laconic
