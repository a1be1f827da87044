// NaN and infinite weights, found where weights are read, merged and written: one pass that costs a
// read of what is in the cache already.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"

namespace laconic {

// The first value that is NaN, infinite, or beyond what the stored dtype ("float16", "bfloat16",
// anything else: fp32) holds.
std::optional<size_t> find_unstorable(std::span<const float> values, std::string_view dtype);

// Error(kind) "place: expected finite values, got nan (value 7 of 64)".
void require_finite(std::span<const float> values, ErrorKind kind, const std::string& place);
// The same for values that are about to be rounded to `dtype`.
void require_storable(std::span<const float> values, std::string_view dtype,
                      const std::string& place);

}  // namespace laconic
