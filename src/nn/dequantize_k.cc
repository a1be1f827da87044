// SPDX-License-Identifier: Apache-2.0
#include "nn/dequantize_k.h"

#include <cstdint>
#include <cstring>

#include "nn/half.h"

namespace laconic {
namespace {

constexpr size_t kPart = 32;

float load_f16(const uint8_t* from) {
  uint16_t bits;
  std::memcpy(&bits, from, sizeof bits);
  return float16_to_float(bits);
}

// The 6-bit scale and minimum of part j: low bits of bytes 0-3 and 4-7 for the first four parts;
// for the others nibbles of bytes 8-11, their two high bits on top of those eight bytes.
struct PartScale {
  uint8_t scale, minimum;
};
PartScale part_scale(const uint8_t* s, size_t j) {
  if (j < 4) return {static_cast<uint8_t>(s[j] & 63), static_cast<uint8_t>(s[j + 4] & 63)};
  return {static_cast<uint8_t>((s[j + 4] & 15) | (s[j - 4] >> 6 << 4)),
          static_cast<uint8_t>((s[j + 4] >> 4) | (s[j] >> 6 << 4))};
}

// Q4_K, and Q5_K where `fifth` (32 bytes; bit j belongs to part j) is given.
void widen_with_minima(const uint8_t* block, const uint8_t* fifth, const uint8_t* nibbles,
                       float* to) {
  const float d = load_f16(block), dmin = load_f16(block + 2);
  for (size_t j = 0; j < kSuperBlock / kPart; ++j) {
    const PartScale part = part_scale(block + 4, j);
    const float scale = d * static_cast<float>(part.scale);
    const float minimum = dmin * static_cast<float>(part.minimum);
    const uint8_t* q = nibbles + j / 2 * kPart;
    for (size_t i = 0; i < kPart; ++i) {
      int value = j % 2 == 0 ? q[i] & 15 : q[i] >> 4;
      if (fifth) value |= (fifth[i] >> j & 1) << 4;
      to[j * kPart + i] = scale * static_cast<float>(value) - minimum;
    }
  }
}

}  // namespace

void widen_q4_k(const std::byte* block, float* to) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(block);
  widen_with_minima(bytes, nullptr, bytes + 16, to);
}

void widen_q5_k(const std::byte* block, float* to) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(block);
  widen_with_minima(bytes, bytes + 16, bytes + 48, to);
}

void widen_q6_k(const std::byte* block, float* to) {
  const auto* low = reinterpret_cast<const uint8_t*>(block);
  const uint8_t* high = low + 128;
  const auto* scales = reinterpret_cast<const int8_t*>(low + 192);
  const float d = load_f16(low + 208);
  // Each half has 64 bytes of low and 32 of high bits for four runs of 32 values.
  for (size_t i = 0; i < kSuperBlock; ++i) {
    const size_t half = i / 128, run = i % 128 / kPart, column = i % kPart;
    const uint8_t nibbles = low[half * 64 + run % 2 * kPart + column];
    const int value = (run < 2 ? nibbles & 15 : nibbles >> 4) |
                      (high[half * kPart + column] >> (2 * run) & 3) << 4;
    to[i] = d * static_cast<float>(scales[i / 16]) * static_cast<float>(value - 32);
  }
}

}  // namespace laconic
