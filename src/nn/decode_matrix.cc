// SPDX-License-Identifier: Apache-2.0
#include "nn/decode_matrix.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "nn/decode_int8.h"
#include "nn/gemm_pairs.h"
#include "nn/half.h"
#include "nn/huge_pages.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/decode_matrix.cc"
// clang-format off
#include "hwy/foreach_target.h"
// clang-format on
#include "nn/decode_simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace laconic {
namespace HWY_NAMESPACE {

constexpr int64_t kPanelVectors = kPanel / kLanes;         // 2 with AVX-512, 4 with AVX2
constexpr int64_t kMaxRows = kPanelVectors == 2 ? 12 : 3;  // rows x vectors fit the register file
// Inner dimension a pass: a panel's part stays in the cache, with AVX2 in the first-level one,
// which few rows a tile read often.
constexpr int64_t kInnerBlock = kPanelVectors == 2 ? 512 : 128;
// Rows that a panel meets before the next rows do.
constexpr int64_t kRowBlock = 64;
// How far ahead one row fetches. Measured (dev/LOG.md): with AVX2 the processor's own fetching
// keeps up with floats and hints only cost; for narrower weights it is late.
template <typename Stored>
constexpr size_t kOneRowAheadBytes = kPanelVectors == 2               ? pairs::kOneRowAheadBytes
                                     : sizeof(Stored) < sizeof(float) ? 1536
                                                                      : 0;
// Whether a part is widened once for all rows, of which there are more than kFewRows: three at a
// time would pay for it too often.
template <typename Stored>
constexpr bool kWidensFirst = kPanelVectors == 4 && sizeof(Stored) < sizeof(float);
constexpr int64_t kFewRows = 9;

HWY_INLINE V widen(const float* from) { return hn::Load(D(), from); }
HWY_INLINE V widen(const hwy::bfloat16_t* from) {
  return hn::PromoteTo(D(), hn::Load(hn::Rebind<hwy::bfloat16_t, D>(), from));
}

// Some inputs of a panel: `inner` of them, kPanel values each. What is read after it begins
// `to_next` values behind it (0: it is in the cache).
template <typename Stored>
struct PanelPart {
  const Stored* values;
  int64_t to_next, inner;
};

struct Rows {
  const float* x;
  int64_t stride, count;
};

// Where a part's sums begin and where they go.
struct Sums {
  const float* from;
  int64_t from_stride;
  float* to;
  int64_t to_stride;
};

template <typename Stored>
HWY_INLINE void prefetch_next(const Stored* from, int64_t to_next) {
  const auto* next = reinterpret_cast<const char*>(from + to_next);
  for (size_t line = 0; line < kPanel * sizeof(Stored); line += 64)
    __builtin_prefetch(next + line, 0, 2);
}

// Adds the products of a part to kRows rows, held in registers.
template <int64_t kRows, bool kPrefetch, typename Stored>
HWY_NOINLINE void panel_rows(const PanelPart<Stored>& part, const Rows& rows, const Sums& path) {
  const D d;
  const float* HWY_RESTRICT x = rows.x;
  const int64_t x_stride = rows.stride;
  V sums[kRows][kPanelVectors];
#pragma GCC unroll 16
  for (int64_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
    for (int64_t v = 0; v < kPanelVectors; ++v)
      sums[r][v] = hn::LoadU(d, path.from + r * path.from_stride + v * kLanes);
  }
  const Stored* from = part.values;
  for (int64_t k = 0; k < part.inner; ++k, from += kPanel) {
    // What is read next comes from memory meanwhile.
    if constexpr (kPrefetch) prefetch_next(from, part.to_next);
    // Sixteen registers hold the sums and either all values or all weights of an input. A weight
    // that is not widened needs none, products read it from memory.
    if constexpr (kRows == 1 || (kRows <= kPanelVectors && sizeof(Stored) < sizeof(float))) {
      V values[kRows];
#pragma GCC unroll 8
      for (int64_t r = 0; r < kRows; ++r) values[r] = hn::Set(d, x[r * x_stride + k]);
#pragma GCC unroll 8
      for (int64_t v = 0; v < kPanelVectors; ++v) {
        const V weight = widen(from + v * kLanes);
#pragma GCC unroll 8
        for (int64_t r = 0; r < kRows; ++r) sums[r][v] = hn::MulAdd(values[r], weight, sums[r][v]);
      }
    } else {
      V weights[kPanelVectors];
#pragma GCC unroll 8
      for (int64_t v = 0; v < kPanelVectors; ++v) weights[v] = widen(from + v * kLanes);
#pragma GCC unroll 16
      for (int64_t r = 0; r < kRows; ++r) {
        const V value = hn::Set(d, x[r * x_stride + k]);
#pragma GCC unroll 8
        for (int64_t v = 0; v < kPanelVectors; ++v)
          sums[r][v] = hn::MulAdd(value, weights[v], sums[r][v]);
      }
    }
  }
#pragma GCC unroll 16
  for (int64_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
    for (int64_t v = 0; v < kPanelVectors; ++v)
      hn::StoreU(sums[r][v], d, path.to + r * path.to_stride + v * kLanes);
  }
}

// A part as floats in the first-level cache.
template <typename Stored>
HWY_INLINE void widen_part(const PanelPart<Stored>& part, float* HWY_RESTRICT to) {
  const Stored* from = part.values;
  for (int64_t k = 0; k < part.inner; ++k, from += kPanel, to += kPanel) {
    prefetch_next(from, part.to_next);
#pragma GCC unroll 8
    for (int64_t v = 0; v < kPanelVectors; ++v)
      hn::Store(widen(from + v * kLanes), D(), to + v * kLanes);
  }
}

// kRows rows from `row` on.
template <int64_t kRows, typename Source>
HWY_INLINE void panel_block(const PanelPart<Source>& part, const Rows& rows, const Sums& sums,
                            int64_t row) {
  const Rows some = {rows.x + row * rows.stride, rows.stride, kRows};
  const Sums path = {sums.from + row * sums.from_stride, sums.from_stride,
                     sums.to + row * sums.to_stride, sums.to_stride};
  if (part.to_next == 0) {
    panel_rows<kRows, false>(part, some, path);
  } else {
    panel_rows<kRows, true>(part, some, path);
  }
}

template <typename Source>
HWY_INLINE void multiply_part(const PanelPart<Source>& part, const Rows& rows, const Sums& sums) {
  int64_t row = 0;
  // A row alone waits for its own additions: four are two twos, not three and one.
  const int64_t last = kMaxRows == 3 && rows.count % 3 == 1 ? rows.count - 4 : rows.count;
  for (; row + kMaxRows <= last; row += kMaxRows) panel_block<kMaxRows>(part, rows, sums, row);
  if constexpr (kMaxRows > 8) {
    for (; row + 8 <= rows.count; row += 8) panel_block<8>(part, rows, sums, row);
    for (; row + 4 <= rows.count; row += 4) panel_block<4>(part, rows, sums, row);
  }
  for (; row + 2 <= rows.count; row += 2) panel_block<2>(part, rows, sums, row);
  for (; row < rows.count; ++row) panel_block<1>(part, rows, sums, row);
}

// Some rows of a panel. Between two parts sums wait side by side: rows of y that lie a multiple of
// 4 KB apart (those of 49,152 logits do) would push each other out of the caches. Outputs of a
// panel that sticks out of y wait there, too, to be cut.
template <typename Stored>
HWY_INLINE void multiply_rows(const MatmulArgs& args, int64_t panel, const Rows& rows, float* y) {
  HWY_ALIGN float waiting[kRowBlock * kPanel];
  const DecodeMatrix& matrix = *args.matrix;
  const bool alone = args.num_rows == 1;
  const int64_t block = alone ? matrix.num_inputs : kInnerBlock, column = panel * kPanel;
  const bool direct = column + kPanel <= args.y_stride;
  const auto* const values =
      reinterpret_cast<const Stored*>(matrix.panels) + panel * matrix.panel_values();
  Sums sums = {matrix.bias.data() + column, 0, waiting, kPanel};
  for (int64_t begin = 0; begin < matrix.num_inputs; begin += block) {
    const int64_t inner = std::min(matrix.num_inputs - begin, block);
    const int64_t ahead = alone ? kOneRowAheadBytes<Stored> / sizeof(Stored) : inner * kPanel;
    const PanelPart<Stored> part = {values + begin * kPanel, ahead, inner};
    const Rows from = {rows.x + begin, rows.stride, rows.count};
    if (direct && begin + inner == matrix.num_inputs) sums.to = y, sums.to_stride = args.y_stride;
    if (kWidensFirst<Stored> && rows.count > kFewRows) {
      HWY_ALIGN float wide[kInnerBlock * kPanel];
      widen_part(part, wide);
      multiply_part<float>({wide, 0, inner}, from, sums);
    } else {
      multiply_part(part, from, sums);
    }
    sums.from = waiting, sums.from_stride = kPanel;
  }
  if (direct) return;
  for (int64_t r = 0; r < rows.count; ++r)
    std::copy_n(waiting + r * kPanel, matrix.num_outputs - column, y + r * args.y_stride);
}

template <typename Stored>
void multiply_stored(const MatmulArgs& args) {
  for (int64_t panel = args.panel_begin; panel < args.panel_end; ++panel) {
    for (int64_t row = 0; row < args.num_rows; row += kRowBlock) {
      const int64_t count = std::min(kRowBlock, args.num_rows - row);
      multiply_rows<Stored>(args, panel, {args.x + row * args.x_stride, args.x_stride, count},
                            args.y + row * args.y_stride + panel * kPanel);
    }
  }
}

void multiply_panels_impl(const MatmulArgs& args) {
  switch (args.matrix->storage) {
    case WeightStorage::kFloat32:
      return multiply_stored<float>(args);
    case WeightStorage::kBfloat16:
      return multiply_stored<hwy::bfloat16_t>(args);
    case WeightStorage::kInt8:           // int8::multiply
    case WeightStorage::kBfloat16Pairs:  // multiply_pairs
      break;
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace laconic
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace laconic {

HWY_EXPORT(multiply_panels_impl);

void DecodeMatrix::resize(int64_t outputs, int64_t inputs, WeightStorage stored,
                          HugePageArena* arena) {
  num_outputs = outputs;
  num_inputs = inputs;
  storage = stored;
  const auto size = static_cast<size_t>(num_bytes());
  if (arena == nullptr) {
    own.resize(size);
    panels = own.data();
  } else {
    panels = arena->take(size);
    // Outputs beyond the last one are zero; packing fills the others.
    if (outputs % kPanel != 0) std::fill_n(panels, size, std::byte{0});
  }
  bias.resize(static_cast<size_t>(num_panels() * kPanel));
  scales.assign(stored == WeightStorage::kInt8 ? bias.size() : 0, 1.0F);
}

bool is_bfloat16(const float* values, int64_t count) {
  uint32_t low = 0;
  for (int64_t i = 0; i < count; ++i) low |= std::bit_cast<uint32_t>(values[i]) & 0xffff;
  return low == 0;
}

namespace {

// store(value) -> what is stored.
template <typename Stored, typename Store>
void pack_stored(const float* weight, DecodeMatrix& packed, int64_t panel, const Store& store) {
  const int64_t inputs = packed.num_inputs;
  Stored* to = reinterpret_cast<Stored*>(packed.panels) + panel * packed.panel_values();
  const int64_t count = std::min(kPanel, packed.num_outputs - panel * kPanel);
  const float* from = weight + panel * kPanel * inputs;
  // Columns in runs of 16, so that each source line is read whole and the target stays near.
  for (int64_t block = 0; block < inputs; block += 16) {
    const int64_t stop = std::min(block + 16, inputs);
    for (int64_t c = 0; c < count; ++c)
      for (int64_t k = block; k < stop; ++k) to[k * kPanel + c] = store(from[c * inputs + k]);
  }
}

void multiply_pairs(const MatmulArgs& args) {
  static_assert(kPanel == pairs::kPanel);
  const DecodeMatrix& matrix = *args.matrix;
  const int64_t first = args.panel_begin * kPanel;
  const auto width =
      static_cast<size_t>(std::min(args.panel_end * kPanel, matrix.num_outputs) - first);
  const auto inputs = static_cast<size_t>(matrix.num_inputs);
  float* const y = args.y + first;
  for (int64_t row = 0; row < args.num_rows; ++row)
    std::copy_n(matrix.bias.data() + first, width, y + row * args.y_stride);
  const auto* words = reinterpret_cast<const uint32_t*>(matrix.panels);
  pairs::multiply(
      {args.x, static_cast<size_t>(args.num_rows), inputs, static_cast<size_t>(args.x_stride), 1},
      {words + pairs::packed_words(inputs, static_cast<size_t>(first)), width, y},
      {y, static_cast<size_t>(args.y_stride)});
}

}  // namespace

void pack_panels(const float* weight, DecodeMatrix& packed, int64_t begin, int64_t end) {
  if (packed.storage == WeightStorage::kBfloat16Pairs) {
    const auto inputs = static_cast<size_t>(packed.num_inputs);
    return pairs::pack({weight, inputs, static_cast<size_t>(packed.num_outputs), 1, inputs},
                       {static_cast<size_t>(begin), static_cast<size_t>(end)},
                       reinterpret_cast<uint32_t*>(packed.panels));
  }
  for (int64_t panel = begin; panel < end; ++panel) {
    if (packed.storage == WeightStorage::kInt8) {
      int8::pack(weight, packed, panel);
    } else if (packed.storage == WeightStorage::kBfloat16) {
      pack_stored<uint16_t>(weight, packed, panel,
                            [](float value) { return float_to_bfloat16(value); });
    } else {
      pack_stored<float>(weight, packed, panel, [](float value) { return value; });
    }
  }
}

void multiply_panels(const MatmulArgs& args) {
  if (args.matrix->storage == WeightStorage::kBfloat16Pairs) return multiply_pairs(args);
  if (args.matrix->storage == WeightStorage::kInt8) return int8::multiply(args);
  HWY_DYNAMIC_DISPATCH(multiply_panels_impl)(args);
}

}  // namespace laconic
#endif  // HWY_ONCE
