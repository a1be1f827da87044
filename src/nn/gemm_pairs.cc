// SPDX-License-Identifier: Apache-2.0
#include "nn/gemm_pairs.h"

// g++ 12's own intrinsics make "undefined" vectors by reading themselves (its bug 105593).
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>

#include <algorithm>
#include <utility>

#include "nn/fetch_ahead.h"
#include "nn/gemm_edge.h"

#define LACONIC_BF16 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")))

namespace laconic::pairs {
namespace {

using Words = __m512i;

// A panel's part of this many pairs and a tile's rows of A share the first-level cache.
constexpr size_t kDepthBlock = 288;

LACONIC_BF16 inline __mmask16 first(size_t count) {
  return count >= 16 ? __mmask16{0xffff} : static_cast<__mmask16>((1u << count) - 1);
}

// 32 floats -> 16 words: pairs of neighbours.
LACONIC_BF16 inline Words round_neighbours(const float* from, size_t count) {
  const __m512 low = _mm512_maskz_loadu_ps(first(count), from);
  const __m512 high =
      count > 16 ? _mm512_maskz_loadu_ps(first(count - 16), from + 16) : _mm512_setzero_ps();
  return (Words)_mm512_cvtne2ps_pbh(high, low);
}

// Elements i of two rows -> word i. A row that is not there is zero.
LACONIC_BF16 inline Words round_rows(const float* even, const float* odd, size_t count) {
  const Words order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8,
                                       23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  const __m512 low = _mm512_maskz_loadu_ps(first(count), even);
  const __m512 high =
      odd != nullptr ? _mm512_maskz_loadu_ps(first(count), odd) : _mm512_setzero_ps();
  return _mm512_permutexvar_epi16(order, (Words)_mm512_cvtne2ps_pbh(high, low));
}

LACONIC_BF16 inline void transpose_16x16(Words (&r)[16]) {
  Words t[16];
#pragma GCC unroll 8
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 16; i += 4) {
    r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
    r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
    r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
    r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    t[i] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0x88);
    t[i + 4] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0xdd);
    t[i + 8] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0x88);
    t[i + 12] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0xdd);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    r[i] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0x88);
    r[i + 4] = _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0x88);
    r[i + 8] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0xdd);
    r[i + 12] = _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0xdd);
  }
}

// Sixteen columns of a panel of a B whose columns are contiguous.
LACONIC_BF16 void pack_columns(const MatrixView& b, size_t column, uint32_t* out) {
  const size_t width = std::min<size_t>(16, b.columns > column ? b.columns - column : 0);
  for (size_t k = 0; k < b.rows; k += 32) {
    const size_t depth = std::min<size_t>(32, b.rows - k);
    Words r[16];
#pragma GCC unroll 16
    for (size_t c = 0; c < 16; ++c) {
      r[c] = c < width ? round_neighbours(b.data + (column + c) * b.column_stride + k, depth)
                       : _mm512_setzero_si512();
    }
    transpose_16x16(r);
    const size_t count = num_pairs(depth);
    for (size_t p = 0; p < count; ++p) _mm512_storeu_si512(out + (k / 2 + p) * kPanel, r[p]);
  }
}

LACONIC_BF16 void pack_rows(const MatrixView& b, size_t column, uint32_t* out) {
  const size_t width = std::min(kPanel, b.columns - column);
  const size_t right = width > 16 ? width - 16 : 0;
  for (size_t k = 0; k < b.rows; k += 2, out += kPanel) {
    const float* even = b.data + k * b.row_stride + column;
    const float* odd = k + 1 < b.rows ? even + b.row_stride : nullptr;
    _mm512_storeu_si512(out, round_rows(even, odd, std::min<size_t>(width, 16)));
    const Words second =
        right > 0 ? round_rows(even + 16, odd ? odd + 16 : nullptr, right) : _mm512_setzero_si512();
    _mm512_storeu_si512(out + 16, second);
  }
}

// One tile: C (+)= A B over some pairs; starts from `initial` where not null.
struct Tile {
  const uint32_t* a;
  size_t a_row_stride, a_pair_stride;
  const uint32_t* b;
  size_t num_pairs;
  const float* initial;
  size_t initial_stride;
  float* c;
  size_t c_stride;
  // What is fetched meanwhile, at most 128 bytes a pair.
  const char* next;
  size_t bytes_per_pair;
};

template <size_t kRows>
LACONIC_BF16 void multiply_rows(const Tile& t) {
  __m512 left[kRows], right[kRows];
#pragma GCC unroll 16
  for (size_t r = 0; r < kRows; ++r) {
    left[r] = right[r] = _mm512_setzero_ps();
    if (t.initial != nullptr) {
      left[r] = _mm512_loadu_ps(t.initial + r * t.initial_stride);
      right[r] = _mm512_loadu_ps(t.initial + r * t.initial_stride + 16);
    }
  }
  for (size_t r = 0; r < kRows; ++r) {
    __builtin_prefetch(t.c + r * t.c_stride + kPanel, 1, 2);
    __builtin_prefetch(t.c + r * t.c_stride + kPanel + 16, 1, 2);
  }
  const uint32_t* a = t.a;
  const uint32_t* b = t.b;
  const char* next = t.next;
  const bool two_lines = t.bytes_per_pair > 64;
  for (size_t p = 0; p < t.num_pairs; ++p, a += t.a_pair_stride, b += kPanel) {
    const auto b0 = (__m512bh)_mm512_loadu_si512(b), b1 = (__m512bh)_mm512_loadu_si512(b + 16);
    __builtin_prefetch(next, 0, 2);
    if (two_lines) __builtin_prefetch(next + 64, 0, 2);
    next += t.bytes_per_pair;
#pragma GCC unroll 16
    for (size_t r = 0; r < kRows; ++r) {
      const auto x = (__m512bh)_mm512_set1_epi32(static_cast<int>(a[r * t.a_row_stride]));
      left[r] = _mm512_dpbf16_ps(left[r], x, b0);
      right[r] = _mm512_dpbf16_ps(right[r], x, b1);
    }
  }
#pragma GCC unroll 16
  for (size_t r = 0; r < kRows; ++r) {
    _mm512_storeu_ps(t.c + r * t.c_stride, left[r]);
    _mm512_storeu_ps(t.c + r * t.c_stride + 16, right[r]);
  }
}

template <size_t... kCounts>
LACONIC_BF16 void multiply_some(const Tile& t, size_t num_rows, std::index_sequence<kCounts...>) {
  (void)((num_rows == kCounts + 1 && (multiply_rows<kCounts + 1>(t), true)) || ...);
}

LACONIC_BF16 void multiply_tile(const Tile& t, size_t num_rows) {
  if (num_rows == kTileRows) return multiply_rows<kTileRows>(t);
  multiply_some(t, num_rows, std::make_index_sequence<kTileRows - 1>());
}

void multiply_edge(const Tile& tile, size_t num_rows, size_t width) {
  run_edge_tile<kTileRows, kPanel>(tile, num_rows, width,
                                   [=](const Tile& t) { multiply_tile(t, num_rows); });
}

// Of the thread that multiplies a block of rows: scratch of one call, no model's.
AlignedWords& scratch(size_t words) {
  static thread_local AlignedWords memory;
  if (memory.size() < words) memory.resize(words);
  return memory;
}

}  // namespace

bool available() {
  static const bool has = __builtin_cpu_supports("avx512bf16") &&
                          __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
  return has;
}

void pack(const MatrixView& b, rows::Range panels, uint32_t* out) {
  const size_t size = num_pairs(b.rows) * kPanel;
  for (size_t panel = panels.begin; panel < panels.end; ++panel) {
    uint32_t* to = out + panel * size;
    if (b.column_stride == 1) {
      pack_rows(b, panel * kPanel, to);
    } else {
      pack_columns(b, panel * kPanel, to);
      pack_columns(b, panel * kPanel + 16, to + 16);
    }
  }
}

LACONIC_BF16 const uint32_t* round(const MatrixView& a) {
  const size_t stride = num_pairs(a.columns);
  uint32_t* const words = scratch(a.rows * stride + 16).data();
  for (size_t row = 0; row < a.rows; ++row) {
    const float* from = a.data + row * a.row_stride;
    for (size_t k = 0; k < a.columns; k += 32) {
      const size_t count = std::min<size_t>(32, a.columns - k);
      _mm512_mask_storeu_epi32(words + row * stride + k / 2, first(num_pairs(count)),
                               round_neighbours(from + k, count));
    }
  }
  return words;
}

void multiply(const RoundedA& a, const PackedB& b, const Output& c) {
  const size_t stride = num_pairs(a.columns);
  // One row waits for memory: it reads the panels as one stream.
  const bool alone = a.rows == 1;
  const size_t num_blocks = alone ? 1 : (stride + kDepthBlock - 1) / kDepthBlock;
  const size_t block = (stride + num_blocks - 1) / num_blocks;
  // Tiles of like height: a low one would wait for its own additions. Each fetches its share of the
  // next panel; if the first fetched all, it would wait for memory, which would then rest.
  const size_t down = (a.rows + kTileRows - 1) / kTileRows;
  const size_t share = (kPanel * sizeof(uint32_t) + down - 1) / down;
  for (size_t p = 0; p < stride; p += block) {
    const float* const start = p == 0 ? b.initial : c.data;
    const size_t start_stride = p == 0 ? b.initial_stride : c.stride;
    for (size_t column = 0; column < b.columns; column += kPanel) {
      const size_t width = std::min(kPanel, b.columns - column),
                   count = std::min(block, stride - p);
      const uint32_t* const panel = b.panels + column * stride + p * kPanel;
      const auto* next = reinterpret_cast<const char*>(panel + (alone ? 0 : stride * kPanel));
      if (alone) next += one_row_ahead_bytes();
      for (size_t i = 0; i < down; ++i, next += share * count) {
        const size_t row = i * a.rows / down, num_rows = (i + 1) * a.rows / down - row;
        const Tile tile = {
            .a = a.words + row * stride + p,
            .a_row_stride = stride,
            .a_pair_stride = 1,
            .b = panel,
            .num_pairs = count,
            .initial = start != nullptr ? start + row * start_stride + column : nullptr,
            .initial_stride = start_stride,
            .c = c.data + row * c.stride + column,
            .c_stride = c.stride,
            .next = next,
            .bytes_per_pair = share};
        width == kPanel ? multiply_tile(tile, num_rows) : multiply_edge(tile, num_rows, width);
      }
    }
  }
}

LACONIC_BF16 void multiply_transposed(const MatrixView& a, const PackedB& b, rows::Range range,
                                      const Output& c) {
  const size_t depth = num_pairs(a.rows);
  uint32_t* const words = scratch(depth * kStripRows + 16).data();
  for (size_t strip = range.begin; strip < range.end; strip += kStripRows) {
    const size_t strip_rows = std::min(kStripRows, range.end - strip);
    for (size_t p = 0; p < depth; ++p) {
      const float* even = a.data + 2 * p * a.row_stride + strip;
      const float* odd = 2 * p + 1 < a.rows ? even + a.row_stride : nullptr;
      for (size_t r = 0; r < strip_rows; r += 16) {
        _mm512_storeu_si512(
            words + p * kStripRows + r,
            round_rows(even + r, odd ? odd + r : nullptr, std::min<size_t>(16, strip_rows - r)));
      }
    }
    for (size_t column = 0; column < b.columns; column += kPanel) {
      const size_t width = std::min(kPanel, b.columns - column);
      for (size_t row = 0; row < strip_rows; row += kTileRows) {
        const size_t num_rows = std::min(kTileRows, strip_rows - row);
        float* const at = c.data + (strip + row) * c.stride + column;
        const uint32_t* const panel = b.panels + column * depth;
        // B's block stays in the second-level cache: nothing to fetch.
        const Tile tile = {.a = words + row,
                           .a_row_stride = 1,
                           .a_pair_stride = kStripRows,
                           .b = panel,
                           .num_pairs = depth,
                           .initial = at,
                           .initial_stride = c.stride,
                           .c = at,
                           .c_stride = c.stride,
                           .next = reinterpret_cast<const char*>(panel),
                           .bytes_per_pair = 0};
        width == kPanel ? multiply_tile(tile, num_rows) : multiply_edge(tile, num_rows, width);
      }
    }
  }
}

}  // namespace laconic::pairs
