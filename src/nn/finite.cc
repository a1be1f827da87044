// SPDX-License-Identifier: Apache-2.0
#include "nn/finite.h"

#include <algorithm>
#include <bit>
#include <cstdint>

namespace laconic {
namespace {

constexpr size_t kBlock = 4096;  // values between looks at what was found
constexpr uint32_t kMagnitude = 0x7fffffff;
constexpr uint32_t kInfinity = 0x7f800000;

// The bits of the least magnitude that rounds to an infinity; as integers magnitudes order as the
// numbers do, NaN above all.
uint32_t limit_of(std::string_view dtype) {
  if (dtype == "float16") return std::bit_cast<uint32_t>(65520.0f);
  if (dtype == "bfloat16") return 0x7f7f8000;
  return kInfinity;
}

}  // namespace

std::optional<size_t> find_unstorable(std::span<const float> values, std::string_view dtype) {
  const uint32_t limit = limit_of(dtype);
  for (size_t start = 0; start < values.size(); start += kBlock) {
    const auto block = values.subspan(start, std::min(kBlock, values.size() - start));
    uint32_t largest = 0;
    for (const float value : block)
      largest = std::max(largest, std::bit_cast<uint32_t>(value) & kMagnitude);
    if (largest < limit) continue;
    for (size_t i = 0;; ++i)
      if ((std::bit_cast<uint32_t>(block[i]) & kMagnitude) >= limit) return start + i;
  }
  return std::nullopt;
}

void require_finite(std::span<const float> values, ErrorKind kind, const std::string& place) {
  if (const auto at = find_unstorable(values, ""))
    fail(kind, place, ": expected finite values, got ", values[*at], " (value ", *at + 1, " of ",
         values.size(), ")");
}

void require_storable(std::span<const float> values, std::string_view dtype,
                      const std::string& place) {
  if (const auto at = find_unstorable(values, dtype))
    fail(ErrorKind::kFailure, place, ": expected finite values within ", dtype, ", got ",
         values[*at], " (value ", *at + 1, " of ", values.size(), ")");
}

}  // namespace laconic
