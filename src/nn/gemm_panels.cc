// SPDX-License-Identifier: Apache-2.0
#include "nn/gemm_panels.h"

#include <algorithm>
#include <utility>

#include "nn/gemm_edge.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/gemm_panels.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "nn/kernels_simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace laconic {
namespace HWY_NAMESPACE {

using panels::Output;
using panels::PackedB;

// A tile of C: kGemmRows rows of one panel, all in registers.
#if HWY_TARGET <= HWY_AVX3
inline constexpr size_t kGemmRows = 12;
inline constexpr size_t kPanel = 32;
#else
inline constexpr size_t kGemmRows = 6;
inline constexpr size_t kPanel = 16;
#endif

inline constexpr size_t kLanes = kPanel / 2;

size_t TileRows() { return kGemmRows; }

size_t PackedFloats(size_t depth, size_t columns) {
  return (columns + kPanel - 1) / kPanel * kPanel * depth;
}

size_t PanelColumns() { return kPanel; }

// Columns [first, first + width) of a matrix whose rows are contiguous, to rows kFloats apart. A
// call of memcpy takes longer than a copy of a whole row.
template <size_t kFloats>
HWY_INLINE void copy_columns(const MatrixView& matrix, size_t first, size_t width, float* to) {
  const FloatTag d;
  const float* from = matrix.data + first;
  for (size_t row = 0; row < matrix.rows; ++row, from += matrix.row_stride, to += kFloats) {
    if (width < kFloats) {
      std::copy_n(from, width, to);
      continue;
    }
#pragma GCC unroll 8
    for (size_t i = 0; i < kFloats; i += hn::Lanes(d))
      hn::StoreU(hn::LoadU(d, from + i), d, to + i);
  }
}

// A panel of a B whose columns are contiguous, a few rows at a time, so that both sides stay in the
// cache.
void pack_columns(const MatrixView& b, size_t first, size_t width, float* out) {
  const float* const from = b.data + first * b.column_stride;
  const size_t whole = width / 4 * 4;
  for (size_t start = 0; start < b.rows; start += 16) {
    const size_t end = std::min(start + 16, b.rows), fours = start + (end - start) / 4 * 4;
    for (size_t column = 0; column < whole; column += 4) {
      for (size_t row = start; row < fours; row += 4)
        transpose_4x4(from + column * b.column_stride + row, b.column_stride,
                      out + row * kPanel + column, kPanel);
    }
    for (size_t column = 0; column < width; ++column) {
      for (size_t row = column < whole ? fours : start; row < end; ++row)
        out[row * kPanel + column] = from[column * b.column_stride + row];
    }
  }
}

void PackPanels(const MatrixView& b, rows::Range range, float* out) {
  out += range.begin * b.rows * kPanel;
  for (size_t panel = range.begin; panel < range.end; ++panel, out += b.rows * kPanel) {
    const size_t first = panel * kPanel;
    const size_t width = std::min(kPanel, b.columns - first);
    if (width < kPanel) std::fill(out, out + b.rows * kPanel, 0.0f);
    if (b.column_stride == 1) {
      copy_columns<kPanel>(b, first, width, out);
    } else {
      pack_columns(b, first, width, out);
    }
  }
}

// One tile: C (+)= A B over `depth`; reads the start value from `initial` where not null.
struct Tile {
  const float* a;
  size_t a_row_stride, a_depth_stride;
  const float* b;
  size_t depth;
  const float* initial;
  size_t initial_stride;
  float* c;
  size_t c_stride;
  size_t to_next = 0;  // floats from b to what is read after it
};

// kBoth: the whole panel, else its left half alone.
template <size_t kRows, bool kBoth>
HWY_INLINE void multiply_rows(const Tile& t) {
  const FloatTag d;
  Float left[kRows], right[kRows];
#pragma GCC unroll 16
  for (size_t r = 0; r < kRows; ++r) {
    left[r] = right[r] = hn::Zero(d);
    if (t.initial != nullptr) {
      left[r] = hn::LoadU(d, t.initial + r * t.initial_stride);
      if (kBoth) right[r] = hn::LoadU(d, t.initial + r * t.initial_stride + kLanes);
    }
  }
  // Its neighbour to the right, of the next panel, comes meanwhile.
  for (size_t r = 0; r < kRows; ++r)
    for (size_t line = 0; line < kPanel; line += 16)
      __builtin_prefetch(t.c + r * t.c_stride + kPanel + line, 1, 2);
  const float* a = t.a;
  const float* b = t.b;
  for (size_t k = 0; k < t.depth; ++k, a += t.a_depth_stride, b += kPanel) {
    const Float b0 = hn::LoadU(d, b), b1 = kBoth ? hn::LoadU(d, b + kLanes) : b0;
    // A panel of a large matrix comes from memory; the next one does while this is multiplied.
    for (size_t line = 0; line < kPanel; line += 16) __builtin_prefetch(b + t.to_next + line, 0, 2);
#pragma GCC unroll 16
    for (size_t r = 0; r < kRows; ++r) {
      const Float x = hn::Set(d, a[r * t.a_row_stride]);
      left[r] = hn::MulAdd(x, b0, left[r]);
      if (kBoth) right[r] = hn::MulAdd(x, b1, right[r]);
    }
  }
#pragma GCC unroll 16
  for (size_t r = 0; r < kRows; ++r) {
    hn::StoreU(left[r], d, t.c + r * t.c_stride);
    if (kBoth) hn::StoreU(right[r], d, t.c + r * t.c_stride + kLanes);
  }
}

template <bool kBoth, size_t... kCounts>
HWY_INLINE void multiply_some(const Tile& t, size_t num_rows, std::index_sequence<kCounts...>) {
  (void)((num_rows == kCounts + 1 && (multiply_rows<kCounts + 1, kBoth>(t), true)) || ...);
}

template <bool kBoth>
void multiply_panel(const Tile& t, size_t num_rows) {
  if (num_rows == kGemmRows) {
    multiply_rows<kGemmRows, kBoth>(t);
  } else {
    multiply_some<kBoth>(t, num_rows, std::make_index_sequence<kGemmRows - 1>());
  }
}

// `width` columns of the panel; low-rank products have no more than half of them.
void multiply_tile(const Tile& tile, size_t num_rows, size_t width) {
  if (width == kPanel) return multiply_panel<true>(tile, num_rows);
  if (width == kLanes) return multiply_panel<false>(tile, num_rows);
  run_edge_tile<kGemmRows, kPanel>(tile, num_rows, width, [=](const Tile& t) {
    width < kLanes ? multiply_panel<false>(t, num_rows) : multiply_panel<true>(t, num_rows);
  });
}

// Columns of A that are brought together at a time: whole lines of the caches are read.
inline constexpr size_t kStripRows = 4 * kGemmRows;

// Inner dimension worked through at a time: a panel's part stays in the first-level cache beside
// the rows of A. Partial sums go through C, which changes no bit.
inline constexpr size_t kDepthBlock = 288;

// Columns [begin, begin + depth) of A. Rows lie far apart where the inner dimension is long (192 KB
// in a row of 49,152 logits), or a power of two: a tile's rows would share few sets of the caches.
// So a block of them is brought together first.
MatrixView gather(const MatrixView& a, size_t begin, size_t depth) {
  constexpr size_t kFar = 4096, kSets = 512;  // floats
  MatrixView part = a;
  part.data += begin, part.columns = depth;
  if (a.row_stride == depth || (a.row_stride < kFar && a.row_stride % kSets != 0)) return part;
  static thread_local AlignedFloats memory;  // a block's: scratch of one call
  if (memory.size() < a.rows * depth) memory.resize(a.rows * depth);
  for (size_t row = 0; row < a.rows; ++row)
    std::copy_n(part.data + row * a.row_stride, depth, memory.data() + row * depth);
  part.data = memory.data(), part.row_stride = depth;
  return part;
}

void Multiply(const MatrixView& a, const PackedB& b, const Output& c) {
  const size_t num_blocks = (a.columns + kDepthBlock - 1) / kDepthBlock;
  const size_t block = (a.columns + num_blocks - 1) / num_blocks;
  for (size_t k = 0; k < a.columns; k += block) {
    const float* start = k == 0 ? b.initial : c.data;
    const size_t depth = std::min(block, a.columns - k);
    const MatrixView rows = gather(a, k, depth);
    for (size_t column = 0; column < b.columns; column += kPanel) {
      const float* panel = b.panels + column * a.columns + k * kPanel;
      const size_t width = std::min(kPanel, b.columns - column);
      for (size_t row = 0; row < a.rows; row += kGemmRows) {
        const size_t num_rows = std::min(kGemmRows, a.rows - row);
        const size_t at = row * c.stride + column;
        Tile tile = {};
        tile.a = rows.data + row * rows.row_stride;
        tile.a_row_stride = rows.row_stride, tile.a_depth_stride = 1;
        tile.b = panel, tile.depth = depth;
        tile.initial = start != nullptr ? start + at : nullptr, tile.initial_stride = c.stride;
        tile.c = c.data + at, tile.c_stride = c.stride;
        tile.to_next = a.columns * kPanel;
        multiply_tile(tile, num_rows, width);
      }
    }
  }
}

void MultiplyTransposed(const MatrixView& a, const PackedB& b, rows::Range range,
                        const Output& out) {
  float* const c = out.data;
  const size_t c_stride = out.stride;
  static thread_local AlignedFloats memory;  // a strip's: scratch of one call
  if (memory.size() < a.rows * kStripRows) memory.resize(a.rows * kStripRows);
  float* const packed = memory.data();
  for (size_t strip = range.begin; strip < range.end; strip += kStripRows) {
    const size_t strip_rows = std::min(kStripRows, range.end - strip);
    copy_columns<kStripRows>(a, strip, strip_rows, packed);
    for (size_t column = 0; column < b.columns; column += kPanel) {
      const size_t width = std::min(kPanel, b.columns - column);
      for (size_t row = 0; row < strip_rows; row += kGemmRows) {
        const size_t num_rows = std::min(kGemmRows, strip_rows - row);
        float* const at = c + (strip + row) * c_stride + column;
        const Tile tile = {.a = packed + row,
                           .a_row_stride = 1,
                           .a_depth_stride = kStripRows,
                           .b = b.panels + column * a.rows,
                           .depth = a.rows,
                           .initial = at,
                           .initial_stride = c_stride,
                           .c = at,
                           .c_stride = c_stride};
        multiply_tile(tile, num_rows, width);
      }
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace laconic
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace laconic {
HWY_EXPORT(TileRows);
HWY_EXPORT(PackedFloats);
HWY_EXPORT(PanelColumns);
HWY_EXPORT(PackPanels);
HWY_EXPORT(Multiply);
HWY_EXPORT(MultiplyTransposed);

namespace panels {
size_t tile_rows() { return HWY_DYNAMIC_DISPATCH(TileRows)(); }
size_t packed_floats(size_t depth, size_t columns) {
  return HWY_DYNAMIC_DISPATCH(PackedFloats)(depth, columns);
}
size_t panel_columns() { return HWY_DYNAMIC_DISPATCH(PanelColumns)(); }
void pack(const MatrixView& b, rows::Range panels, float* out) {
  HWY_DYNAMIC_DISPATCH(PackPanels)(b, panels, out);
}
void multiply(const MatrixView& a, const PackedB& b, const Output& c) {
  HWY_DYNAMIC_DISPATCH(Multiply)(a, b, c);
}
void multiply_transposed(const MatrixView& a, const PackedB& b, rows::Range range,
                         const Output& out) {
  HWY_DYNAMIC_DISPATCH(MultiplyTransposed)(a, b, range, out);
}
}  // namespace panels
}  // namespace laconic
#endif  // HWY_ONCE
