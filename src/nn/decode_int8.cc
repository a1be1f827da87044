// SPDX-License-Identifier: Apache-2.0
#include "nn/decode_int8.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "nn/fetch_ahead.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/decode_int8.cc"
// clang-format off
#include "hwy/foreach_target.h"
// clang-format on
#include "nn/decode_tiles-inl.h"

#ifndef LACONIC_NN_DECODE_INT8_ONCE
#define LACONIC_NN_DECODE_INT8_ONCE
namespace laconic::int8 {

// Activations as integers [rows, stride], and scales [rows, num_blocks].
struct QuantizedRows {
  std::vector<int16_t, AlignedAllocator<int16_t>> values;
  AlignedFloats scales;
  int64_t stride = 0, num_blocks = 0;
  void resize(int64_t rows, int64_t inputs) {
    stride = round_up(inputs, 16), num_blocks = (inputs + kBlock - 1) / kBlock;
    if (const auto size = static_cast<size_t>(rows * stride); values.size() < size)
      values.resize(size);
    if (const auto size = static_cast<size_t>(rows * num_blocks); scales.size() < size)
      scales.resize(size);
  }
};

constexpr float kSmallest = 1e-30F;  // 32767 over it is still a finite float

}  // namespace laconic::int8
#endif

HWY_BEFORE_NAMESPACE();
namespace laconic::int8 {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using namespace laconic::HWY_NAMESPACE;
using Wide = hn::Rebind<int32_t, D>;           // sums
using Pairs = hn::Repartition<int16_t, Wide>;  // of neighbours along the inner dimension

constexpr int64_t kPairValues = 2 * kPanel;
// How far ahead few rows fetch weights, which come from memory; many fetch the next block.
HWY_INLINE int64_t few_rows_ahead_bytes() {
  return kPanelVectors == 2 ? one_row_ahead_bytes() : 4096;
}

HWY_INLINE V load_some(const float* from, int64_t count) {
  if (count >= kLanes) return hn::LoadU(D(), from);
  HWY_ALIGN float padded[kLanes] = {};
  std::copy_n(from, count, padded);
  return hn::Load(D(), padded);
}

// Quantizes up to kBlock values and returns their scale; fills `to` up to a multiple of 16.
HWY_INLINE float quantize_block(const float* from, int64_t count, int16_t* to) {
  const Wide wide;
  // As bits magnitudes are in order, with NaN and infinity above all numbers.
  auto bits = hn::Zero(wide);
  for (int64_t k = 0; k < count; k += kLanes)
    bits = hn::Max(bits, hn::BitCast(wide, hn::Abs(load_some(from + k, count - k))));
  const float largest = hn::GetLane(hn::BitCast(D(), hn::MaxOfLanes(wide, bits)));
  const bool finite = std::isfinite(largest);
  const V inverse = hn::Set(D(), finite && largest > kSmallest ? 32767 / largest : 0);
  for (int64_t k = 0; k < round_up(count, 16); k += kLanes) {
    const V scaled = hn::Mul(load_some(from + k, std::max<int64_t>(count - k, 0)), inverse);
    hn::StoreU(hn::DemoteTo(hn::Rebind<int16_t, D>(), hn::NearestInt(scaled)),
               hn::Rebind<int16_t, D>(), to + k);
  }
  return finite ? largest / 32767 : std::numeric_limits<float>::quiet_NaN();
}

void quantize_rows(const MatmulArgs& args, QuantizedRows& quantized) {
  const int64_t inputs = args.matrix->num_inputs;
  for (int64_t r = 0; r < args.num_rows; ++r) {
    for (int64_t b = 0; b < quantized.num_blocks; ++b)
      quantized.scales[static_cast<size_t>(r * quantized.num_blocks + b)] = quantize_block(
          args.x + r * args.x_stride + b * kBlock, std::min(inputs - b * kBlock, kBlock),
          quantized.values.data() + r * quantized.stride + b * kBlock);
  }
}

HWY_INLINE hn::Vec<Pairs> weights(const int8_t* from) {
  return hn::PromoteTo(Pairs(), hn::Load(hn::Rebind<int8_t, Pairs>(), from));
}

HWY_INLINE hn::Vec<Pairs> pair_of(const int16_t* from) {
  int32_t pair;
  std::memcpy(&pair, from, sizeof(pair));
  return hn::BitCast(Pairs(), hn::Set(Wide(), pair));
}

// A block of a panel's inputs and the rows that meet it.
struct Part {
  const int8_t* weights;
  int64_t num_pairs;
  const int16_t* x;
  int64_t x_stride;
  const float* scales;
  int64_t scales_stride;
  float* sums;  // [rows][kPanel]
};

// Adds the products of a block to the sums of kRows rows and kVectors vectors.
template <int64_t kRows, int64_t kVectors>
HWY_NOINLINE void tile(const Part& part, int64_t row, int64_t vector, Ahead ahead) {
  const Wide wide;
  const int8_t* HWY_RESTRICT from = part.weights + vector * 2 * kLanes;
  const int16_t* HWY_RESTRICT x = part.x + row * part.x_stride;
  const int64_t stride = part.x_stride;
  hn::Vec<Wide> sums[kRows][kVectors];
#pragma GCC unroll 16
  for (int64_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
    for (int64_t v = 0; v < kVectors; ++v) sums[r][v] = hn::Zero(wide);
  }
  auto unused = hn::Zero(wide);
  for (int64_t p = 0; p < part.num_pairs; ++p, from += kPairValues, x += 2) {
    fetch<kPairValues>(ahead);
    hn::Vec<Pairs> some[kVectors];
#pragma GCC unroll 8
    for (int64_t v = 0; v < kVectors; ++v) some[v] = weights(from + v * 2 * kLanes);
#pragma GCC unroll 16
    for (int64_t r = 0; r < kRows; ++r) {
      const auto pair = pair_of(x + r * stride);
#pragma GCC unroll 8
      for (int64_t v = 0; v < kVectors; ++v) {
        sums[r][v] = hn::ReorderWidenMulAccumulate(wide, some[v], pair, sums[r][v], unused);
        // Each sum at once: g++ would make all products first, for which there are no registers.
        asm volatile("" : "+v"(sums[r][v].raw));
      }
    }
  }
#pragma GCC unroll 16
  for (int64_t r = 0; r < kRows; ++r) {
    const V scale = hn::Set(D(), part.scales[(row + r) * part.scales_stride]);
    float* to = part.sums + (row + r) * kPanel + vector * kLanes;
#pragma GCC unroll 8
    for (int64_t v = 0; v < kVectors; ++v, to += kLanes)
      hn::Store(hn::MulAdd(hn::ConvertTo(D(), sums[r][v]), scale, hn::Load(D(), to)), D(), to);
  }
}

template <int64_t kMostRows, int64_t kVectors>
HWY_INLINE void multiply_tiles(const Part& part, int64_t count, int64_t ahead_bytes) {
  const NextPart next = {reinterpret_cast<const char*>(part.weights) + ahead_bytes, kPairValues,
                         part.num_pairs};
  for_tiles<kMostRows, kVectors>(
      count, next, [&](auto num_rows, int64_t row, int64_t vector, const Ahead& ahead) {
        tile<decltype(num_rows)::value, kVectors>(part, row, vector, ahead);
      });
}

// A panel's outputs of some rows: sums, scaled, and what the panel has beyond y cut off.
HWY_INLINE void write_rows(const MatmulArgs& args, int64_t panel, const Part& part, float* y,
                           int64_t count) {
  const DecodeMatrix& matrix = *args.matrix;
  const int64_t column = panel * kPanel;
  const int64_t width = column + kPanel <= args.y_stride ? kPanel : matrix.num_outputs - column;
  float* sums = part.sums;
  for (int64_t r = 0; r < count; ++r, sums += kPanel, y += args.y_stride) {
    for (int64_t c = 0; c < kPanel; c += kLanes) {
      const V scale = hn::LoadU(D(), matrix.scales.data() + column + c);
      const V bias = hn::LoadU(D(), matrix.bias.data() + column + c);
      hn::Store(hn::MulAdd(hn::Load(D(), sums + c), scale, bias), D(), sums + c);
    }
    std::copy_n(sums, width, y + column);
  }
}

// Of values that each output has one of.
HWY_INLINE void prefetch_panel(const AlignedFloats& values, int64_t panel) {
  for (int64_t c = 0; c < kPanel; c += 16)
    __builtin_prefetch(values.data() + panel * kPanel + c, 0, 3);
}

// Rows [row, row + count) of a panel.
HWY_INLINE void multiply_rows(const MatmulArgs& args, const QuantizedRows& quantized, int64_t panel,
                              int64_t row) {
  HWY_ALIGN float sums[kRowBlock * kPanel];
  const DecodeMatrix& matrix = *args.matrix;
  const int64_t count = std::min(kRowBlock, args.num_rows - row);
  for (int64_t i = 0; i < count * kPanel; i += kLanes) hn::Store(hn::Zero(D()), D(), sums + i);
  // Needed at the end, by when they have come from memory.
  prefetch_panel(matrix.scales, panel);
  prefetch_panel(matrix.bias, panel);
  Part part = {reinterpret_cast<const int8_t*>(matrix.panels) + panel * matrix.panel_values(),
               0,
               quantized.values.data() + row * quantized.stride,
               quantized.stride,
               quantized.scales.data() + row * quantized.num_blocks,
               quantized.num_blocks,
               sums};
  for (int64_t begin = 0; begin < matrix.num_inputs; begin += kBlock) {
    part.num_pairs = (std::min(matrix.num_inputs - begin, kBlock) + 1) / 2;
    // What is mostly read from memory is read from its beginning to its end.
    if (count <= 2) {
      multiply_tiles<2, kPanelVectors>(part, count, few_rows_ahead_bytes());
    } else {
      multiply_tiles<kTileRows, kTileVectors>(part, count, part.num_pairs * kPairValues);
    }
    part.weights += part.num_pairs * kPairValues, part.x += kBlock, ++part.scales;
  }
  write_rows(args, panel, part, args.y + row * args.y_stride, count);
}

void multiply_impl(const MatmulArgs& args, const QuantizedRows& quantized) {
  for (int64_t panel = args.panel_begin; panel < args.panel_end; ++panel) {
    for (int64_t row = 0; row < args.num_rows; row += kRowBlock)
      multiply_rows(args, quantized, panel, row);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace laconic::int8
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace laconic::int8 {

HWY_EXPORT(quantize_rows);
HWY_EXPORT(multiply_impl);

void pack(const float* weight, DecodeMatrix& packed, int64_t panel) {
  const int64_t inputs = packed.num_inputs;
  const int64_t count = std::min(kPanel, packed.num_outputs - panel * kPanel);
  const float* const from = weight + panel * kPanel * inputs;
  auto* const to = reinterpret_cast<int8_t*>(packed.panels) + panel * packed.panel_values();
  float inverses[kPanel] = {};
  for (int64_t c = 0; c < count; ++c) {
    float largest = 0;
    bool finite = true;
    for (int64_t k = 0; k < inputs; ++k) {
      largest = std::max(largest, std::abs(from[c * inputs + k]));
      finite = finite && std::isfinite(from[c * inputs + k]);
    }
    if (finite && largest > kSmallest) inverses[c] = 127 / largest;
    packed.scales[static_cast<size_t>(panel * kPanel + c)] =
        finite ? largest / 127 : std::numeric_limits<float>::quiet_NaN();
  }
  // In runs of 16 inputs, so that each source line is read whole and the target stays near.
  for (int64_t block = 0; block < inputs; block += 16) {
    const int64_t stop = std::min(block + 16, inputs), padded = round_up(stop, 2);
    for (int64_t c = 0; c < count; ++c) {
      for (int64_t k = block; k < padded; ++k) {
        const bool zero = k == inputs || inverses[c] == 0;
        to[k / 2 * 2 * kPanel + 2 * c + k % 2] =
            static_cast<int8_t>(zero ? 0 : std::nearbyint(from[c * inputs + k] * inverses[c]));
      }
    }
  }
}

const QuantizedRows& quantize(const MatmulArgs& args) {
  thread_local QuantizedRows quantized;
  quantized.resize(args.num_rows, args.matrix->num_inputs);
  HWY_DYNAMIC_DISPATCH(quantize_rows)(args, quantized);
  return quantized;
}

void multiply(const MatmulArgs& args) {
  const QuantizedRows& quantized = args.quantized != nullptr ? *args.quantized : quantize(args);
  HWY_DYNAMIC_DISPATCH(multiply_impl)(args, quantized);
}

}  // namespace laconic::int8
#endif  // HWY_ONCE
