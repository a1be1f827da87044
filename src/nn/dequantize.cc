// SPDX-License-Identifier: Apache-2.0
#include "nn/dequantize.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>

#include "base/error.h"
#include "nn/dequantize_k.h"
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

void narrow_q8_0(const float* from, std::byte* block) {
  float largest = 0;
  for (size_t i = 0; i < kBlock; ++i) largest = std::max(largest, std::fabs(from[i]));
  const float d = largest / 127.0f;
  const float inverse = d > 0 ? 1.0f / d : 0.0f;
  const uint16_t bits = float_to_float16(d);
  std::memcpy(block, &bits, sizeof bits);
  for (size_t i = 0; i < kBlock; ++i)
    block[2 + i] = static_cast<std::byte>(static_cast<int8_t>(std::round(from[i] * inverse)));
}

struct BlockType {
  std::string_view name;
  size_t values, bytes;
  void (*widen)(const std::byte*, float*);
};
constexpr BlockType kBlockTypes[] = {
    {"Q8_0", kBlock, 34, widen_q8_0},       {"Q4_0", kBlock, 18, widen_q4_0},
    {"Q4_1", kBlock, 20, widen_q4_1},       {"Q4_K", kSuperBlock, 144, widen_q4_k},
    {"Q5_K", kSuperBlock, 176, widen_q5_k}, {"Q6_K", kSuperBlock, 210, widen_q6_k},
};

const BlockType* find_block_type(std::string_view name) {
  for (const BlockType& type : kBlockTypes)
    if (type.name == name) return &type;
  return nullptr;
}

void widen_blocks(const BlockType& type, std::span<const std::byte> from, std::span<float> to) {
  const size_t num_blocks = to.size() / type.values;
  LACONIC_CHECK(to.size() % type.values == 0 && from.size() == num_blocks * type.bytes, from.size(),
                " bytes for ", to.size(), " values");
  for (size_t block = 0; block < num_blocks; ++block)
    type.widen(from.data() + block * type.bytes, to.data() + block * type.values);
}

}  // namespace

bool can_dequantize(std::string_view type) {
  return type == "F32" || type == "F16" || type == "BF16" || find_block_type(type);
}

void dequantize(std::string_view type, std::span<const std::byte> from, std::span<float> to) {
  if (const BlockType* blocks = find_block_type(type)) return widen_blocks(*blocks, from, to);
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
  if (dtype == "Q8_0") {
    LACONIC_CHECK(from.size() % kBlock == 0 && to.size() == from.size() / kBlock * 34, to.size(),
                  " bytes for ", from.size(), " values");
    for (size_t block = 0; block < from.size() / kBlock; ++block)
      narrow_q8_0(from.data() + block * kBlock, to.data() + block * 34);
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
