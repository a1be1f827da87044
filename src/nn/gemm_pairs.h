// The bf16 counterpart of nn/gemm_panels.h: operands rounded to bf16 and laid in pairs along the
// inner dimension, sums in fp32, by AVX512-BF16's dot product of pairs.
//
// Highway 1.0.3 has no target with these instructions, so this file is written in intrinsics and
// asks the processor itself; where they are missing, nn/gemm.cc multiplies rounded fp32 operands
// with the fp32 code, which is as exact and half as fast. An element of a result is one chain of
// pair products over the inner dimension in order: a row's bits depend neither on the number of
// rows nor on its place among them. A pair is one 32-bit word, the even index in its low half.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "nn/gemm.h"
#include "nn/kernels_rows.h"

namespace laconic::pairs {

inline constexpr size_t kPanel = 32;     // columns of B in a panel
inline constexpr size_t kTileRows = 12;  // rows of C that are in registers at a time
inline constexpr size_t kStripRows = 4 * kTileRows;

// Whether this processor has the instructions. The functions below need them.
bool available();

inline size_t num_pairs(size_t depth) { return (depth + 1) / 2; }
inline size_t packed_words(size_t depth, size_t columns) {
  return (columns + kPanel - 1) / kPanel * kPanel * num_pairs(depth);
}
// Panels [begin, end) of B, each [pairs][kPanel] words; zeros beyond the last row and column. One
// of B's strides is 1.
void pack(const MatrixView& b, rows::Range panels, uint32_t* out);

// A's rows rounded, each num_pairs(a.columns) words, in memory of the calling thread that its next
// call of round or multiply_transposed takes. A's column stride is 1.
const uint32_t* round(const MatrixView& a);
struct RoundedA {
  const uint32_t* words;
  size_t rows, columns;
};
struct PackedB {
  const uint32_t* panels;
  size_t columns;
  const float* initial;   // added to the product where not null
  size_t initial_stride;  // from row to row; 0: the same for all
};
struct Output {
  float* data;
  size_t stride;  // from row to row
};
// C [a.rows, columns] = initial + A B.
void multiply(const RoundedA& a, const PackedB& b, const Output& c);

// Rows [range) of C [a.columns, b.columns] += A^T B.
void multiply_transposed(const MatrixView& a, const PackedB& b, rows::Range range, const Output& c);

}  // namespace laconic::pairs
