// What math_compare.cc needs of lists, equations and words, and the canonical text of a tree.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "eval/math_scalar.h"
#include "eval/math_tree.h"

namespace laconic {

inline constexpr size_t kMaxListItems = 64;

struct AnswerList {
  std::vector<const Node*> items;
  bool has_names = false;      // every item is "name = value"
  bool names_differ = false;   // and no two have the same name
  bool names_in_order = true;  // and they are in alphabetical order
};

// The items of a list or set, of one value, of a +- b. "p=5, q=2, p=7, q=2" is the tuples (5,2),
// (7,2).
AnswerList read_list(const Node& node, Arena& arena);

// Drops items whose canonical text was there before.
void drop_repeated(std::vector<const Node*>& items);

// Equations and inequalities whose two sides differ by a constant factor are the same; two
// different linear equations are not; of others nothing is said.
Outcome compare_relations(const Node& gold, const Node& answer, Budget& budget);

// Lower-case words without punctuation and articles.
std::vector<std::string> words_of(std::string_view text);

}  // namespace laconic
