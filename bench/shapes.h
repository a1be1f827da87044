// The models that the benchmarks measure, as shapes with random weights.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "nn/model_config.h"

namespace laconic {

// SmolLM2-135M: 134.5 M weights, tied.
inline ModelConfig smollm2_shape() {
  ModelConfig c;
  c.architecture = "LlamaForCausalLM";
  c.vocab_size = 49152, c.hidden_size = 576, c.intermediate_size = 1536, c.num_layers = 30;
  c.num_heads = 9, c.num_kv_heads = 3, c.head_dim = 64;
  c.max_positions = 2048, c.rms_norm_eps = 1e-5, c.rope_theta = 10000;
  c.tie_embeddings = true, c.dtype = "float32";
  return c;
}

// The small world's: 0.9 M weights.
inline ModelConfig world_shape(int64_t vocab_size) {
  ModelConfig c = smollm2_shape();
  c.architecture = "Qwen2ForCausalLM";
  c.vocab_size = vocab_size, c.hidden_size = 128, c.intermediate_size = 384, c.num_layers = 4;
  c.num_heads = c.num_kv_heads = 4, c.head_dim = 32, c.qkv_bias = true;
  return c;
}

}  // namespace laconic
