// Products with weights quantized to int8 (symmetric absmax, a scale an output): activations are
// quantized to int16 as they come (symmetric absmax, a scale for each row and kBlock inputs), and
// products and sums over a block are integers, exact (integer arithmetic as in Jacob et al., arXiv
// 1712.05877, section 2.2; blocks as in llama.cpp's Q8_0). Sums of blocks are scaled and added in
// fp32, in order. So a row's bits depend neither on the number of rows, nor on the split over
// threads, nor on vector width.
//
// An activation is off by at most 1.6e-5 of its block's largest magnitude, a weight by 3.9e-3 of
// its output's. A block whose magnitudes are all at most 1e-30 counts as zero; one with NaN or
// infinity makes the row's outputs NaN. Preconditions are the caller's.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "nn/decode_matrix.h"

namespace laconic::int8 {

inline constexpr int64_t kBlock = 256;
// A block's sum is an int32.
static_assert(kBlock * 127 * 32767 < (int64_t{1} << 31));

// Fills one panel and its scales from a row-major [outputs, inputs] matrix.
void pack(const float* weight, DecodeMatrix& packed, int64_t panel);

// x, in memory of the calling thread until its next call, which allocates where it needs more than
// any before: 2 bytes an input and row.
const QuantizedRows& quantize(const MatmulArgs& args);

// multiply_panels for a matrix stored in kInt8.
void multiply(const MatmulArgs& args);

}  // namespace laconic::int8
