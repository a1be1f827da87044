// SPDX-License-Identifier: Apache-2.0
#include "nn/gemm.h"

#include <ATen/Parallel.h>

#include <algorithm>

#include "base/error.h"
#include "nn/gemm_panels.h"

namespace laconic {
namespace {

// Rows of C that one panel of B serves while it is in the first-level cache.
constexpr size_t kRowBlock = 96;
// Inner dimension of a weight gradient (tokens) worked through at a time.
constexpr size_t kDepthBlock = 256;
// Columns of a weight gradient at a time, so that the packed block stays in the second-level cache.
constexpr size_t kColumnBlock = 512;
// Multiply-adds that are worth waking another thread.
constexpr size_t kGrain = 4 << 20;

// Pieces of `work` multiply-adds each that make a grain.
int64_t grain_of(size_t work) { return static_cast<int64_t>(1 + kGrain / (work + 1)); }

}  // namespace

void GemmPanels::pack(const MatrixView& b) {
  depth_ = b.rows;
  columns_ = b.columns;
  const size_t size = panels::packed_floats(b.rows, b.columns);
  if (data_.size() < size) data_.resize(size);
  panels::pack(b, data_.data());
}

void gemm(const MatrixView& a, const GemmPanels& b, const float* initial, float* c) {
  LACONIC_CHECK(a.columns == b.depth(), a.columns, " columns by ", b.depth(), " rows");
  const size_t columns = b.columns();
  const auto blocks = static_cast<int64_t>((a.rows + kRowBlock - 1) / kRowBlock);
  at::parallel_for(
      0, blocks, grain_of(kRowBlock * a.columns * columns), [&](int64_t begin, int64_t end) {
        for (auto block = static_cast<size_t>(begin); block < static_cast<size_t>(end); ++block) {
          const size_t row = block * kRowBlock;
          MatrixView part = a;
          part.data += row * a.row_stride;
          part.rows = std::min(kRowBlock, a.rows - row);
          panels::multiply(part, {b.data(), columns, initial ? initial + row * columns : nullptr},
                           c + row * columns);
        }
      });
}

void gemm_transposed_a(const MatrixView& a, const MatrixView& b, float* c) {
  LACONIC_CHECK(a.rows == b.rows, a.rows, " rows by ", b.rows, " rows");
  static thread_local GemmPanels packed;
  GemmPanels& shared = packed;  // of the calling thread; the others read it
  const size_t tile = panels::tile_rows();
  const auto tiles = static_cast<int64_t>((a.columns + tile - 1) / tile);
  for (size_t row = 0; row < a.rows; row += kDepthBlock) {
    const size_t depth = std::min(kDepthBlock, a.rows - row);
    const MatrixView block = {a.data + row * a.row_stride, depth, a.columns, a.row_stride, 1};
    for (size_t column = 0; column < b.columns; column += kColumnBlock) {
      const size_t width = std::min(kColumnBlock, b.columns - column);
      shared.pack({b.data + row * b.row_stride + column, depth, width, b.row_stride, 1});
      at::parallel_for(0, tiles, grain_of(tile * depth * width), [&](int64_t begin, int64_t end) {
        const size_t first = static_cast<size_t>(begin) * tile;
        const size_t last = std::min(static_cast<size_t>(end) * tile, a.columns);
        panels::multiply_transposed(block, {shared.data(), width, nullptr}, {first, last},
                                    {c + column, b.columns});
      });
    }
  }
}

}  // namespace laconic
