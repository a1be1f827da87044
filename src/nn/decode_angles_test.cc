// SPDX-License-Identifier: Apache-2.0
#include "nn/decode_angles.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace laconic {
namespace {

constexpr int64_t kHalf = 4;

ModelConfig config_of(RopeKind kind, int64_t context) {
  ModelConfig config;
  config.head_dim = 2 * kHalf;
  config.rope_theta = 10000, config.local_rope_theta = 500;
  config.max_positions = context;
  config.rope.kind = kind;
  config.rope.factor = 2, config.rope.original_max_positions = 8;
  config.rope.short_factor.assign(kHalf, 1.5), config.rope.long_factor.assign(kHalf, 3);
  config.rope.attention_factor = 1.1;
  return config;
}

std::vector<float> angles_at(DecodeAngles& angles, int64_t position) {
  std::vector<float> own(2 * kHalf), found;
  const Angles at = angles.at(position, position + 1, own.data());
  found.assign(at.cosines, at.cosines + kHalf);
  found.insert(found.end(), at.sines, at.sines + kHalf);
  return found;
}

// Room for a trillion positions would take terabytes if tables reached further than the context.
TEST(DecodeAngles, BeyondTheContextAreThoseOfALongerOne) {
  for (const RopeKind kind : {RopeKind::kDefault, RopeKind::kLinear, RopeKind::kLongRope}) {
    for (const bool local : {false, true}) {
      DecodeAngles few(config_of(kind, 16), local, int64_t{1} << 40);
      DecodeAngles many(config_of(kind, 256), local, 256);
      for (const int64_t position : {0, 7, 8, 15, 16, 17, 200, 255})
        EXPECT_EQ(angles_at(few, position), angles_at(many, position)) << position;
    }
  }
}

}  // namespace
}  // namespace laconic
