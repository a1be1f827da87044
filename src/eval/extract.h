// Where the answer stands in a reply: the last box, "####", a phrase, a letter, the last number.
//
// What it is not: nothing is parsed as mathematics. First the thinking is cut off (all up to the
// last "</think>"; a reply that opens <think> and never closes it is all thinking), then the
// sources of the rules are tried in order. The rule for boxes: the last "\boxed{" (or "\fbox{")
// counts, whatever came before it. An empty or unterminated one is a fault of the reply, there is
// no fall back to an earlier box. "\boxed 5" and "\boxed\frac12" are boxes too; the word \boxed
// before anything else is prose. Boxes that only "and", "or" or a comma separates are one list.
// Linear time in the length of the text, whatever it holds.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "eval/answer_rules.h"

namespace laconic {

enum class AnswerPlace {
  kFound,
  kEmptyBox,
  kUnterminatedBox,
  kUnclosedThinking,  // the reply never stops thinking
  kNone
};

struct ExtractedAnswer {
  AnswerPlace place = AnswerPlace::kNone;
  AnswerSource source = AnswerSource::kBox;  // where it was found
  std::string text;                          // trimmed; empty unless kFound
};

ExtractedAnswer extract_answer(std::string_view text, const AnswerRules& rules = {});

// The answer of a gold field, which holds a bare answer, a solution with a box or one with "####".
std::string gold_answer(std::string_view gold);

// Position after the brace that closes the one at `open`, escaped braces passed over; npos: none
// does. REQUIRES: text[open] == '{'.
size_t skip_braces(std::string_view text, size_t open);

}  // namespace laconic
