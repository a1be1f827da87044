// Sets of real numbers as sorted, disjoint pieces: intervals, points, what an inequality describes.
//
// [a,b) and \cup, \cap, \setminus of such; \{a, b\}; \mathbb{R}; x \in S; inequalities and chains
// that are linear in one unknown or bound its absolute value; x \ne a. Ends are expressions,
// ordered in ball arithmetic; two ends that no precision tells apart count as one (comparing them
// is math_compare's task). Nothing where any part is not of these.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "eval/math_tree.h"

namespace laconic {

inline constexpr size_t kMaxPieces = 32;

struct End {
  const Node* value = nullptr;  // null: infinite
  bool closed = false;
};

struct RealInterval {
  End low, high;
};

using RealSet = std::vector<RealInterval>;

// `unknown_alone`: a bare tuple (a, b) may be an interval.
std::optional<RealSet> read_real_set(const Node& node, Arena& arena);

}  // namespace laconic
