// Whether two expression trees are the same answer.
//
// Scalars: by normal form (math_exact.h), else in ball arithmetic (math_numeric.h). Structures:
// item by item; sets and lists in any order, tuples, vectors and matrices in theirs; sets of reals
// as pieces; equations up to a constant factor; "x = 5" is 5 where only one side names it; a +- b
// is two values. Reasons are listed in docs/verifier.md. Deterministic; work is bounded by
// `Budget`.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "eval/math_poly.h"
#include "eval/math_tree.h"
#include "eval/verdict.h"

namespace laconic {

Outcome compare_trees(const Node& gold, const Node& answer, Arena& arena);

// A tree in one spelling: normal forms of its scalars, sets sorted. For reading; and the same text
// is the same answer.
// `max_products`: work; beyond it parts stand as they are written.
std::string canonical_text(const Node& node, size_t max_products = 2 * kMaxTermProducts);

}  // namespace laconic
