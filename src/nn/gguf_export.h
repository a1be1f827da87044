// A model folder as a GGUF file that llama.cpp loads: the way back of nn/gguf_model.h.
//
// Not its tokenizer (text/gguf_vocabulary.h), whose keys the caller puts into the same header.
// Llama, Qwen2 and Qwen3 decoders with plain, linear or (Llama) "llama3" rotary positions; what
// GGUF's architectures of those names cannot hold is refused. Llama's query and key rows change to
// GGUF's order. Vectors stay F32, as llama.cpp's operators want them; with Q8_0 a matrix whose rows
// are no whole blocks of 32 becomes F16. Tensors are read and written one by one. Source:
// llama.cpp's convert_hf_to_gguf.py. Errors: Error(kModel) as `file: field: expected X, got Y`;
// Error(kDisk) without the room. The file appears whole or not at all.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/gguf_writer.h"
#include "nn/model_folder.h"

namespace laconic {

// "F32", "F16", "BF16" or "Q8_0"; that of the stored weights for "auto".
std::string_view gguf_type(const std::string& type, const ModelConfig& config);

// Throws where `config` is no model of GGUF's; then general.architecture, the type of the file and
// the architecture's keys. `place`: the path of config.json.
void add_gguf_architecture(const ModelConfig& config, std::string_view type,
                           const std::string& place, GgufHeader& header);

// Adds the tensors to the header and writes `path`. REQUIRES: the index's files are open.
void write_gguf(const ModelIndex& index, std::string_view type, GgufHeader header,
                const std::string& path);

}  // namespace laconic
