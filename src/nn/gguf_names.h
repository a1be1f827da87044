// Hugging Face's tensor names in GGUF's words, and the one change of order between the two.
//
// Source: gguf-py's tensor_mapping.py; convert_hf_to_gguf.py (LlamaModel.permute).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace laconic {

// "model.layers.3.mlp.up_proj.weight" -> "blk.3.ffn_up.weight". REQUIRES: a tensor of a dense
// decoder that GGUF can hold (gguf_export.h).
std::string gguf_name(const std::string& name);

// Of the architecture "llama" only: the rows of these tensors, [rows, columns] with heads of
// `head_dim` rows, lie in another order. GGUF has row h E + 2 i + p of a head where Hugging Face
// has h E + p E / 2 + i (p = 0, 1).
bool is_rotated(const std::string& hugging_face_name);
void undo_rotary_order(std::span<float> rows, int64_t columns, int64_t head_dim);  // GGUF's -> HF's
void apply_rotary_order(std::span<float> rows, int64_t columns,
                        int64_t head_dim);  // HF's -> GGUF's

}  // namespace laconic
