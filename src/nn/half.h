// float <-> bfloat16 and float16 bits, round to nearest even, NaN kept a NaN. What a saved weight
// is worth.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <immintrin.h>

#include <bit>
#include <cstdint>

namespace laconic {

inline uint16_t float_to_bfloat16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  const uint32_t quiet_nan = (bits >> 16) | 0x40;
  return static_cast<uint16_t>((bits & 0x7fffffff) > 0x7f800000 ? quiet_nan : rounded);
}

inline float bfloat16_to_float(uint16_t bits) {
  return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
}

// F16C is part of the x86-64-v3 baseline.
inline uint16_t float_to_float16(float value) {
  return static_cast<uint16_t>(_cvtss_sh(value, _MM_FROUND_TO_NEAREST_INT));
}

inline float float16_to_float(uint16_t bits) { return _cvtsh_ss(bits); }

}  // namespace laconic
