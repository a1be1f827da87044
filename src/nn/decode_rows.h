// Rows of activations, as decoding keeps them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/profile.h"
#include "nn/decode_kernels.h"
#include "nn/model_config.h"
#include "nn/team.h"

namespace laconic {

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

// out rows = in rows W^T + bias, of no panels yet.
inline MatmulArgs product_of(const DecodeMatrix& matrix, Activations& in, Activations& out,
                             Range rows) {
  return {&matrix,    in.row(rows.begin), in.stride, out.row(rows.begin),
          out.stride, rows.size(),        0,         0};
}

inline void multiply_piece(MatmulArgs product, Range panels) {
  product.panel_begin = panels.begin, product.panel_end = panels.end;
  multiply_panels(product);
}

// Columns of the panels only.
inline void multiply(const DecodeMatrix& matrix, Activations& in, Activations& out, Range rows,
                     Pieces& panels) {
  const ProfileScope scope("decode: products x W");
  MatmulArgs product = product_of(matrix, in, out, rows);
  prepare_rows(product);
  for (Range piece; panels.next(piece);) multiply_piece(product, piece);
}
inline void multiply(const DecodeMatrix& matrix, Activations& in, Activations& out, Range rows,
                     Range panels) {
  Pieces whole(panels);
  multiply(matrix, in, out, rows, whole);
}

inline void gated_row(Activation activation, float* gate, const float* up, int64_t n) {
  if (activation == Activation::kSilu) {
    swiglu_row(gate, up, n);
  } else {
    geglu_row(gate, up, n);
  }
}

// gate = activation(gate) * up, both products of the same rows.
inline void multiply_gated(MatmulArgs gate, MatmulArgs up, Activation activation, Pieces& panels) {
  const ProfileScope scope("decode: products x W");
  prepare_rows(gate);
  up.quantized = gate.quantized, up.rounded = gate.rounded;
  for (Range piece; panels.next(piece);) {
    multiply_piece(gate, piece);
    multiply_piece(up, piece);
    const ProfileScope inside("decode: activation of the MLP");
    const int64_t column = piece.begin * kPanel;
    for (int64_t i = 0; i < gate.num_rows; ++i)
      gated_row(activation, gate.y + i * gate.y_stride + column, up.y + i * up.y_stride + column,
                piece.size() * kPanel);
  }
}

inline Range all_panels(const DecodeMatrix& matrix) { return {0, matrix.num_panels()}; }

}  // namespace laconic
