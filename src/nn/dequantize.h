// Stored numbers to fp32 and fp32 to stored numbers, a run at a time: the inner loops of loading
// and saving.
//
// Types are spelled as safetensors and GGUF do: F32, F16, BF16, and GGUF's blocks of 32 values
//   Q8_0: f16 d, 32 int8 q           value = d * q
//   Q4_0: f16 d, 16 bytes of two q   value = d * (q - 8), low nibbles first
//   Q4_1: f16 d, f16 m, 16 bytes     value = d * q + m (product and sum rounded to fp32 one by one)
// and of 256 values (Q4_K, Q5_K, Q6_K: nn/dequantize_k.h).
// Source: ggml's block definitions (ggml-common.h, ggml-quants.c). Rounding is to nearest even.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace laconic {

// Whether `dequantize` knows the type.
bool can_dequantize(std::string_view type);
// REQUIRES: can_dequantize(type), and `from` holds exactly to.size() values.
void dequantize(std::string_view type, std::span<const std::byte> from, std::span<float> to);

// Writes `from` as float32, float16, bfloat16 or Q8_0 (whole blocks; d = max |x| / 127, q = x / d
// rounded half away from zero, d then stored as fp16: ggml's reference). REQUIRES: `to` has room
// for exactly that.
void quantize(std::string_view dtype, std::span<const float> from, std::span<std::byte> to);

// "float32" -> "F32" and so on, and back ("" where there is none).
std::string_view safetensors_dtype(std::string_view dtype);
std::string_view torch_dtype(std::string_view safetensors_dtype);

}  // namespace laconic
