// Cuts a text at the matches of a pattern, with the five ways of `tokenizers` to treat the matches.
//
// Source: `tokenizers`, NormalizedString::split and SplitDelimiterBehavior.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "text/pre_tokenizer.h"  // Piece, PieceSink
#include "text/regex.h"

namespace laconic {

enum class SplitBehavior { kIsolated, kRemoved, kMergedWithPrevious, kMergedWithNext, kContiguous };
std::optional<SplitBehavior> parse_split_behavior(std::string_view name);

struct SplitRule {
  SplitBehavior behavior;
  bool invert;  // the text between matches counts as the matches
};

// Emits the non-empty pieces in order.
void split(const Regex& regex, SplitRule rule, Piece piece, const PieceSink& sink);
// Every character for which `is_match` holds is a match by itself.
void split(bool (*is_match)(char32_t), SplitRule rule, Piece piece, const PieceSink& sink);
// Every occurrence of `literal`, from the left, is a match. REQUIRES: a literal that is not empty.
void split(std::string_view literal, SplitRule rule, Piece piece, const PieceSink& sink);

}  // namespace laconic
