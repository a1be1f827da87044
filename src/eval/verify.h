// Judges an answer against its gold answer: right, wrong, or undecided, with a reason.
//
// Extraction: the last \boxed{...} with balanced braces (an empty or unterminated last box is
// wrong, there is no fall back to an earlier one); GSM8K's "#### x" where asked. Meaning: exact
// rationals (integers, decimals, fractions, mixed numbers, thousands separators, percent), units
// and currency stripped; else normalised text equality. Pure functions: no clock, no signal, no
// shared state; work is bounded by the length of the input.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "eval/answer_rules.h"
#include "eval/verdict.h"

namespace laconic {

struct Judgement {
  Verdict verdict = Verdict::kUndecided;
  std::string reason;  // a short code: "equal-rational", "no-box", "empty-box", "unterminated-box",
                       // "not-a-number", ...
  std::string extracted;  // the answer found in the response, as written
};

// `gold`: an answer, or a GSM8K solution with "####", or a text with a box. `response`: a whole
// reply, whose answer stands where the rules say.
Judgement judge(std::string_view gold, std::string_view response, const AnswerRules& rules = {});

// Only the comparison of two bare answers.
Judgement compare_answers(std::string_view gold, std::string_view answer);

// What the verifier understood an answer (or a gold field) to be, in one spelling: "1/2", "2*x+1",
// "{1, 2}"; its normalised text where it is not read. For reading.
std::string canonical_form(std::string_view answer);

}  // namespace laconic
