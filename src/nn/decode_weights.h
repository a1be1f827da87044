// What decoding derives from the weights: packed matrices, padded norms, tables of angles.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "nn/decode_kernels.h"
#include "nn/weights.h"

namespace laconic {

struct DecodeLayer {
  AlignedFloats input_norm, post_norm;  // padded with zeros to a multiple of kPanel
  DecodeMatrix qkv, o, gate, up, down;
};

struct DecodeWeights {
  std::vector<DecodeLayer> layers;
  AlignedFloats final_norm;
  DecodeMatrix head;
  int64_t num_weights = 0;  // of the packed matrices, padding included
  // Threads share the panels. Memory is kept from one call to the next.
  void pack(const Weights& weights);
};

struct DecodeAngles {
  AlignedFloats cosines, sines;  // [max_positions, E / 2]
  void fill(const ModelConfig& config, int64_t max_positions);
};

}  // namespace laconic
