// What a GGUF file says of a tokenizer, made from a Hugging Face folder: the way back of
// text/gguf_tokenizer.h.
//
// Byte-level BPE ("gpt2" in GGUF's words) only. Added tokens keep no flags in GGUF, so that those
// which strip blanks or match whole words are refused, as is a post-processor that does more than
// put the BOS in front. Source: llama.cpp's convert_hf_to_gguf.py (set_vocab_gpt2). Errors:
// Error(kModel) naming file and field.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/gguf_writer.h"

namespace laconic {

struct GgufVocabulary {
  std::string pre;
  std::vector<std::string> tokens;  // one a row of the embedding; a row without a token: "[PAD7]"
  std::vector<int32_t> types;
  std::vector<std::string> merges;
  std::optional<int32_t> bos_id, eos_id, eot_id, eom_id, pad_id, unk_id;
  bool adds_bos = false;
  std::optional<std::string> chat_template;
};

// `num_rows`: of the embedding. `bos_ids`, `eos_ids`: config.json's and generation_config.json's
// word, where the tokenizer's files say nothing or generation ends on further ids too.
GgufVocabulary make_gguf_vocabulary(const std::string& folder, int64_t num_rows,
                                    const std::vector<int64_t>& bos_ids,
                                    const std::vector<int64_t>& eos_ids);
void add_to_header(const GgufVocabulary& vocabulary, GgufHeader& header);

}  // namespace laconic
