// What a text that is used as it is gets around its ids: the one opinion on beginning-of-sequence
// tokens, for rows of text, for prompts that no template makes and for `tokenize --add-special`.
//
// The tokenizer's own post-processor says it; add_bos_token and add_eos_token of
// tokenizer_config.json win where they are given. That a folder names a bos_token means nothing:
// Qwen's and SmolLM2's models never see one. Source: transformers' update_post_processor. A prompt
// that a template renders gets nothing: the template writes what it wants. Pure.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

namespace laconic {

class Tokenizer;
struct PromptFiles;

struct SpecialEnds {
  std::vector<int32_t> before, behind;

  // The ids of a text with both around them, as add_special_tokens=True puts them.
  std::vector<int32_t> around(std::vector<int32_t> ids) const;
  // `before` in front of ids that do not begin with it.
  std::vector<int32_t> in_front_of(std::vector<int32_t> ids) const;
};

SpecialEnds special_ends(const Tokenizer& tokenizer, const PromptFiles& files);

}  // namespace laconic
