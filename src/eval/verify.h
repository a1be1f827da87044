// Judges an answer against its gold answer: right, wrong, or undecided, with a reason.
//
// extract (eval/extract.h: where the rules say that the answer stands) -> normalise (one spelling)
// -> read (a number with its unit, a time of day, words, or an expression tree) -> compare. Numbers
// are exact rationals; expressions are compared in a normal form over the rationals and then in
// ball arithmetic; lists, tuples, intervals, matrices, equations and inequalities item by item
// (docs/verifier.md). Right and wrong are claimed where the values are known to be equal or to
// differ; where any part is not understood, or both readings of a text make sense, the verdict is
// undecided: never a guess. What it is not: it does not see the question, so "in minutes" or "as a
// decimal" there is not enforced. The gold answer comes first in every comparison: rounding depends
// on which side is exact, and commas and names are read as the gold answer's shape says. Work is
// counted, not timed (docs/verifier.md, "Bounds"); no clock, no signal, no shared state, no errors:
// the same verdict on every run, thread and machine.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "eval/answer_rules.h"
#include "eval/verdict.h"

namespace laconic {

struct Judgement {
  Verdict verdict = Verdict::kUndecided;
  std::string reason;     // a code of docs/verifier.md: "equal-rational", "no-box", "not-read", ...
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
