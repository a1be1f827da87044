// The tokenizer files of a Hugging Face folder, made from a GGUF file's metadata.
//
// Byte-level BPE ("gpt2" in GGUF's words) only. The pre-tokenizer's name decides normalizer and
// splitting; a name that is not known is refused, because a wrong split changes ids without a word.
// Source: llama.cpp's llama-vocab.cpp (names and their regular expressions) and the tokenizer.json
// of the models that the names stand for. Errors: Error(kModel) as `place: tokenizer.ggml.key:
// expected X, got Y`.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "base/json.h"

namespace laconic {

struct GgufTokenizer {
  // tokenizer.json, tokenizer_config.json, special_tokens_map.json, generation_config.json and,
  // where there is a template, chat_template.jinja: name -> bytes.
  std::map<std::string, std::string> files;
  // bos_token_id, eos_token_id, pad_token_id as far as known: for config.json.
  Json token_ids = Json::object();
};

// `max_positions` becomes model_max_length.
GgufTokenizer make_gguf_tokenizer(const Json& metadata, int64_t max_positions,
                                  const std::string& place);

}  // namespace laconic
