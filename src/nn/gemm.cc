// SPDX-License-Identifier: Apache-2.0
#include "nn/gemm.h"

#include <ATen/Parallel.h>

#include <algorithm>

#include "base/error.h"
#include "base/profile.h"
#include "nn/gemm_pairs.h"
#include "nn/gemm_panels.h"
#include "nn/half.h"

namespace laconic {
namespace {

// Rows of C that one panel of B serves while it is in the first-level cache.
constexpr size_t kRowBlock = 96;
// Inner dimension of a weight gradient (tokens) worked through at a time.
constexpr size_t kDepthBlock = 256;
// The same in bf16, where a pass over C costs relatively more, and where B has few columns.
constexpr size_t kDeepBlock = 1024;
// Rows or columns of a weight gradient that are few: an adapter's, a router's.
constexpr size_t kFew = 64;
// Columns of a weight gradient at a time, at most: the packed block stays in the second-level
// cache.
constexpr size_t kColumnBlock = 640;
constexpr size_t kColumnBlockBf16 = 320;
// Columns of A that are rounded at a time where bf16 has no products of its own: whole tiles.
constexpr size_t kRoundedStrip = 192;
// Multiply-adds that are worth waking another thread.
constexpr size_t kGrain = 4 << 20;
// Elements of a matrix whose packing is worth a thread.
constexpr size_t kPackGrain = 1 << 17;

// Pieces of `work` multiply-adds each that make a grain.
int64_t grain_of(size_t work, size_t grain = kGrain) {
  return static_cast<int64_t>(1 + grain / (work + 1));
}

size_t panels_of(size_t columns, size_t width) { return (columns + width - 1) / width; }

// Blocks of like width, in whole panels: each reads all of A again.
size_t block_of(size_t columns, size_t most) {
  constexpr size_t kWidest = 32;
  const size_t blocks = std::max<size_t>(1, (columns + most - 1) / most);
  return ((columns + blocks - 1) / blocks + kWidest - 1) / kWidest * kWidest;
}

rows::Range range_of(int64_t begin, int64_t end) {
  return {static_cast<size_t>(begin), static_cast<size_t>(end)};
}

// A block of A, each value rounded to bf16 and back. The memory is the thread's, since a block is
// one thread's work; the next call overwrites it.
const float* rounded(const MatrixView& a) {
  static thread_local AlignedFloats memory;
  if (memory.size() < a.rows * a.columns) memory.resize(a.rows * a.columns);
  for (size_t row = 0; row < a.rows; ++row) {
    const float* from = a.data + row * a.row_stride;
    for (size_t k = 0; k < a.columns; ++k)
      memory[row * a.columns + k] = bfloat16_to_float(float_to_bfloat16(from[k]));
  }
  return memory.data();
}

void multiply_block(MatrixView a, const GemmPanels& b, const float* initial, float* c,
                    size_t c_stride) {
  if (multiplies_pairs(b.precision()))
    return pairs::multiply({pairs::round(a), a.rows, a.columns},
                           {b.words(), b.columns(), initial, c_stride}, {c, c_stride});
  if (b.precision() != Precision::kFloat32) a = row_major(rounded(a), a.rows, a.columns);
  panels::multiply(a, {b.floats(), b.columns(), initial}, {c, c_stride});
}

void transpose(const float* from, size_t rows, size_t columns, float* to) {
  for (size_t row = 0; row < rows; ++row)
    for (size_t column = 0; column < columns; ++column)
      to[column * rows + row] = from[row * columns + column];
}

// B's block of a weight gradient [depth, width] and where its columns go in C.
struct GradientBlock {
  const GemmPanels& b;
  float* c;
  size_t c_stride;
};

// Rows [first, last) of C += A^T B.
void add_gradient_rows(const MatrixView& a, const GradientBlock& block, size_t first, size_t last) {
  const GemmPanels& b = block.b;
  if (multiplies_pairs(b.precision()))
    return pairs::multiply_transposed(a, {b.words(), b.columns(), nullptr, 0}, {first, last},
                                      {block.c, block.c_stride});
  if (b.precision() == Precision::kFloat32)
    return panels::multiply_transposed(a, {b.floats(), b.columns(), nullptr}, {first, last},
                                       {block.c, block.c_stride});
  // A row of C is a column of A: a strip of columns at a time, or the copy would be A's whole width
  // (a vocabulary's).
  for (size_t row = first; row < last; row += kRoundedStrip) {
    const size_t width = std::min(kRoundedStrip, last - row);
    const MatrixView strip = {a.data + row, a.rows, width, a.row_stride, 1};
    panels::multiply_transposed(row_major(rounded(strip), a.rows, width),
                                {b.floats(), b.columns(), nullptr}, {0, width},
                                {block.c + row * block.c_stride, block.c_stride});
  }
}

void add_transposed_a(const MatrixView& a, const MatrixView& b, float* c, Precision precision) {
  // Of the calling thread, the others read it. A block of B, 2.5 MB at most: worth no owner.
  static thread_local GemmPanels packed;
  GemmPanels& shared = packed;
  const bool paired = multiplies_pairs(precision);
  const size_t tile = paired ? pairs::kStripRows : panels::tile_rows();
  const size_t depth_block = paired || b.columns <= kFew ? kDeepBlock : kDepthBlock;
  const size_t column_block = block_of(b.columns, paired ? kColumnBlockBf16 : kColumnBlock);
  const auto tiles = static_cast<int64_t>((a.columns + tile - 1) / tile);
  for (size_t row = 0; row < a.rows; row += depth_block) {
    const size_t depth = std::min(depth_block, a.rows - row);
    const MatrixView block = {a.data + row * a.row_stride, depth, a.columns, a.row_stride, 1};
    for (size_t column = 0; column < b.columns; column += column_block) {
      const size_t width = std::min(column_block, b.columns - column);
      shared.pack({b.data + row * b.row_stride + column, depth, width, b.row_stride, 1}, precision);
      at::parallel_for(0, tiles, grain_of(tile * depth * width), [&](int64_t begin, int64_t end) {
        const size_t last = std::min(static_cast<size_t>(end) * tile, a.columns);
        add_gradient_rows(block, {shared, c + column, b.columns}, static_cast<size_t>(begin) * tile,
                          last);
      });
    }
  }
}

}  // namespace

void GemmPanels::pack(const MatrixView& b, Precision precision) {
  const ProfileScope scope("packing of matrices");
  depth_ = b.rows;
  columns_ = b.columns;
  precision_ = precision;
  const bool bf16 = precision != Precision::kFloat32, paired = multiplies_pairs(precision);
  const size_t size =
      paired ? pairs::packed_words(b.rows, b.columns) : panels::packed_floats(b.rows, b.columns);
  if (paired && words_.size() < size) words_.resize(size);
  if (!paired && floats_.size() < size) floats_.resize(size);
  const size_t width = paired ? pairs::kPanel : panels::panel_columns();
  at::parallel_for(0, static_cast<int64_t>(panels_of(b.columns, width)),
                   grain_of(width * b.rows, kPackGrain), [&](int64_t begin, int64_t end) {
                     const rows::Range range = range_of(begin, end);
                     if (paired) return pairs::pack(b, range, words_.data());
                     panels::pack(b, range, floats_.data());
                     if (!bf16) return;
                     for (size_t i = range.begin * width * b.rows; i < range.end * width * b.rows;
                          ++i)
                       floats_[i] = bfloat16_to_float(float_to_bfloat16(floats_[i]));
                   });
}

void gemm(const MatrixView& a, const GemmPanels& b, const float* initial, float* c,
          size_t c_stride) {
  const ProfileScope scope("products x W");
  LACONIC_CHECK(a.columns == b.depth(), a.columns, " columns by ", b.depth(), " rows");
  const size_t columns = b.columns(), stride = c_stride == 0 ? columns : c_stride;
  // Threads share the tiles of rows, not the blocks: eleven blocks are six for one and five for the
  // other.
  const bool paired = multiplies_pairs(b.precision());
  const size_t tile = paired ? pairs::kTileRows : panels::tile_rows();
  const auto tiles = static_cast<int64_t>((a.rows + tile - 1) / tile);
  at::parallel_for(0, tiles, grain_of(tile * a.columns * columns), [&](int64_t begin, int64_t end) {
    const size_t last = std::min(static_cast<size_t>(end) * tile, a.rows);
    for (size_t row = static_cast<size_t>(begin) * tile; row < last; row += kRowBlock) {
      MatrixView part = a;
      part.data += row * a.row_stride;
      part.rows = std::min(kRowBlock, last - row);
      multiply_block(part, b, initial ? initial + row * stride : nullptr, c + row * stride, stride);
    }
  });
}

void gemm_transposed_a(const MatrixView& a, const MatrixView& b, float* c, Precision precision) {
  const ProfileScope scope("products dy^T x");
  LACONIC_CHECK(a.rows == b.rows, a.rows, " rows by ", b.rows, " rows");
  if (a.columns > kFew || a.columns >= b.columns) return add_transposed_a(a, b, c, precision);
  // Threads share the rows of C, and B is what is packed: with few rows C^T is made. The same bits.
  // It has 64 columns at most (an adapter's rank): worth no owner.
  static thread_local AlignedFloats memory;
  if (memory.size() < a.columns * b.columns) memory.resize(a.columns * b.columns);
  float* const turned = memory.data();
  transpose(c, a.columns, b.columns, turned);
  add_transposed_a(b, a, turned, precision);
  transpose(turned, b.columns, a.columns, c);
}

bool has_bfloat16_products() { return pairs::available(); }

}  // namespace laconic
