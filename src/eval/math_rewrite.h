// Rewrites of a tree before it is compared: what "x = 5" says, both values of a +- b, sums and
// products of matrices. New nodes go to the arena; the given tree stays as it is.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "eval/math_tree.h"

namespace laconic {

// The value that an answer states, and under which name: "x = 1/2 = 0.5" is 0.5 named x (an
// approximation at the end is dropped), "x \in S" is S. Without a name: the node itself.
struct Stated {
  const Node* value = nullptr;
  const Node* name = nullptr;
};
Stated stated_value(const Node& node);

// Whether a node can name something: letters, functions of letters, |AB|, a : b; no numbers, no
// sums.
bool is_name(const Node& node);

bool has_plus_minus(const Node& node);
// The node with every +- as + and as -, or just itself.
std::vector<const Node*> both_signs(const Node& node, Arena& arena);

// The matrix that sums, products and multiples of matrices are; null: none, or sizes do not fit.
const Node* matrix_value(const Node& node, Arena& arena);

}  // namespace laconic
