// Cuts a text at the matches of a pattern, with the five ways of `tokenizers` to treat the matches.
//
// Source: `tokenizers`, NormalizedString::split and SplitDelimiterBehavior.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "text/pre_tokenizer.h"  // PieceSink
#include "text/regex.h"

namespace laconic {

enum class SplitBehavior { kIsolated, kRemoved, kMergedWithPrevious, kMergedWithNext, kContiguous };
std::optional<SplitBehavior> parse_split_behavior(std::string_view name);

struct SplitRule {
  SplitBehavior behavior;
  bool invert;  // the text between matches counts as the matches
};

// Emits the non-empty pieces in order.
void split(const Regex& regex, SplitRule rule, std::string_view text, const PieceSink& sink);

}  // namespace laconic
