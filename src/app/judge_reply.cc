// SPDX-License-Identifier: Apache-2.0
#include "app/judge_reply.h"

#include <utility>

#include "eval/verify.h"
#include "text/think_span.h"
#include "text/tokenizer.h"

namespace laconic {
namespace {

std::string difficulty_of(const Problem& problem) {
  for (const char* name : {"difficulty", "level"}) {
    const Json* value = problem.extra.find(name);
    if (value) return value->is_string() ? value->as_string(name) : value->dump();
  }
  return "";
}

}  // namespace

Reply reply_of_ids(std::span<const int32_t> prompt, std::span<const int32_t> ids,
                   const std::string& finish_reason, const PromptBuilder& builder) {
  const ThinkTokens think =
      count_think_tokens(builder.tokenizer(), ids, builder.opens_think(prompt));
  return {builder.completion_text(prompt, ids), static_cast<int64_t>(ids.size()),
          think.thinking_tokens, think_state_name(think.state), finish_reason};
}

SampleRecord judge_reply(const Problem& problem, int64_t sample_idx, Reply reply,
                         const AnswerRules& rules) {
  SampleRecord record;
  record.id = problem.id;
  record.sample_idx = sample_idx;
  record.problem = problem.problem;
  record.gold = problem.gold;
  record.num_tokens = reply.num_tokens;
  record.num_thinking_tokens = reply.num_thinking_tokens;
  record.num_answer_tokens = reply.num_tokens - reply.num_thinking_tokens;
  record.think_state = std::move(reply.think_state);
  record.finish_reason = std::move(reply.finish_reason);
  record.completion = std::move(reply.completion);
  const Judgement judgement = judge(problem.gold, record.completion, rules);
  record.verdict = verdict_name(judgement.verdict);
  record.reason = judgement.reason;
  record.extracted = judgement.extracted;
  record.difficulty = difficulty_of(problem);
  return record;
}

}  // namespace laconic
