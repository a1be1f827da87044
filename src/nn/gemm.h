// Matrix products of fp32 arrays for the CPU, computed in fp32 or in bf16.
//
// bf16: both operands are rounded to bf16 (nearest even) as they are packed, products and sums are
// fp32 (nn/gemm_pairs.h); arrays in memory stay fp32.
// Each element of a result is one chain of fused multiply-adds over the inner dimension in its
// order, so that a row's bits depend neither on the number of rows, nor on its place among them,
// nor on threads. (MKL's do.) B is packed first, into panels of a few vectors' width; a packed B
// may be kept while it does not change. Threads share the rows of C (of a weight gradient with few
// rows its columns) through at::parallel_for; inside another parallel region the caller's thread
// does all of it. Dispatches to the best instruction set at run time. Each thread keeps scratch
// memory for the rows that it works on (a block of at most 96 rows of A, or 1024 of a strip of
// columns); it holds no model's values from call to call.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "nn/aligned.h"

namespace laconic {

// A matrix [rows, columns] whose element (r, c) is data[r * row_stride + c * column_stride].
struct MatrixView {
  const float* data;
  size_t rows;
  size_t columns;
  size_t row_stride;
  size_t column_stride;
  MatrixView transposed() const { return {data, columns, rows, column_stride, row_stride}; }
};

inline MatrixView row_major(const float* data, size_t rows, size_t columns) {
  return {data, rows, columns, columns, 1};
}

enum class Precision {
  kFloat32,
  kBfloat16,         // by the processor's products of bf16 pairs where it has them
  kBfloat16Rounded,  // bf16 by way of rounded fp32 operands, as on a processor without: for tests
};

// Whether the processor multiplies bf16 itself; without, kBfloat16 only rounds.
bool has_bfloat16_products();
inline bool multiplies_pairs(Precision precision) {
  return precision == Precision::kBfloat16 && has_bfloat16_products();
}

class GemmPanels {
 public:
  // Copies B [K, N], one of whose strides is 1, threads sharing the work; memory is reused from one
  // call to the next.
  void pack(const MatrixView& b, Precision precision = Precision::kFloat32);
  size_t depth() const { return depth_; }      // K
  size_t columns() const { return columns_; }  // N
  Precision precision() const { return precision_; }
  const float* floats() const { return floats_.data(); }
  const uint32_t* words() const { return words_.data(); }
  int64_t num_bytes() const { return static_cast<int64_t>(4 * (floats_.size() + words_.size())); }

 private:
  AlignedFloats floats_;  // fp32; also bf16 where the processor has no products of it
  AlignedWords words_;    // bf16: pairs
  size_t depth_ = 0;
  size_t columns_ = 0;
  Precision precision_ = Precision::kFloat32;
};

// C [M, N] = A [M, K] B + (initial [M, N] if given), in the panels' precision. A is row-major with
// rows `a.row_stride` apart; those of C and initial, which may be the same memory, are `c_stride`
// apart (0: N).
void gemm(const MatrixView& a, const GemmPanels& b, const float* initial, float* c,
          size_t c_stride = 0);

// C [M, N] += A^T B with A [K, M], B [K, N] row-major, C contiguous: a weight's gradient.
void gemm_transposed_a(const MatrixView& a, const MatrixView& b, float* c,
                       Precision precision = Precision::kFloat32);

}  // namespace laconic
