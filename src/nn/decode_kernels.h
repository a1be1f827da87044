// The CPU kernels of one decode step for what is done row by row. fp32, Highway, AVX2 or AVX-512 at
// run time. nn/decode_matrix.h has the products, nn/decode_attention.h the attention.
//
// Every result is a fixed sequence of operations (sums over a row use 16 fixed lanes), so a row's
// bits do not depend on vector width. Buffers: rows are padded to a multiple of kPanel floats, the
// padding is zero and stays zero. Preconditions are the caller's; nothing here allocates or throws.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "nn/decode_matrix.h"

namespace laconic {

// out = x / sqrt(mean(x^2) + eps) * weight over `width` real columns, padding included in the
// write.
void rms_norm_row(const float* x, const float* weight, float* out, int64_t width, double eps);
// The same in place for a head of any width, with nothing behind it; weight [width].
void head_norm(float* head, const float* weight, int64_t width, double eps);
// Rotates both halves of a head of `width` (HF's rotate_half); cosines and sines [width / 2].
void rope_head(float* head, const float* cosines, const float* sines, int64_t width);
// gate = silu(gate) * up, n a multiple of 16.
void swiglu_row(float* gate, const float* up, int64_t n);
// The same with gelu (its tanh form) instead of silu.
void geglu_row(float* gate, const float* up, int64_t n);
// x = cap * tanh(x / cap), any n; an element's bits do not depend on its place.
void softcap_row(float* x, int64_t n, double cap);
// x += y, n a multiple of 16.
void add_row(float* x, const float* y, int64_t n);

}  // namespace laconic
