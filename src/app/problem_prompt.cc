// SPDX-License-Identifier: Apache-2.0
#include "app/problem_prompt.h"

#include "base/error.h"

namespace laconic {

std::vector<int32_t> prompt_of(const Problem& problem, const PromptBuilder& builder,
                               const std::string& instruction) try {
  if (!problem.messages.is_null()) return builder.prompt_ids(problem.messages, problem.variables);
  if (!problem.problem.empty())
    return builder.prompt_ids(problem_messages(problem.problem, instruction, problem.system),
                              problem.variables);
  return builder.plain_prompt_ids(problem.prompt);
} catch (const Error& error) {
  fail(error.kind(), "problem ", problem.id, ": ", error.what());
}

}  // namespace laconic
