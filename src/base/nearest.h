// The candidate nearest to a misspelt word, for "did you mean" hints. Not a search: a few dozen
// candidates.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace laconic {

// Levenshtein distance in bytes: insertions, deletions and substitutions cost 1 each.
int edit_distance(std::string_view a, std::string_view b);

// The candidate with the smallest edit distance, or "" when none is within a third of the word's
// length (at least 2). A candidate that begins with the whole word counts as near. Ties: the first
// one.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace laconic
