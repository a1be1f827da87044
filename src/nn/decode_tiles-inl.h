// How products with a panel of outputs are cut into tiles whose sums the register file holds; once
// per instruction set (Highway's foreach_target). A tile is rows of activations x vectors of
// outputs.
// SPDX-License-Identifier: Apache-2.0

// Compiled once per target, therefore no plain include guard.
#if defined(LACONIC_NN_DECODE_TILES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LACONIC_NN_DECODE_TILES_INL_H_
#undef LACONIC_NN_DECODE_TILES_INL_H_
#else
#define LACONIC_NN_DECODE_TILES_INL_H_
#endif

#include <algorithm>
#include <type_traits>

#include "nn/decode_matrix.h"
#include "nn/decode_simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace laconic {
namespace HWY_NAMESPACE {

constexpr int64_t kPanelVectors = kPanel / kLanes;  // 2 with AVX-512, 4 with AVX2
// Of many rows: 24 sums in 32 registers, 12 in 16, beside two weights and a value.
constexpr int64_t kTileVectors = std::min<int64_t>(kPanelVectors, 2);
constexpr int64_t kTileRows = kPanelVectors == 2 ? 12 : 6;
// Rows that a panel meets before the next rows do.
constexpr int64_t kRowBlock = 64;

template <int64_t kRows, typename Function>
HWY_INLINE void with_rows(int64_t num_rows, const Function& function) {
  if (num_rows == kRows) return function(std::integral_constant<int64_t, kRows>());
  if constexpr (kRows > 1) with_rows<kRows - 1>(num_rows, function);
}

// What is read after a part of a panel, of `inputs` steps (inputs, in int8 pairs of them).
struct NextPart {
  const char* begin;
  int64_t bytes_per_input, inputs;
};

// A tile's share of that, fetched while the tile is computed: some bytes an input. If the first
// tile fetched all, it would wait for memory, which would then rest.
struct Ahead {
  const char* next;
  int64_t bytes_per_input;
};
// kMostBytes: an input's, of one tile alone.
template <int64_t kMostBytes>
HWY_INLINE void fetch(Ahead& ahead) {
  __builtin_prefetch(ahead.next, 0, 2);
  for (int64_t line = 64; line < kMostBytes; line += 64)
    if (line < ahead.bytes_per_input) __builtin_prefetch(ahead.next + line, 0, 2);
  ahead.next += ahead.bytes_per_input;
}

// function(number of rows, first row, first vector, what to fetch) for tiles of at most
// kMostRows x kWide that cover `count` rows of a panel, as even as can be: a row alone would wait
// for its own additions.
template <int64_t kMostRows, int64_t kWide, typename Function>
HWY_INLINE void for_tiles(int64_t count, const NextPart& next, const Function& function) {
  const int64_t down = (count + kMostRows - 1) / kMostRows;
  const int64_t num_tiles = down * (kPanelVectors / kWide);
  const int64_t share = (next.bytes_per_input + num_tiles - 1) / num_tiles;
  Ahead ahead = {next.begin, share};
  for (int64_t vector = 0; vector < kPanelVectors; vector += kWide) {
    for (int64_t i = 0; i < down; ++i, ahead.next += next.inputs * share) {
      const int64_t row = i * count / down, end = (i + 1) * count / down;
      with_rows<kMostRows>(end - row, [&](auto rows) { function(rows, row, vector, ahead); });
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace laconic
HWY_AFTER_NAMESPACE();
#endif  // per-target include guard
