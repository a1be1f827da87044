// fp32 matrix products for the CPU, on plain arrays.
//
// Each element of a result is one chain of fused multiply-adds over the inner dimension in its
// order, so that a row's bits depend neither on the number of rows, nor on its place among them,
// nor on threads. (MKL's do.) B is packed first, into panels of a few vectors' width; a packed B
// may be kept while it does not change. Threads share the rows of C through at::parallel_for;
// inside another parallel region the caller's thread does all of it. Dispatches to the best
// instruction set at run time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

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

class GemmPanels {
 public:
  // Copies B [K, N]; memory is reused from one call to the next.
  void pack(const MatrixView& b);
  size_t depth() const { return depth_; }      // K
  size_t columns() const { return columns_; }  // N
  const float* data() const { return data_.data(); }

 private:
  std::vector<float> data_;
  size_t depth_ = 0;
  size_t columns_ = 0;
};

// C [M, N] = A [M, K] B + (initial [M, N] if given). A is row-major with rows `a.row_stride` apart;
// C and initial are contiguous and may be the same memory.
void gemm(const MatrixView& a, const GemmPanels& b, const float* initial, float* c);

// C [M, N] += A^T B with A [K, M], B [K, N] row-major and contiguous: a weight's gradient.
void gemm_transposed_a(const MatrixView& a, const MatrixView& b, float* c);

}  // namespace laconic
