// Where a benchmark expects the answer of a reply to stand.
//
// A set of rules is plain data that a preset fills in; extract.h follows it. The default is what a
// reasoning model with a "put your answer in \boxed{}" prompt is judged by: the last box behind the
// end of thinking, else GSM8K's "####". Published tables differ in these rules (a box anywhere, a
// closed think block demanded, the last 300 bytes only, the last number), so a table states them:
// describe(rules) is that statement.
// Errors: parse_answer_sources throws Error(kUsage).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace laconic {

enum class AnswerSource {
  kBox,     // "box": the last \boxed{...} or \fbox{...}; an empty or unterminated one is a fault
  kHashes,  // "hashes": the line behind the last "####"
  kPhrase,  // "phrase": behind the last "the answer is", "Final answer:", "Answer:"
  kChoice,  // "choice": the letter of a multiple choice question
  kMath,    // "math": the last $...$, \(...\) or \[...\]
  kLastNumber,  // "number": the last number of the text
  kWhole        // "whole": the whole text (behind thinking) is the answer
};

struct AnswerRules {
  // Tried in this order; the first that finds something decides.
  std::vector<AnswerSource> sources = {AnswerSource::kBox, AnswerSource::kHashes};
  // What stands between <think> and </think> is searched too.
  bool count_thinking = false;
  // The prompt ended with <think>: without a </think> all of the reply is thinking.
  bool starts_in_thinking = false;
  // No answer counts without a </think> before it (the format reward of LASER).
  bool require_closed_thinking = false;
  // "\boxed{1} and \boxed{2}" at the end is the list "1, 2"; otherwise the last box alone counts.
  bool join_boxes = true;
  // Only so many bytes at the end of the reply are searched (verl: 300); 0: all.
  size_t tail_bytes = 0;
  // The letters that kChoice accepts.
  std::string choices = "ABCDE";
};

// "box,phrase,number" -> sources. Error(kUsage) for an unknown or repeated name, or none.
std::vector<AnswerSource> parse_answer_sources(std::string_view text);
const char* answer_source_name(AnswerSource source);

// One line for a report: "box, then hashes; behind </think>".
std::string describe(const AnswerRules& rules);

}  // namespace laconic
