// The reasoning of an assistant's message under every name that servers and data sets have for it,
// brought into `reasoning_content`.
//
// Read: reasoning_content (DeepSeek, vLLM, SGLang), reasoning (OpenRouter, later vLLM), thinking
// (Ollama, gpt-oss), reasoning_details (OpenRouter) and thinking_blocks (LiteLLM) as lists of
// blocks, and parts of the content of type thinking or reasoning (Anthropic, Mistral). Blocks that
// hold no text (encrypted, redacted, a summary) stand for nothing; where there is nothing else the
// message is refused: its chain would be lost without a word. Two names with different texts, and
// reasoning beside another think span in the content, are refused too. Errors: Error(kData)
// "place.member: expected X, got Y".
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/json.h"

namespace laconic {

// Of a message whose role is assistant; others stay as they are. Blank reasoning is none.
void take_reasoning(Json& message, const std::string& where);

// Whether a part of a message's content is reasoning.
bool is_reasoning_part(const Json& part);
// Its text; "" where it is encrypted.
std::string reasoning_part_text(const Json& part, const std::string& where);

// The reasoning that stands beside a row's one reply, in a column of its own; "" without one.
std::string row_reasoning(const Json& row, const std::string& place);

// The reply with its reasoning in front, as the templates of the R1 and Qwen3 families write it.
std::string with_think_span(std::string_view reasoning, std::string_view reply);

}  // namespace laconic
