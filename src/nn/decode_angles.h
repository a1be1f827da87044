// Cosines and sines of the positions of slots.
//
// Where the frequencies depend on the length of the sequence (dynamic, longrope), a position is
// rotated for the length that the caller names; nn/decode.h says which that is. Regimes are those
// of nn/rope.h. Tables reach as far as the model's context. Not thread-safe.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "nn/decode_matrix.h"
#include "nn/model_config.h"
#include "nn/rope.h"

namespace laconic {

struct Angles {
  const float* cosines = nullptr;  // [rotary_width / 2]
  const float* sines = nullptr;
};

class DecodeAngles {
 public:
  // local: of the layers with is_local_rope.
  DecodeAngles(const ModelConfig& config, bool local, int64_t max_positions);
  int64_t regime(int64_t length) const { return rope_regime(config_, local_, length); }
  // `own` [rotary_width] is the caller's; there the angles are where no table has them.
  Angles at(int64_t position, int64_t length, float* own);

 private:
  struct Table {
    RopeFrequencies frequencies;
    int64_t num_positions = 0;
    AlignedFloats cosines, sines;  // [positions, rotary_width / 2]
  };
  void fill(Table& table, int64_t length, int64_t num_positions);

  const ModelConfig config_;
  const bool local_;
  const int64_t half_;
  Table within_, beyond_;  // the original context; `beyond_` for longrope only
  // Dynamic scaling has a regime for each length beyond the context: the one met last.
  RopeFrequencies dynamic_;
  int64_t dynamic_regime_ = 0;
};

}  // namespace laconic
