// What a model folder says about prompts: template, special tokens, where generation ends.
//
// Not the tokenizer itself. Missing files are no error; what is there must be well-formed:
// Error(kModel) naming the file. Source: Hugging Face's tokenizer_config.json,
// special_tokens_map.json, generation_config.json, chat_template.jinja; special tokens may be
// strings or AddedToken objects.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"

namespace laconic {

struct PromptFiles {
  std::optional<std::string> template_source;
  std::string template_place;  // the file it came from
  // bos_token, eos_token, pad_token, unk_token, ...: name -> text, as the template's variables.
  Json special_tokens = Json::object();
  // add_bos_token and add_eos_token of tokenizer_config.json, where it says so.
  std::optional<bool> add_bos, add_eos;
  std::optional<int32_t> bos_id;  // generation_config's
  std::vector<int32_t> eos_ids;   // generation_config's
};

PromptFiles read_prompt_files(const std::string& folder);

}  // namespace laconic
