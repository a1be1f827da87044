// What families add to the kernels of a decode step, against plain formulas in double, for every
// instruction set of the machine, which must agree bit for bit.
// SPDX-License-Identifier: Apache-2.0
#include "nn/decode_kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "nn/decode_experts.h"
#include "nn/decode_testing.h"

namespace laconic {
namespace {

using testing::expect_same_bits;
using testing::random_floats;

TEST(DecodeKernels, HeadNormOfAnyWidthLeavesWhatIsBehind) {
  for (const int64_t width : {6, 12, 16, 17, 32, 100, 128}) {
    expect_same_bits([&] {
      const AlignedFloats weight = random_floats(width, 2, 1);
      const AlignedFloats before = random_floats(width + 20, 3, 2);
      AlignedFloats head = before;
      head_norm(head.data(), weight.data(), width, 1e-3);
      double mean = 0;
      for (int64_t i = 0; i < width; ++i)
        mean += static_cast<double>(before[i]) * before[i] / static_cast<double>(width);
      for (int64_t i = 0; i < width; ++i)
        EXPECT_NEAR(head[i], before[i] * weight[i] / std::sqrt(mean + 1e-3), 2e-6) << i;
      EXPECT_TRUE(std::equal(head.begin() + width, head.end(), before.begin() + width));
      return head;
    });
  }
}

TEST(DecodeKernels, GegluIsTheTanhForm) {
  expect_same_bits([] {
    const AlignedFloats up = random_floats(512, 2, 3), before = random_floats(512, 12, 4);
    AlignedFloats gate = before;
    gate[0] = -200, gate[1] = 200;
    geglu_row(gate.data(), up.data(), 512);
    EXPECT_NEAR(gate[0], 0, 1e-30);
    EXPECT_FLOAT_EQ(gate[1], 200 * up[1]);
    for (size_t i = 2; i < gate.size(); ++i) {
      const double g = before[i];
      const double inner = std::sqrt(2 / M_PI) * (g + 0.044715 * g * g * g);
      EXPECT_NEAR(gate[i], 0.5 * g * (1 + std::tanh(inner)) * up[i], 3e-6) << g;
    }
    return gate;
  });
}

TEST(DecodeKernels, SoftcapOfAnElementDoesNotDependOnItsPlace) {
  expect_same_bits([] {
    const AlignedFloats before = random_floats(101, 90, 5);
    AlignedFloats whole = before;
    softcap_row(whole.data(), 101, 30);
    for (size_t i = 0; i < whole.size(); ++i) {
      EXPECT_NEAR(whole[i], 30 * std::tanh(before[i] / 30.0), 1e-5);
      AlignedFloats alone(1, before[i]);
      softcap_row(alone.data(), 1, 30);
      EXPECT_EQ(alone[0], whole[i]) << i;
    }
    return whole;
  });
}

// The lower number first among equals, and the sum of the weights.
TEST(DecodeKernels, ExpertsWithEqualProbability) {
  ModelConfig config;
  config.hidden_size = 3;
  config.num_experts = 4;
  config.experts_per_token = 2;
  config.expert_intermediate_size = 2;
  DecodeLayer layer;
  layer.router.resize(4, 3);  // zeros: all experts alike
  layer.experts.resize(4);
  for (size_t expert = 0; expert < 4; ++expert) {
    DecodeMlp& mlp = layer.experts[expert];
    for (DecodeMatrix* matrix : {&mlp.gate, &mlp.up}) matrix->resize(2, 3);
    mlp.down.resize(3, 2);
    mlp.down.bias[0] = static_cast<float>(1 << expert);
  }
  for (const bool normalize : {false, true}) {
    config.normalize_expert_weights = normalize;
    DecodeExperts experts(config, 5);
    Activations in, out;
    in.resize(5, 3), out.resize(5, 3);
    experts.run(layer, in, out, {1, 4}, [](int64_t count, const auto& function) {
      function(Range{0, count});
    });
    EXPECT_EQ(out.row(1)[0], normalize ? 1.5F : 0.75F);
    EXPECT_EQ(out.row(0)[0], 0);
    EXPECT_EQ(out.row(4)[0], 0);
  }
}

}  // namespace
}  // namespace laconic
