// For tests of the decode kernels.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "base/philox.h"
#include "nn/decode_matrix.h"
#include "nn/testing.h"

namespace laconic::testing {

inline AlignedFloats random_floats(int64_t count, double scale, uint64_t seed) {
  AlignedFloats values(static_cast<size_t>(count));
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>(scale * (2 * philox_uniform(seed, i, 0) - 1));
  return values;
}

// body() under each instruction set; what it returns must not depend on it.
inline void expect_same_bits(const std::function<AlignedFloats()>& body) {
  AlignedFloats first;
  for_each_target([&](const std::string& name) {
    const AlignedFloats got = body();
    if (first.empty()) first = got;
    EXPECT_EQ(got, first) << name;
  });
}

}  // namespace laconic::testing
