// Products with weights stored in int8: activations are rounded to int16, with one scale for each
// row and kBlock inputs, multiplied and added up as integers, exactly; the sums of blocks are
// scaled and added in fp32, in order. So a row's bits depend neither on the number of rows, nor on
// the split over threads, nor on vector width.
//
// An activation is off by at most 1.6e-5 of its block's largest, 250 times less than a weight of
// its output's largest. A block with NaN or infinity makes the whole row NaN.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "nn/decode_matrix.h"

namespace laconic::int8 {

inline constexpr int64_t kBlock = 256;
// A block's sum is an int32.
static_assert(kBlock * 127 * 32767 < (int64_t{1} << 31));

// Fills one panel from a row-major [outputs, inputs] matrix.
void pack(const float* weight, DecodeMatrix& packed, int64_t panel);

// multiply_panels for a matrix stored in kInt8. Keeps the calling thread's rounded rows.
void multiply(const MatmulArgs& args);

}  // namespace laconic::int8
