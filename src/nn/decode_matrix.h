// Weights of a decode step as packed matrices, and their products with rows of activations: fp32
// (kBfloat16Pairs: bf16 products, kInt8: integers), Highway, AVX2 or AVX-512 at run time.
//
// An element of a product is one chain of fused multiply-adds over the inner dimension in order
// (kInt8: of exact sums of blocks), so a row's bits depend neither on the number of rows, nor on
// the split over threads, nor on vector width. Buffers: rows are padded to a multiple of kPanel
// floats, the padding is zero and stays zero. Preconditions are the caller's; nothing here
// allocates or throws, save DecodeMatrix's own buffers and a thread's prepared rows.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "nn/aligned.h"

namespace laconic {

class HugePageArena;
namespace int8 {
struct QuantizedRows;
}

inline constexpr int64_t kPanel = 32;  // output columns a panel of a packed matrix

inline int64_t round_up(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

// How a packed matrix is stored. Products are fp32 in the first two: a stored weight is widened as
// it is read, so kBfloat16 gives the bits of kFloat32 where every weight is a bf16 value already.
enum class WeightStorage {
  kFloat32,
  kBfloat16,       // rounded to nearest even
  kBfloat16Pairs,  // the same in pairs of inputs; activations are rounded too, products are bf16
                   // with fp32 sums (nn/gemm_pairs.h, whose processor it needs)
  kInt8  // one fp32 scale an output: the largest magnitude over 127; rounded to nearest even. An
         // output whose weights all are below 1e-30 is zero, one with NaN or infinity is NaN;
         // activations are quantized to int16 (nn/decode_int8.h)
};
inline int64_t bytes_of(WeightStorage storage) {
  return storage == WeightStorage::kFloat32 ? 4 : storage == WeightStorage::kInt8 ? 1 : 2;
}

// A [outputs, inputs] matrix as panels of kPanel outputs: [panels][inputs][kPanel], zero beyond the
// last output; kBfloat16Pairs and kInt8: [panels][pairs of inputs][kPanel][2].
struct DecodeMatrix {
  int64_t num_outputs = 0;
  int64_t num_inputs = 0;
  WeightStorage storage = WeightStorage::kFloat32;
  std::byte* panels = nullptr;  // num_bytes(), in `own` or in the arena that resize was given
  AlignedFloats bias;           // [panels * kPanel], zero where there is none
  AlignedFloats scales;         // [panels * kPanel], int8 only
  int64_t num_panels() const { return (num_outputs + kPanel - 1) / kPanel; }
  AlignedBytes own;
  int64_t num_weights() const { return num_panels() * kPanel * num_inputs; }
  int64_t num_bytes() const { return num_panels() * panel_values() * bytes_of(storage); }
  // From one panel to the next.
  int64_t panel_values() const {
    const bool pairs = storage == WeightStorage::kBfloat16Pairs || storage == WeightStorage::kInt8;
    return kPanel * (pairs ? round_up(num_inputs, 2) : num_inputs);
  }
  void resize(int64_t outputs, int64_t inputs, WeightStorage stored = WeightStorage::kFloat32,
              HugePageArena* arena = nullptr);
};
// Fills panels [begin, end) from a row-major [outputs, inputs] matrix.
void pack_panels(const float* weight, DecodeMatrix& packed, int64_t begin, int64_t end);
// Whether bf16 holds each of the values.
bool is_bfloat16(const float* values, int64_t count);

struct MatmulArgs {
  const DecodeMatrix* matrix;
  const float* x;  // [num_rows, x_stride]
  int64_t x_stride;
  float* y;  // [num_rows, y_stride]; columns of panels [panel_begin, panel_end) are written
  int64_t y_stride;
  int64_t num_rows;
  int64_t panel_begin, panel_end;
  // x by prepare_rows; null: not yet.
  const int8::QuantizedRows* quantized = nullptr;  // kInt8
  const uint32_t* rounded = nullptr;               // kBfloat16Pairs
};
// Quantizes or rounds x once for several ranges of panels, or matrices of as many inputs, into
// memory of the calling thread that its next prepared rows take. Nothing where x is multiplied as
// it is.
void prepare_rows(MatmulArgs& args);
// y = x W^T (times the scales) + bias. Where y_stride < num_panels * kPanel nothing beyond
// num_outputs is written.
void multiply_panels(const MatmulArgs& args);

}  // namespace laconic
