// The families by name, and what several of them read alike. For nn/family.cc and nn/families/.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "nn/config_reader.h"
#include "nn/family.h"
#include "nn/model_config.h"

namespace laconic {

extern const Family kQwen2, kQwen3, kQwen3Moe, kLlama, kMistral, kPhi3, kGemma2, kGemma3;

// "silu", or an error naming the field.
void read_silu(const ConfigReader& reader, ModelConfig& config);
// num_key_value_heads; null means one for each query head.
void read_kv_heads(const ConfigReader& reader, ModelConfig& config);
// head_dim; absent means D / H.
void read_head_dim(const ConfigReader& reader, ModelConfig& config);
// `window` for the layers that layer_types calls "sliding_attention", 0 for the others.
void read_layer_types(const ConfigReader& reader, int64_t window, ModelConfig& config);
// Qwen's use_sliding_window with max_window_layers or layer_types.
void read_qwen_windows(const ConfigReader& reader, ModelConfig& config);
// sliding_window for all layers; null means none.
void read_window_of_all(const ConfigReader& reader, ModelConfig& config);
// What Gemma 2 and 3 share.
void read_gemma(const ConfigReader& reader, ModelConfig& config);

}  // namespace laconic
