// Products with packed matrices, by storage, for every instruction set of the machine, which must
// agree bit for bit.
// SPDX-License-Identifier: Apache-2.0
#include "nn/decode_matrix.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

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

DecodeMatrix packed(const StoredProduct& p, const AlignedFloats& weight, WeightStorage storage) {
  DecodeMatrix matrix;
  matrix.resize(p.outputs, p.inputs, storage);
  pack_panels(weight.data(), matrix, 0, matrix.num_panels());
  for (int64_t i = 0; i < p.outputs; ++i) matrix.bias[static_cast<size_t>(i)] = 0.25F * (i % 5);
  return matrix;
}

AlignedFloats product(const StoredProduct& p, const AlignedFloats& weight, WeightStorage storage) {
  const DecodeMatrix matrix = packed(p, weight, storage);
  const AlignedFloats x = random_floats(p.rows * p.inputs, 1, 11);
  AlignedFloats y(static_cast<size_t>(p.rows * p.outputs));
  multiply_panels(
      {&matrix, x.data(), p.inputs, y.data(), p.outputs, p.rows, 0, matrix.num_panels()});
  return y;
}

const StoredProduct kStored[] = {{1, 1, 1},     {33, 7, 3},    {64, 513, 13},
                                 {70, 1100, 2}, {32, 64, 31},  {96, 513, 1},
                                 {130, 40, 1},  {160, 600, 5}, {70, 300, 67}};

TEST(DecodeMatrix, WeightsOfBf16ValuesGiveTheSameBitsStoredAsBf16) {
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

TEST(DecodeMatrix, PairsAreTheProductOfRoundedOperandsWhateverTheRows) {
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

TEST(DecodeMatrix, Int8IsTheProductOfItsOwnGrid) {
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

// The sampler's promise: a row's bits depend neither on the others nor on who takes which panel.
TEST(DecodeMatrix, RowsAndPanelsApartGiveTheSameBits) {
  for (const WeightStorage storage :
       {WeightStorage::kFloat32, WeightStorage::kBfloat16, WeightStorage::kInt8}) {
    for (const StoredProduct& p : kStored) {
      const AlignedFloats weight = random_floats(p.outputs * p.inputs, 1, 12);
      const AlignedFloats together = product(p, weight, storage);
      const DecodeMatrix matrix = packed(p, weight, storage);
      const AlignedFloats x = random_floats(p.rows * p.inputs, 1, 11);
      for (int64_t cut = 0; cut <= matrix.num_panels(); ++cut) {
        AlignedFloats apart(together.size());
        for (int64_t r = 0; r < p.rows; ++r) {
          const MatmulArgs row = {&matrix,   x.data() + r * p.inputs,
                                  p.inputs,  apart.data() + r * p.outputs,
                                  p.outputs, 1,
                                  0,         cut};
          MatmulArgs rest = row;
          rest.panel_begin = cut, rest.panel_end = matrix.num_panels();
          multiply_panels(row);
          multiply_panels(rest);
        }
        EXPECT_EQ(apart, together) << p.outputs << " x " << p.inputs << ", cut " << cut;
      }
    }
  }
}

TEST(DecodeMatrix, WritesNoColumnBeyondTheOutputsWhereAPanelSticksOut) {
  const StoredProduct p = {33, 300, 5};
  constexpr int64_t kStride = 40;
  const AlignedFloats weight = random_floats(p.outputs * p.inputs, 1, 12);
  const AlignedFloats x = random_floats(p.rows * p.inputs, 1, 11);
  for (const WeightStorage storage :
       {WeightStorage::kFloat32, WeightStorage::kBfloat16, WeightStorage::kInt8}) {
    const DecodeMatrix matrix = packed(p, weight, storage);
    const AlignedFloats want = product(p, weight, storage);
    AlignedFloats y(static_cast<size_t>(p.rows * kStride), 7.0F);
    multiply_panels({&matrix, x.data(), p.inputs, y.data(), kStride, p.rows, 0, 2});
    for (int64_t r = 0; r < p.rows; ++r) {
      for (int64_t c = 0; c < kStride; ++c)
        EXPECT_EQ(y[r * kStride + c], c < p.outputs ? want[r * p.outputs + c] : 7.0F) << r << c;
    }
  }
}

// Rows of unused tokens may be far below what a factor of fp32 reaches, and a broken one must show.
TEST(DecodeMatrix, Int8OfTinyAndBrokenRows) {
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

}  // namespace
}  // namespace laconic
