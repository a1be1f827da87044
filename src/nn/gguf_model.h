// A GGUF file's decoder as a Hugging Face one: config.json from the metadata, weights under Hugging
// Face's names.
//
// Not its tokenizer (text/gguf_tokenizer.h). Architectures "llama", "qwen2" and "qwen3". Llama's
// query and key rows, which GGUF stores with the two halves of a rotary pair interleaved, come back
// to Hugging Face's order; without output.weight the head is tied. A metadata key of the
// architecture that is not known, and so might change the mathematics, is refused. Source:
// llama.cpp's convert_hf_to_gguf.py and gguf-py's tensor names. Errors: Error(kModel) as `file:
// key: expected X, got Y`.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/gguf.h"
#include "nn/weights.h"

namespace laconic {

// config.json; `dtype` is that of the weights to be saved. Token ids (bos, eos, pad) are the
// caller's to add.
Json gguf_config(const GgufFile& file, const std::string& dtype);
// REQUIRES: `config` is parsed from gguf_config of the same file.
Weights load_gguf_weights(const GgufFile& file, const ModelConfig& config);

}  // namespace laconic
