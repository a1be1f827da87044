// What families add to the kernels of a decode step, against plain formulas in double, for every
// instruction set of the machine, which must agree bit for bit.
// SPDX-License-Identifier: Apache-2.0
#include "nn/decode_kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "nn/decode_experts.h"
#include "nn/decode_testing.h"
#include "nn/gemm.h"
#include "nn/half.h"

namespace laconic {
namespace {

using testing::expect_same_bits;
using testing::random_floats;

struct StoredProduct {
  int64_t outputs, inputs, rows;
};

AlignedFloats product(const StoredProduct& p, const AlignedFloats& weight, WeightStorage storage) {
  DecodeMatrix matrix;
  matrix.resize(p.outputs, p.inputs, storage);
  pack_panels(weight.data(), matrix, 0, matrix.num_panels());
  for (int64_t i = 0; i < p.outputs; ++i) matrix.bias[static_cast<size_t>(i)] = 0.25F * (i % 5);
  const AlignedFloats x = random_floats(p.rows * p.inputs, 1, 11);
  AlignedFloats y(static_cast<size_t>(p.rows * p.outputs));
  multiply_panels(
      {&matrix, x.data(), p.inputs, y.data(), p.outputs, p.rows, 0, matrix.num_panels()});
  return y;
}

const StoredProduct kStored[] = {{1, 1, 1}, {33, 7, 3}, {64, 513, 13}, {70, 1100, 2}, {32, 64, 31}};

TEST(DecodeKernels, WeightsOfBf16ValuesGiveTheSameBitsStoredAsBf16) {
  for (const StoredProduct& p : kStored) {
    AlignedFloats weight = random_floats(p.outputs * p.inputs, 1, 12);
    EXPECT_FALSE(is_bfloat16(weight.data(), p.outputs * p.inputs));
    for (float& w : weight) w = bfloat16_to_float(float_to_bfloat16(w));
    EXPECT_TRUE(is_bfloat16(weight.data(), p.outputs * p.inputs));
    expect_same_bits([&] {
      const AlignedFloats stored = product(p, weight, WeightStorage::kBfloat16);
      EXPECT_EQ(stored, product(p, weight, WeightStorage::kFloat32));
      return stored;
    });
  }
}

TEST(DecodeKernels, PairsAreTheProductOfRoundedOperandsWhateverTheRows) {
  if (!has_bfloat16_products()) GTEST_SKIP() << "the processor has no bf16 products";
  for (const StoredProduct& p : kStored) {
    const AlignedFloats weight = random_floats(p.outputs * p.inputs, 1, 12);
    const AlignedFloats stored = product(p, weight, WeightStorage::kBfloat16Pairs);
    const AlignedFloats x = random_floats(p.rows * p.inputs, 1, 11);
    const auto rounded = [](float v) { return bfloat16_to_float(float_to_bfloat16(v)); };
    for (int64_t r = 0; r < p.rows; ++r)
      for (int64_t o = 0; o < p.outputs; ++o) {
        double want = 0.25 * (o % 5);
        for (int64_t k = 0; k < p.inputs; ++k)
          want +=
              static_cast<double>(rounded(x[r * p.inputs + k])) * rounded(weight[o * p.inputs + k]);
        EXPECT_NEAR(stored[r * p.outputs + o], want, 1e-4) << r << ", " << o;
      }
    StoredProduct alone = p;
    alone.rows = 1;
    const AlignedFloats first = product(alone, weight, WeightStorage::kBfloat16Pairs);
    EXPECT_TRUE(std::equal(first.begin(), first.end(), stored.begin()));
  }
}

TEST(DecodeKernels, Int8IsTheProductOfItsOwnGrid) {
  for (const StoredProduct& p : kStored) {
    const AlignedFloats weight = random_floats(p.outputs * p.inputs, 1, 13);
    AlignedFloats grid = weight;
    for (int64_t o = 0; o < p.outputs; ++o) {
      float largest = 0;
      for (int64_t k = 0; k < p.inputs; ++k)
        largest = std::max(largest, std::abs(weight[o * p.inputs + k]));
      for (int64_t k = 0; k < p.inputs; ++k) {
        float& w = grid[o * p.inputs + k];
        w = largest / 127 * std::nearbyint(w * (127 / largest));
        EXPECT_NEAR(w, weight[o * p.inputs + k], largest / 254 * 1.0001);
      }
    }
    expect_same_bits([&] {
      const AlignedFloats stored = product(p, weight, WeightStorage::kInt8);
      const AlignedFloats want = product(p, grid, WeightStorage::kFloat32);
      for (size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(stored[i], want[i], 1e-4) << i;
      return stored;
    });
  }
}

// Rows of unused tokens may be far below what a factor of fp32 reaches, and a broken one must show.
TEST(DecodeKernels, Int8OfTinyAndBrokenRows) {
  const StoredProduct p = {4, 5, 1};
  AlignedFloats weight = random_floats(p.outputs * p.inputs, 1, 14);
  const AlignedFloats whole = product(p, weight, WeightStorage::kInt8);
  for (int64_t k = 0; k < p.inputs; ++k) weight[k] = 1e-38F, weight[p.inputs + k] = 1e-42F;
  weight[2 * p.inputs + 1] = std::numeric_limits<float>::infinity();
  const AlignedFloats got = product(p, weight, WeightStorage::kInt8);
  EXPECT_EQ(got[0], 0.0F);  // the bias
  EXPECT_EQ(got[1], 0.25F);
  EXPECT_TRUE(std::isnan(got[2]));
  EXPECT_EQ(got[3], whole[3]);
}

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
