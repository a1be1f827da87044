// SPDX-License-Identifier: Apache-2.0
#include "app/problem_prompt.h"

namespace laconic {

std::vector<int32_t> prompt_of(const Problem& problem, const PromptBuilder& builder,
                               const std::string& instruction) {
  if (!problem.messages.is_null()) return builder.prompt_ids(problem.messages);
  if (!problem.problem.empty()) return builder.problem_ids(problem.problem, instruction);
  return builder.text_ids(problem.prompt);
}

}  // namespace laconic
