// Reads a canonical answer (eval/normalise.h) into an expression tree.
//
//   answer   := items separated by "," ";" "and" "or"
//   item     := set (relation set)*            relations: = != < <= > >= about in; ":" is a ratio
//   set      := sum (\cup | \cap | \setminus sum)*
//   sum      := [+-] product (+ - \pm \mp product)*
//   product  := power (* / power, or juxtaposition)*
//   power    := primary (! % \degree ' ^ _)*
// Nothing comes back where any part is not understood: a reader that guesses is worse than none.
// Bounded: kMaxMathTokens tokens, kMaxTreeDepth levels, kMaxTreeNodes nodes.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "eval/math_tree.h"

namespace laconic {

inline constexpr size_t kMaxMathTokens = 4096;

// The tree, in `arena`; null: not read.
const Node* parse_math(std::string_view canonical, Arena& arena);

}  // namespace laconic
