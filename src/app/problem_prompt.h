// The one way from a problem to the ids that its reply is sampled behind.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/rows.h"  // Problem
#include "text/prompt_builder.h"

namespace laconic {

// Messages as they are; a problem's text in a user turn, `instruction` on a line of its own behind
// it; a prompt used as it is. Error(kData) where it cannot be built.
std::vector<int32_t> prompt_of(const Problem& problem, const PromptBuilder& builder,
                               const std::string& instruction);

}  // namespace laconic
