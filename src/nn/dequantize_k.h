// GGUF's K-quants to fp32: one super-block of 256 values, cut into parts with small scales of their
// own.
//
//   Q4_K, 144 bytes: f16 d, f16 dmin, 12 bytes of eight 6-bit scales s and minima m, 128 bytes of
//         two 4-bit q; 8 parts of 32    value = (d * s) * q - dmin * m
//   Q5_K, 176 bytes: the same with 32 bytes of fifth bits before the 4-bit ones
//   Q6_K, 210 bytes: 128 bytes of low 4 bits, 64 bytes of high 2 bits, 16 int8 s, f16 d; 16 parts
//         of 16                         value = (d * s) * (q - 32)
// Products and differences are rounded to fp32 one by one. Not called but by nn/dequantize.h.
// Source: ggml's block definitions (ggml-common.h, ggml-quants.c).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace laconic {

constexpr size_t kSuperBlock = 256;

void widen_q4_k(const std::byte* block, float* to);
void widen_q5_k(const std::byte* block, float* to);
void widen_q6_k(const std::byte* block, float* to);

}  // namespace laconic
