// The pre-tokenizers that GGUF knows by name (tokenizer.ggml.pre), and what each stands for in a
// tokenizer.json.
//
// A name decides normalizer, splitting and two habits of byte-level BPE; a wrong one changes ids
// without a word, so only those listed here are read or written. Source: llama.cpp's
// llama-vocab.cpp (names and their regular expressions) and the tokenizer.json of the models that
// the names stand for. llama.cpp itself never normalizes: NFC is Hugging Face's part of the family.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace laconic {

struct GgufFamily {
  std::vector<std::string> splits;  // regular expressions applied one after the other
  bool single_digits = false;
  bool byte_level_split = false;  // GPT-2's own expression inside the ByteLevel stage
  bool nfc = false;
  bool ignore_merges = false;  // a whole piece that is a token is one, whatever the merges say
  bool adds_bos = false;       // where the metadata does not say
};

std::optional<GgufFamily> find_gguf_family(std::string_view name);

// The "pre_tokenizer" of tokenizer.json, and a ByteLevel object.
Json family_pre_tokenizer(const GgufFamily& family);
Json byte_level_json(bool use_regex);

// The name whose splitting a tokenizer.json has. Error(kModel) where none has it, or the file does
// what GGUF's "gpt2" model cannot (byte fallback, prefixes, other normalizers, ...).
std::string name_gguf_family(const Json& tokenizer_json, const std::string& place);

}  // namespace laconic
