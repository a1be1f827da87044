// SPDX-License-Identifier: Apache-2.0
#include "nn/decode_matrix.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

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
// How far ahead one row fetches. Measured (dev/LOG.md): with AVX2 the processor's own fetching
// keeps up with floats and hints only cost; for narrower weights it is late.
template <typename Stored>
constexpr size_t kOneRowAheadBytes = kPanelVectors == 2               ? pairs::kOneRowAheadBytes
                                     : sizeof(Stored) < sizeof(float) ? 1536
                                                                      : 0;
// Whether a part is widened once for all rows: three rows at a time pay for it too often.
template <typename Stored>
constexpr bool kWidensFirst = kPanelVectors == 4 && sizeof(Stored) < sizeof(float);

HWY_INLINE V widen(const float* from) { return hn::Load(D(), from); }
HWY_INLINE V widen(const hwy::bfloat16_t* from) {
  return hn::PromoteTo(D(), hn::Load(hn::Rebind<hwy::bfloat16_t, D>(), from));
}
HWY_INLINE V widen(const int8_t* from) {
  const hn::Rebind<int32_t, D> wide;
  return hn::ConvertTo(D(), hn::PromoteTo(wide, hn::Load(hn::Rebind<int8_t, D>(), from)));
}

// Inputs [begin, begin + inner) of a panel, or of two side by side; inputs are `stride` values
// apart, and what is read after it begins `to_next` values behind it (0: it is in the cache).
template <typename Stored>
struct PanelPart {
  const Stored* values;
  int64_t stride, to_next;
  int64_t begin, inner;
};

template <int64_t kColumns, typename Stored>
HWY_INLINE void prefetch_next(const Stored* from, int64_t to_next) {
  const auto* next = reinterpret_cast<const char*>(from + to_next);
  for (size_t line = 0; line < kColumns * sizeof(Stored); line += 64)
    __builtin_prefetch(next + line, 0, 2);
}

// Adds the products of a part to kRows rows, held in registers.
template <int64_t kRows, int64_t kVectors, bool kPrefetch, typename Stored>
HWY_INLINE void panel_rows(const PanelPart<Stored>& part, const float* HWY_RESTRICT x,
                           int64_t x_stride, float* const* y) {
  const D d;
  V sums[kRows][kVectors];
#pragma GCC unroll 16
  for (int64_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
    for (int64_t v = 0; v < kVectors; ++v) sums[r][v] = hn::LoadU(d, y[r] + v * kLanes);
  }
  const Stored* from = part.values;
  for (int64_t k = 0; k < part.inner; ++k, from += part.stride) {
    // What is read next comes from memory meanwhile.
    if constexpr (kPrefetch) prefetch_next<kVectors * kLanes>(from, part.to_next);
    if constexpr (kRows == 1) {  // two panels' sums and weights would not fit 16 registers
      const V value = hn::Set(d, x[k]);
#pragma GCC unroll 8
      for (int64_t v = 0; v < kVectors; ++v)
        sums[0][v] = hn::MulAdd(value, widen(from + v * kLanes), sums[0][v]);
      continue;
    }
    V weights[kVectors];
#pragma GCC unroll 8
    for (int64_t v = 0; v < kVectors; ++v) weights[v] = widen(from + v * kLanes);
#pragma GCC unroll 16
    for (int64_t r = 0; r < kRows; ++r) {
      const V value = hn::Set(d, x[r * x_stride + k]);
#pragma GCC unroll 8
      for (int64_t v = 0; v < kVectors; ++v) sums[r][v] = hn::MulAdd(value, weights[v], sums[r][v]);
    }
  }
#pragma GCC unroll 16
  for (int64_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
    for (int64_t v = 0; v < kVectors; ++v) hn::StoreU(sums[r][v], d, y[r] + v * kLanes);
  }
}

// A part of one panel as floats in the first-level cache.
template <typename Stored>
HWY_INLINE void widen_part(const PanelPart<Stored>& part, float* HWY_RESTRICT to) {
  const Stored* from = part.values;
  for (int64_t k = 0; k < part.inner; ++k, from += part.stride, to += kPanel) {
    prefetch_next<kPanel>(from, part.to_next);
#pragma GCC unroll 8
    for (int64_t v = 0; v < kPanelVectors; ++v)
      hn::Store(widen(from + v * kLanes), D(), to + v * kLanes);
  }
}

HWY_INLINE void scale_and_add(float* y, const DecodeMatrix& matrix, int64_t begin, int64_t end) {
  for (int64_t c = begin; c < end; c += kLanes, y += kLanes)
    hn::StoreU(hn::MulAdd(hn::LoadU(D(), y), hn::LoadU(D(), matrix.scales.data() + c),
                          hn::LoadU(D(), matrix.bias.data() + c)),
               D(), y);
}

// Rows [row, row + kRows) of kPanels panels; what sticks out of y goes by way of a copy.
template <int64_t kRows, int64_t kPanels, typename Source>
HWY_NOINLINE void panel_block(const MatmulArgs& args, const PanelPart<Source>& part,
                              int64_t panel_idx, int64_t row) {
  const DecodeMatrix& matrix = *args.matrix;
  const bool scaled = matrix.storage == WeightStorage::kInt8;
  constexpr int64_t kColumns = kPanels * kPanel;
  const int64_t column = panel_idx * kPanel;
  const bool whole = column + kColumns <= args.y_stride;
  const size_t tail_bytes =
      static_cast<size_t>(whole ? 0 : matrix.num_outputs - column) * sizeof(float);
  HWY_ALIGN float copies[kRows][kColumns];
  float* y[kRows];
  for (int64_t r = 0; r < kRows; ++r) {
    float* out = args.y + (row + r) * args.y_stride + column;
    y[r] = whole ? out : copies[r];
    if (part.begin == 0) {
      if (scaled) {
        std::memset(y[r], 0, sizeof(copies[r]));
      } else {
        std::memcpy(y[r], matrix.bias.data() + column, sizeof(copies[r]));
      }
    } else if (!whole) {
      std::memcpy(y[r], out, tail_bytes);
    }
  }
  const float* const x = args.x + row * args.x_stride + part.begin;
  if (part.to_next == 0) {
    panel_rows<kRows, kPanels * kPanelVectors, false>(part, x, args.x_stride, y);
  } else {
    panel_rows<kRows, kPanels * kPanelVectors, true>(part, x, args.x_stride, y);
  }
  if (scaled && part.begin + part.inner == matrix.num_inputs) {
    for (int64_t r = 0; r < kRows; ++r) scale_and_add(y[r], matrix, column, column + kColumns);
  }
  if (whole) return;
  for (int64_t r = 0; r < kRows; ++r)
    std::memcpy(args.y + (row + r) * args.y_stride + column, y[r], tail_bytes);
}

// All rows of a part.
template <int64_t kPanels, typename Source>
HWY_INLINE void multiply_part(const MatmulArgs& args, const PanelPart<Source>& part,
                              int64_t panel) {
  const int64_t rows = args.num_rows;
  int64_t row = 0;
  if constexpr (kPanels == 1) {
    // A row alone waits for its own additions: four are two twos, not three and one.
    const int64_t last = kMaxRows == 3 && rows % 3 == 1 ? rows - 4 : rows;
    for (; row + kMaxRows <= last; row += kMaxRows)
      panel_block<kMaxRows, 1>(args, part, panel, row);
    if constexpr (kMaxRows > 8) {
      for (; row + 8 <= rows; row += 8) panel_block<8, 1>(args, part, panel, row);
      for (; row + 4 <= rows; row += 4) panel_block<4, 1>(args, part, panel, row);
    }
    for (; row + 2 <= rows; row += 2) panel_block<2, 1>(args, part, panel, row);
  }
  for (; row < rows; ++row) panel_block<1, kPanels>(args, part, panel, row);
}

// All rows of kPanels panels.
template <int64_t kPanels, typename Stored>
void multiply_rows(const MatmulArgs& args, int64_t panel) {
  const DecodeMatrix& matrix = *args.matrix;
  const bool alone = args.num_rows == 1;
  const int64_t block = alone ? matrix.num_inputs : kInnerBlock;
  const int64_t stride = matrix.input_stride(panel);
  const auto* const values =
      reinterpret_cast<const Stored*>(matrix.panels) + matrix.panel_offset(panel);
  for (int64_t begin = 0; begin < matrix.num_inputs; begin += block) {
    const int64_t inner = std::min(matrix.num_inputs - begin, block);
    const int64_t ahead = alone ? kOneRowAheadBytes<Stored> / sizeof(Stored) : inner * stride;
    const PanelPart<Stored> part = {values + begin * stride, stride, ahead, begin, inner};
    if constexpr (kWidensFirst<Stored> && kPanels == 1) {
      if (args.num_rows > kMaxRows) {
        HWY_ALIGN float wide[kInnerBlock * kPanel];
        widen_part(part, wide);
        multiply_part<1, float>(args, {wide, kPanel, 0, begin, inner}, panel);
        continue;
      }
    }
    multiply_part<kPanels>(args, part, panel);
  }
}

// One row waits for its own additions (four cycles each) longer than for a panel of int8: it takes
// two side by side.
template <typename Stored>
void multiply_stored(const MatmulArgs& args) {
  int64_t panel = args.panel_begin;
  if (sizeof(Stored) == 1 && args.num_rows == 1) {
    if (panel % 2 == 1 && panel < args.panel_end) multiply_rows<1, Stored>(args, panel++);
    for (; panel + 2 <= args.panel_end && (panel + 2) * kPanel <= args.y_stride; panel += 2)
      multiply_rows<2, Stored>(args, panel);
  }
  for (; panel < args.panel_end; ++panel) multiply_rows<1, Stored>(args, panel);
}

void multiply_panels_impl(const MatmulArgs& args) {
  switch (args.matrix->storage) {
    case WeightStorage::kFloat32:
      return multiply_stored<float>(args);
    case WeightStorage::kBfloat16:
      return multiply_stored<hwy::bfloat16_t>(args);
    case WeightStorage::kInt8:
      return multiply_stored<int8_t>(args);
    case WeightStorage::kBfloat16Pairs:
      break;  // multiply_pairs
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

// store(value, output within the panel) -> what is stored.
template <typename Stored, typename Store>
void pack_stored(const float* weight, DecodeMatrix& packed, int64_t panel, const Store& store) {
  const int64_t inputs = packed.num_inputs;
  Stored* to = reinterpret_cast<Stored*>(packed.panels) + packed.panel_offset(panel);
  const int64_t stride = packed.input_stride(panel);
  const int64_t count = std::min(kPanel, packed.num_outputs - panel * kPanel);
  const float* from = weight + panel * kPanel * inputs;
  // Columns in runs of 16, so that each source line is read whole and the target stays near.
  for (int64_t block = 0; block < inputs; block += 16) {
    const int64_t stop = std::min(block + 16, inputs);
    for (int64_t c = 0; c < count; ++c)
      for (int64_t k = block; k < stop; ++k) to[k * stride + c] = store(from[c * inputs + k], c);
  }
}

void pack_int8(const float* weight, DecodeMatrix& packed, int64_t panel) {
  const int64_t inputs = packed.num_inputs;
  float factors[kPanel] = {};
  for (int64_t c = 0; c < std::min(kPanel, packed.num_outputs - panel * kPanel); ++c) {
    const float* row = weight + (panel * kPanel + c) * inputs;
    float largest = 0;
    bool finite = true;
    for (int64_t k = 0; k < inputs; ++k) {
      largest = std::max(largest, std::abs(row[k]));
      finite = finite && std::isfinite(row[k]);
    }
    constexpr float kSmallest = 1e-30F;  // its factor is still a finite float
    if (finite && largest > kSmallest) factors[c] = 127 / largest;
    packed.scales[static_cast<size_t>(panel * kPanel + c)] =
        finite ? largest / 127 : std::numeric_limits<float>::quiet_NaN();
  }
  pack_stored<int8_t>(weight, packed, panel, [&](float value, int64_t c) {
    return static_cast<int8_t>(factors[c] > 0 ? std::nearbyint(value * factors[c]) : 0);
  });
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
      pack_int8(weight, packed, panel);
    } else if (packed.storage == WeightStorage::kBfloat16) {
      pack_stored<uint16_t>(weight, packed, panel,
                            [](float value, int64_t) { return float_to_bfloat16(value); });
    } else {
      pack_stored<float>(weight, packed, panel, [](float value, int64_t) { return value; });
    }
  }
}

void multiply_panels(const MatmulArgs& args) {
  if (args.matrix->storage == WeightStorage::kBfloat16Pairs) return multiply_pairs(args);
  HWY_DYNAMIC_DISPATCH(multiply_panels_impl)(args);
}

}  // namespace laconic
#endif  // HWY_ONCE
