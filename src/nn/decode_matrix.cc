// SPDX-License-Identifier: Apache-2.0
#include "nn/decode_matrix.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "nn/decode_int8.h"
#include "nn/fetch_ahead.h"
#include "nn/gemm_pairs.h"
#include "nn/half.h"
#include "nn/huge_pages.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/decode_matrix.cc"
// clang-format off
#include "hwy/foreach_target.h"
// clang-format on
#include "nn/decode_tiles-inl.h"

HWY_BEFORE_NAMESPACE();
namespace laconic {
namespace HWY_NAMESPACE {

// Inner dimension a pass: a panel's part stays in the cache, with AVX2 in the first-level one.
constexpr int64_t kInnerBlock = kPanelVectors == 2 ? 512 : 128;
// Whether one row fetches ahead, and how far. Measured (dev/LOG.md): with AVX2 the processor's own
// fetching keeps up with floats and hints only cost; for narrower weights it is late.
template <typename Stored>
constexpr bool kOneRowFetches = kPanelVectors == 2 || sizeof(Stored) < sizeof(float);
template <typename Stored>
HWY_INLINE int64_t one_row_ahead() {
  const int64_t bytes = kPanelVectors == 2 ? one_row_ahead_bytes() : 1536;
  return kOneRowFetches<Stored> ? bytes / static_cast<int64_t>(sizeof(Stored)) : 0;
}

HWY_INLINE V widen(const float* from) { return hn::Load(D(), from); }
HWY_INLINE V widen(const hwy::bfloat16_t* from) {
  return hn::PromoteTo(D(), hn::Load(hn::Rebind<hwy::bfloat16_t, D>(), from));
}

// Some inputs of a panel: `inner` of them, kPanel values each.
template <typename Stored>
struct PanelPart {
  const Stored* values;
  int64_t inner;
  const Stored* next;  // what is read after them
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

// A tile's first row and vector, and what it fetches.
struct Place {
  int64_t row, vector;
  Ahead ahead;
};

// Adds the products of a part to a tile of kRows x kVectors, held in registers.
template <int64_t kRows, int64_t kVectors, typename Stored>
HWY_NOINLINE void tile(const PanelPart<Stored>& part, const Rows& rows, const Sums& path,
                       const Place& at) {
  constexpr bool kFetches = kRows > 1 || kOneRowFetches<Stored>;
  constexpr int64_t kTileBytes = kVectors * kLanes * static_cast<int64_t>(sizeof(Stored));
  const D d;
  const int64_t x_stride = rows.stride, column = at.vector * kLanes;
  const float* HWY_RESTRICT x = rows.x + at.row * x_stride;
  const float* const begin = path.from + at.row * path.from_stride + column;
  float* const end = path.to + at.row * path.to_stride + column;
  V sums[kRows][kVectors];
#pragma GCC unroll 16
  for (int64_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
    for (int64_t v = 0; v < kVectors; ++v)
      sums[r][v] = hn::LoadU(d, begin + r * path.from_stride + v * kLanes);
  }
  const Stored* from = part.values + column;
  Ahead ahead = at.ahead;
  for (int64_t k = 0; k < part.inner; ++k, from += kPanel) {
    if constexpr (kFetches) fetch<kTileBytes>(ahead);
    // Of a whole panel sixteen registers hold the sums and either all values or all weights of an
    // input. A weight that is not widened needs none, products read it from memory.
    if constexpr (kRows == 1 || (kVectors > kTileVectors && sizeof(Stored) < sizeof(float))) {
      V values[kRows];
#pragma GCC unroll 8
      for (int64_t r = 0; r < kRows; ++r) values[r] = hn::Set(d, x[r * x_stride + k]);
#pragma GCC unroll 8
      for (int64_t v = 0; v < kVectors; ++v) {
        const V weight = widen(from + v * kLanes);
#pragma GCC unroll 8
        for (int64_t r = 0; r < kRows; ++r) sums[r][v] = hn::MulAdd(values[r], weight, sums[r][v]);
      }
    } else {
      V weights[kVectors];
#pragma GCC unroll 8
      for (int64_t v = 0; v < kVectors; ++v) weights[v] = widen(from + v * kLanes);
#pragma GCC unroll 16
      for (int64_t r = 0; r < kRows; ++r) {
        const V value = hn::Set(d, x[r * x_stride + k]);
#pragma GCC unroll 8
        for (int64_t v = 0; v < kVectors; ++v)
          sums[r][v] = hn::MulAdd(value, weights[v], sums[r][v]);
      }
    }
  }
#pragma GCC unroll 16
  for (int64_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
    for (int64_t v = 0; v < kVectors; ++v)
      hn::StoreU(sums[r][v], d, end + r * path.to_stride + v * kLanes);
  }
}

template <int64_t kMostRows, int64_t kVectors, typename Stored>
HWY_INLINE void multiply_tiles(const PanelPart<Stored>& part, const Rows& rows, const Sums& path) {
  const NextPart next = {reinterpret_cast<const char*>(part.next),
                         kPanel * static_cast<int64_t>(sizeof(Stored)), part.inner};
  for_tiles<kMostRows, kVectors>(
      rows.count, next, [&](auto num_rows, int64_t row, int64_t vector, const Ahead& ahead) {
        tile<decltype(num_rows)::value, kVectors>(part, rows, path, {row, vector, ahead});
      });
}

template <typename Stored>
HWY_INLINE void multiply_part(const PanelPart<Stored>& part, const Rows& rows, const Sums& path) {
  // Few rows wait for memory, which gives most when it is read from its beginning to its end.
  constexpr int64_t kFewRows = kPanelVectors > kTileVectors ? 9 : 0;
  if (rows.count <= kFewRows) return multiply_tiles<3, kPanelVectors>(part, rows, path);
  multiply_tiles<kTileRows, kTileVectors>(part, rows, path);
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
    const int64_t ahead = alone ? one_row_ahead<Stored>() : inner * kPanel;
    if (direct && begin + inner == matrix.num_inputs) sums.to = y, sums.to_stride = args.y_stride;
    const Stored* const from = values + begin * kPanel;
    multiply_part<Stored>({from, inner, from + ahead}, {rows.x + begin, rows.stride, rows.count},
                          sums);
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
  if (args.matrix->storage == WeightStorage::kFloat32) return multiply_stored<float>(args);
  multiply_stored<hwy::bfloat16_t>(args);
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

const uint32_t* rounded(const MatmulArgs& args) {
  return pairs::round({args.x, static_cast<size_t>(args.num_rows),
                       static_cast<size_t>(args.matrix->num_inputs),
                       static_cast<size_t>(args.x_stride), 1});
}

void multiply_pairs(const MatmulArgs& args) {
  static_assert(kPanel == pairs::kPanel);
  const DecodeMatrix& matrix = *args.matrix;
  const int64_t first = args.panel_begin * kPanel;
  if (args.panel_begin == args.panel_end) return;
  const auto width =
      static_cast<size_t>(std::min(args.panel_end * kPanel, matrix.num_outputs) - first);
  const auto inputs = static_cast<size_t>(matrix.num_inputs);
  const auto* words = reinterpret_cast<const uint32_t*>(matrix.panels);
  pairs::multiply({args.rounded != nullptr ? args.rounded : rounded(args),
                   static_cast<size_t>(args.num_rows), inputs},
                  {words + pairs::packed_words(inputs, static_cast<size_t>(first)), width,
                   matrix.bias.data() + first, 0},
                  {args.y + first, static_cast<size_t>(args.y_stride)});
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

void prepare_rows(MatmulArgs& args) {
  if (args.matrix->storage == WeightStorage::kInt8) args.quantized = &int8::quantize(args);
  if (args.matrix->storage == WeightStorage::kBfloat16Pairs) args.rounded = rounded(args);
}

void multiply_panels(const MatmulArgs& args) {
  switch (args.matrix->storage) {
    case WeightStorage::kFloat32:
    case WeightStorage::kBfloat16:
      return HWY_DYNAMIC_DISPATCH(multiply_panels_impl)(args);
    case WeightStorage::kBfloat16Pairs:
      return multiply_pairs(args);
    case WeightStorage::kInt8:
      return int8::multiply(args);
  }
}

}  // namespace laconic
#endif  // HWY_ONCE
