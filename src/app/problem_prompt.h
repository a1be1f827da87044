// The one way from a problem to the ids that its reply is sampled behind.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/rows.h"  // Problem
#include "text/prompt_builder.h"

namespace laconic {

// Messages through the template, with the row's own variables; a problem's text in a user turn,
// `instruction` on a line of its own behind it; a prompt used as it is, with a beginning of
// sequence where the model's texts have one. Error(kData) "problem ID: ..." where it cannot be
// built, control tokens in messages among the reasons.
std::vector<int32_t> prompt_of(const Problem& problem, const PromptBuilder& builder,
                               const std::string& instruction);

}  // namespace laconic
