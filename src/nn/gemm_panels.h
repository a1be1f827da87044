// The vector code behind nn/gemm.h: one thread's share of a product, B in packed panels.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "nn/gemm.h"
#include "nn/kernels_rows.h"

namespace laconic::panels {

size_t tile_rows();
size_t packed_floats(size_t depth, size_t columns);
size_t panel_columns();
// Panels [begin, end), each [depth, panel_columns()], zeros right of the last column.
void pack(const MatrixView& b, rows::Range panels, float* out);

struct PackedB {
  const float* panels;
  size_t columns;
  const float* initial;  // added to the product where not null; laid out as C
};

struct Output {
  float* data;
  size_t stride;  // from row to row
};
// C [a.rows, columns] = initial + A B. A's column stride is 1.
void multiply(const MatrixView& a, const PackedB& b, const Output& c);

// Rows [range) of C [a.columns, b.columns] += A^T B.
void multiply_transposed(const MatrixView& a, const PackedB& b, rows::Range range,
                         const Output& out);

}  // namespace laconic::panels
