// Rows of activations, as decoding keeps them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/profile.h"
#include "nn/decode_kernels.h"
#include "nn/model_config.h"

namespace laconic {

struct Range {
  int64_t begin = 0;
  int64_t end = 0;
  int64_t size() const { return end - begin; }
};

// A matrix of activations, one row a token, padded columns zero.
struct Activations {
  AlignedFloats floats;
  int64_t stride = 0;
  void resize(int64_t rows, int64_t width) {
    stride = round_up(width, kPanel);
    floats.resize(static_cast<size_t>(rows * stride));
  }
  float* row(int64_t i) { return floats.data() + i * stride; }
};

// out rows = in rows W^T + bias, columns of the panels only.
inline void multiply(const DecodeMatrix& matrix, Activations& in, Activations& out, Range rows,
                     Range panels) {
  const ProfileScope scope("decode: products x W");
  multiply_panels({&matrix, in.row(rows.begin), in.stride, out.row(rows.begin), out.stride,
                   rows.size(), panels.begin, panels.end});
}

inline void gated_row(Activation activation, float* gate, const float* up, int64_t n) {
  if (activation == Activation::kSilu) {
    swiglu_row(gate, up, n);
  } else {
    geglu_row(gate, up, n);
  }
}

inline Range all_panels(const DecodeMatrix& matrix) { return {0, matrix.num_panels()}; }

}  // namespace laconic
