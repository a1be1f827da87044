// A reply and its problem as a judged record: the same for sampled ids and for a server's answer.
//
// Token counts and the think span are the caller's (it knows the ids or the server's counts); the
// verdict comes from eval/verify.h. Pure.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "data/records.h"  // SampleRecord
#include "data/rows.h"     // Problem
#include "eval/answer_rules.h"
#include "text/prompt_builder.h"

namespace laconic {

struct Reply {
  std::string completion;  // text, with its think span
  int64_t num_tokens = 0;  // thinking + answer
  int64_t num_thinking_tokens = 0;
  std::string think_state;
  std::string finish_reason;
};

// `prompt`: the ids that were answered, which may have opened the thought.
Reply reply_of_ids(std::span<const int32_t> prompt, std::span<const int32_t> ids,
                   const std::string& finish_reason, const PromptBuilder& builder);

SampleRecord judge_reply(const Problem& problem, int64_t sample_idx, Reply reply,
                         const AnswerRules& rules);

}  // namespace laconic
