// Products with packed matrices, by storage, for every instruction set of the machine, which must
// agree bit for bit.
// SPDX-License-Identifier: Apache-2.0
#include "nn/decode_matrix.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "nn/decode_int8.h"
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

// Those that this processor multiplies.
std::vector<WeightStorage> storages() {
  std::vector<WeightStorage> all = {WeightStorage::kFloat32, WeightStorage::kBfloat16,
                                    WeightStorage::kInt8};
  if (has_bfloat16_products()) all.push_back(WeightStorage::kBfloat16Pairs);
  return all;
}

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

// Values on a grid of `steps` steps up to the largest magnitude among them.
void round_to_grid(float* values, int64_t count, float steps) {
  float largest = 0;
  for (int64_t k = 0; k < count; ++k) largest = std::max(largest, std::abs(values[k]));
  for (int64_t k = 0; k < count; ++k)
    values[k] = largest / steps * std::nearbyint(values[k] * (steps / largest));
}

TEST(DecodeMatrix, Int8IsTheProductOfItsOwnGrids) {
  for (const StoredProduct& p : kStored) {
    const AlignedFloats weight = random_floats(p.outputs * p.inputs, 1, 13);
    AlignedFloats grid = weight, x = random_floats(p.rows * p.inputs, 1, 11);
    for (int64_t o = 0; o < p.outputs; ++o)
      round_to_grid(grid.data() + o * p.inputs, p.inputs, 127);
    for (int64_t r = 0; r < p.rows; ++r) {
      for (int64_t k = 0; k < p.inputs; k += int8::kBlock)
        round_to_grid(x.data() + r * p.inputs + k, std::min(p.inputs - k, int8::kBlock), 32767);
    }
    expect_same_bits([&] {
      const AlignedFloats stored = product(p, weight, WeightStorage::kInt8);
      for (int64_t i = 0; i < p.rows * p.outputs; ++i) {
        const float* row = x.data() + i / p.outputs * p.inputs;
        const float* column = grid.data() + i % p.outputs * p.inputs;
        const double want =
            std::inner_product(row, row + p.inputs, column, 0.25 * (i % p.outputs % 5));
        EXPECT_NEAR(stored[i], want, 1e-5) << i;
      }
      return stored;
    });
  }
}

// Signs alike and as large as can be: sums of a block must not overflow.
TEST(DecodeMatrix, Int8OfTheLargestSumsAndOfBrokenActivations) {
  constexpr int64_t kInputs = 3 * int8::kBlock, kRows = 3;
  const StoredProduct p = {32, kInputs, kRows};
  const AlignedFloats weight(p.outputs * p.inputs, -2.0F);
  const DecodeMatrix matrix = packed(p, weight, WeightStorage::kInt8);
  AlignedFloats x(kRows * kInputs, 3.0F), y(kRows * p.outputs);
  x[kInputs + 7] = std::numeric_limits<float>::quiet_NaN();
  x[3 * kInputs - 1] = -std::numeric_limits<float>::infinity();
  multiply_panels({&matrix, x.data(), kInputs, y.data(), p.outputs, kRows, 0, 1});
  for (int64_t o = 0; o < p.outputs; ++o) {
    EXPECT_NEAR(y[o], 0.25 * (o % 5) - 6.0 * kInputs, 1e-2);
    EXPECT_TRUE(std::isnan(y[p.outputs + o]) && std::isnan(y[2 * p.outputs + o])) << o;
  }
}

// The sampler's promise: a row's bits depend neither on the others nor on who takes which panel.
TEST(DecodeMatrix, RowsAndPanelsApartGiveTheSameBits) {
  for (const WeightStorage storage : storages()) {
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
      // Quantized or rounded once for all panels.
      AlignedFloats pieces(together.size());
      MatmulArgs piece = {&matrix, x.data(), p.inputs, pieces.data(), p.outputs, p.rows, 0, 0};
      prepare_rows(piece);
      EXPECT_EQ(piece.quantized != nullptr, storage == WeightStorage::kInt8);
      EXPECT_EQ(piece.rounded != nullptr, storage == WeightStorage::kBfloat16Pairs);
      for (; piece.panel_begin < matrix.num_panels(); piece.panel_begin = piece.panel_end) {
        piece.panel_end = piece.panel_begin + 1;
        multiply_panels(piece);
      }
      EXPECT_EQ(pieces, together) << p.outputs << " x " << p.inputs;
    }
  }
}

TEST(DecodeMatrix, WritesNoColumnBeyondTheOutputsWhereAPanelSticksOut) {
  const StoredProduct p = {33, 300, 5};
  constexpr int64_t kStride = 40;
  const AlignedFloats weight = random_floats(p.outputs * p.inputs, 1, 12);
  const AlignedFloats x = random_floats(p.rows * p.inputs, 1, 11);
  for (const WeightStorage storage : storages()) {
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
