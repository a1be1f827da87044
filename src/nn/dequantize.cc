// SPDX-License-Identifier: Apache-2.0
#include "nn/dequantize.h"

#include <cstring>
#include <type_traits>

#include "base/error.h"
#include "nn/half.h"

namespace laconic {
namespace {

constexpr size_t kBlock = 32;  // values in a GGUF block; also the fixed trip count that vectorises

// Reads a T that may lie at any address: mapped tensors are not always aligned.
template <typename T>
T load(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

// Calls convert(start, count) for whole blocks with a count known to the compiler, then for the
// rest.
template <typename Convert>
void for_blocks(size_t size, const Convert& convert) {
  size_t start = 0;
  for (; start + kBlock <= size; start += kBlock)
    convert(start, std::integral_constant<size_t, kBlock>());
  convert(start, size - start);
}

void widen_f16(const std::byte* from, float* to, size_t size) {
  size_t i = 0;
  for (; i + 8 <= size; i += 8) {
    const __m128i bits = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + 2 * i));
    _mm256_storeu_ps(to + i, _mm256_cvtph_ps(bits));
  }
  for (; i < size; ++i) to[i] = float16_to_float(load<uint16_t>(from + 2 * i));
}

void widen_bf16(const std::byte* from, float* to, size_t size) {
  for_blocks(size, [&](size_t start, auto count) {
    for (size_t i = 0; i < count; ++i)
      to[start + i] = bfloat16_to_float(load<uint16_t>(from + 2 * (start + i)));
  });
}

void narrow_f16(const float* from, std::byte* to, size_t size) {
  size_t i = 0;
  for (; i + 8 <= size; i += 8) {
    const __m128i bits = _mm256_cvtps_ph(_mm256_loadu_ps(from + i), _MM_FROUND_TO_NEAREST_INT);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + 2 * i), bits);
  }
  for (; i < size; ++i) {
    const uint16_t bits = float_to_float16(from[i]);
    std::memcpy(to + 2 * i, &bits, sizeof bits);
  }
}

void narrow_bf16(const float* from, std::byte* to, size_t size) {
  for_blocks(size, [&](size_t start, auto count) {
    for (size_t i = 0; i < count; ++i) {
      const uint16_t bits = float_to_bfloat16(from[start + i]);
      std::memcpy(to + 2 * (start + i), &bits, sizeof bits);
    }
  });
}

void widen_q8_0(const std::byte* block, float* to) {
  const float d = float16_to_float(load<uint16_t>(block));
  const auto* q = reinterpret_cast<const int8_t*>(block + 2);
  for (size_t i = 0; i < kBlock; ++i) to[i] = d * static_cast<float>(q[i]);
}

void widen_q4_0(const std::byte* block, float* to) {
  const float d = float16_to_float(load<uint16_t>(block));
  const auto* q = reinterpret_cast<const uint8_t*>(block + 2);
  for (size_t i = 0; i < kBlock / 2; ++i) {
    to[i] = d * static_cast<float>((q[i] & 15) - 8);
    to[i + kBlock / 2] = d * static_cast<float>((q[i] >> 4) - 8);
  }
}

void widen_q4_1(const std::byte* block, float* to) {
  const float d = float16_to_float(load<uint16_t>(block));
  const float m = float16_to_float(load<uint16_t>(block + 2));
  const auto* q = reinterpret_cast<const uint8_t*>(block + 4);
  for (size_t i = 0; i < kBlock / 2; ++i) {
    to[i] = d * static_cast<float>(q[i] & 15) + m;
    to[i + kBlock / 2] = d * static_cast<float>(q[i] >> 4) + m;
  }
}

using WidenBlock = void (*)(const std::byte*, float*);

void widen_blocks(WidenBlock widen, size_t block_bytes, std::span<const std::byte> from,
                  std::span<float> to) {
  LACONIC_CHECK(to.size() % kBlock == 0 && from.size() == to.size() / kBlock * block_bytes,
                from.size(), " bytes for ", to.size(), " values");
  for (size_t block = 0; block < to.size() / kBlock; ++block)
    widen(from.data() + block * block_bytes, to.data() + block * kBlock);
}

}  // namespace

bool can_dequantize(std::string_view type) {
  for (const char* known : {"F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1"})
    if (type == known) return true;
  return false;
}

void dequantize(std::string_view type, std::span<const std::byte> from, std::span<float> to) {
  if (type == "Q8_0") return widen_blocks(widen_q8_0, 34, from, to);
  if (type == "Q4_0") return widen_blocks(widen_q4_0, 18, from, to);
  if (type == "Q4_1") return widen_blocks(widen_q4_1, 20, from, to);
  if (type == "F32") {
    LACONIC_CHECK(from.size() == to.size_bytes(), from.size(), " bytes");
    if (!to.empty()) std::memcpy(to.data(), from.data(), from.size());
    return;
  }
  LACONIC_CHECK((type == "F16" || type == "BF16") && from.size() == 2 * to.size(), type, ", ",
                from.size(), " bytes for ", to.size(), " values");
  if (type == "F16")
    widen_f16(from.data(), to.data(), to.size());
  else
    widen_bf16(from.data(), to.data(), to.size());
}

void quantize(std::string_view dtype, std::span<const float> from, std::span<std::byte> to) {
  if (dtype == "float32") {
    LACONIC_CHECK(to.size() == from.size_bytes(), to.size(), " bytes");
    if (!from.empty()) std::memcpy(to.data(), from.data(), to.size());
    return;
  }
  LACONIC_CHECK((dtype == "float16" || dtype == "bfloat16") && to.size() == 2 * from.size(), dtype,
                ", ", to.size(), " bytes for ", from.size(), " values");
  if (dtype == "float16")
    narrow_f16(from.data(), to.data(), from.size());
  else
    narrow_bf16(from.data(), to.data(), from.size());
}

std::string_view safetensors_dtype(std::string_view dtype) {
  if (dtype == "float32") return "F32";
  if (dtype == "float16") return "F16";
  return dtype == "bfloat16" ? "BF16" : "";
}

std::string_view torch_dtype(std::string_view safetensors_dtype) {
  if (safetensors_dtype == "F32") return "float32";
  if (safetensors_dtype == "F16") return "float16";
  return safetensors_dtype == "BF16" ? "bfloat16" : "";
}

}  // namespace laconic
