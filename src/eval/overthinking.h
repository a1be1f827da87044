// How much of a reply came after it was already right: the overthinking metrics of "Do NOT Think
// That Much for 2+3=?" (arXiv 2412.21187, section 2), unused thinking, and loops.
//
//   outcome efficiency  mean over replies of [right] x (tokens to the end of the first right
//                       solution) / (all tokens).
//   process efficiency  mean over replies that state an answer of (tokens in solutions that are not
//                       repeats) / (all tokens), up to the closing tag where the thinking states an
//                       answer: the answer behind it is owed, no repetition.
//   unused thinking     of right replies with thinking: share of its tokens behind the first right
//                       solution, 0 where the thinking states none.
//
// Solutions are cut by rule (solutions.h) and judged with verify.h. The paper has a language model
// cut them and group their approaches; here a solution is a repeat when its answer was stated
// before and it has fewer than 10 words or at least half of its word trigrams stood in earlier
// ones. So compare these numbers with each other, not with the paper's. Bytes are turned into
// tokens in proportion, thinking and answer apart, as records hold no ids. Deterministic.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "data/records.h"
#include "eval/statistics.h"

namespace laconic {

struct ReplyEffort {
  int64_t num_solutions = 0;
  bool first_is_right = false;
  double first_right_tokens = -1;  // to the end of the first right solution; -1: none is right
  double distinct_share = 0;       // of the tokens looked at; 0 without solutions
  double unused_thinking = 0;      // share of the thinking tokens; 0 where none was right in it
  bool loops = false;              // ends in a repetition (tail_loop.h)
};
ReplyEffort measure_effort(const SampleRecord& record);

struct Overthinking {
  Estimate outcome_efficiency;  // all replies
  Estimate process_efficiency;  // replies with a solution
  Estimate solutions;           // number of them, all replies
  Estimate first_right;         // share of right replies whose first solution is right
  Estimate unused_thinking;     // right replies with thinking
  Estimate loops;               // share of all replies
};
Overthinking measure_overthinking(std::span<const SampleRecord> records);

}  // namespace laconic
