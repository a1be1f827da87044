// A fresh model of the small world: a byte-level BPE trained on the world's own text, a small Qwen2
// with random weights, the chat template; as a Hugging Face folder, ready for `laconic sft`.
// Deterministic: a function of the seed alone.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace laconic {

struct WorldModelSettings {
  uint64_t seed = 1;
  int64_t hidden_size = 128;
  int64_t num_layers = 4;
  int64_t num_heads = 4;
  int64_t num_kv_heads = 2;
  int64_t intermediate_size = 384;
  int64_t vocab_size = 448;  // upper limit: the trainer stops earlier when no pair is left
  double initial_std = 0.04;
};

void make_world_model(const std::string& folder, const WorldModelSettings& settings);

}  // namespace laconic
