// A reply cut into its successive solutions: stretches of text that each end in a stated answer.
//
// "Do NOT Think That Much for 2+3=?" (arXiv 2412.21187) lets a language model cut replies; this is
// a rule, so its numbers are not those of the paper. An answer is stated by a \boxed{} or \fbox{},
// by a line with "####", or by one of the phrases "answer is", "answer should be", "answer must
// be", "answer would be", "answer to be", "answer =", "answer:" (any case; a box within the
// sentence is taken instead). A solution runs from the end of the one before to the end of the
// sentence that states its answer; a statement of the same answer without any re-check word (wait,
// alternatively, double-check, verify, ...) since the last one belongs to the solution before it.
// Text after the last statement belongs to none. A statement longer than 2,000 bytes is none, which
// keeps the time linear on any input. Positions in bytes. Deterministic; no errors.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace laconic {

struct Solution {
  size_t begin = 0;
  size_t end = 0;           // behind the sentence that states the answer
  std::string_view answer;  // as stated, points into the reply
};

std::vector<Solution> find_solutions(std::string_view reply);

}  // namespace laconic
