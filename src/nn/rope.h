// Rotary frequencies of every kind, and the tables of a batch.
//
// The frequencies of a document may depend on its length (dynamic, longrope): in a packed batch
// each document is rotated by its own, as it would be alone. Frequencies and angles are rounded to
// fp32 where transformers rounds them. Source: transformers' modeling_rope_utils (linear, dynamic
// NTK, yarn, llama3, longrope).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "nn/kernels.h"
#include "nn/model_config.h"

namespace laconic {

struct RopeFrequencies {
  std::vector<float> inverse;    // [rotary_width / 2]: radians a position
  double attention_scaling = 1;  // factor of cos and sin
};

// `local`: those of the layers with is_local_rope.
RopeFrequencies rope_frequencies(const ModelConfig& config, bool local, int64_t sequence_length);
// Lengths of one regime have the same frequencies; 0 is that of lengths within the original
// context.
int64_t rope_regime(const ModelConfig& config, bool local, int64_t sequence_length);
// What the model is made for: dynamic scaling stretches max_positions as a sequence grows.
int64_t context_positions(const ModelConfig& config);
// cos and sin [rotary_width / 2] of one position.
void rope_angles(const RopeFrequencies& frequencies, int64_t position, float* cos, float* sin);
// cos and sin [num_positions, rotary_width / 2] of positions 0, 1, ...
void fill_rope(const RopeFrequencies& frequencies, int64_t num_positions, float* cos, float* sin);

// The tables of the batches seen so far; made anew when a batch needs more.
class RopeCache {
 public:
  // Rows for the documents: `positions` gets the row of each token. The table's own positions are
  // left undefined.
  const RopeTable& rows(const ModelConfig& config, bool local,
                        const std::vector<int32_t>& cu_seqlens, at::Device device,
                        std::vector<int32_t>& positions);

 private:
  struct Rows {
    int64_t first = 0, count = 0;
  };
  struct Key {
    double theta = 0;
    RopeScaling scaling;
    int64_t width = 0, max_positions = 0;
    bool operator==(const Key&) const = default;
  };
  void make(const ModelConfig& config, bool local, at::Device device);

  Key key_;
  std::map<int64_t, Rows> regimes_;
  RopeTable table_;
};

}  // namespace laconic
