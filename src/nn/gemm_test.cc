// SPDX-License-Identifier: Apache-2.0
#include "nn/gemm.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "nn/operators.h"
#include "nn/testing.h"

namespace laconic {
namespace {

using testing::random_tensor;
using testing::relative_difference;

struct Sizes {
  int64_t rows, in, out;
};

// An adapter's ranks last; before them rows that lie a power of two apart, and far apart.
const Sizes kSizes[] = {{1, 1, 1},       {5, 16, 33},     {13, 128, 384}, {97, 70, 31},
                        {300, 384, 128}, {700, 48, 405},  {50, 1024, 40}, {27, 4500, 20},
                        {1100, 130, 16}, {1100, 16, 130}, {300, 96, 8},   {300, 12, 96}};

TEST(Gemm, LinearForwardAndBackwardMatchTheFormula) {
  for (const Sizes& s : kSizes) {
    SCOPED_TRACE(std::to_string(s.rows) + " x " + std::to_string(s.in) + " x " +
                 std::to_string(s.out));
    const at::Tensor x = random_tensor({s.rows, s.in}, 1), w = random_tensor({s.out, s.in}, 2);
    const at::Tensor dy = random_tensor({s.rows, s.out}, 3), y0 = random_tensor({s.rows, s.out}, 4);
    const auto wide = [](const at::Tensor& t) { return t.to(at::kDouble); };
    testing::for_each_target([&](const std::string&) {
      const at::Tensor y = at::empty({s.rows, s.out}), dx = at::empty({s.rows, s.in});
      linear(x, LinearWeight{w}, y);
      EXPECT_LT(relative_difference(y, wide(x).matmul(wide(w).t())), 1e-5);
      linear_add(x, LinearWeight{w}, y0, y);
      EXPECT_LT(relative_difference(y, y0 + wide(x).matmul(wide(w).t())), 1e-5);
      linear_backward_input(dy, LinearWeight{w}, dx);
      EXPECT_LT(relative_difference(dx, wide(dy).matmul(wide(w))), 1e-5);
      const at::Tensor dw = w.clone();
      linear_backward_weight(dy, x, dw);
      EXPECT_LT(relative_difference(dw, w + wide(dy).t().matmul(wide(x))), 1e-5);
    });
  }
}

at::Tensor rounded(const at::Tensor& t) { return t.to(at::kBFloat16).to(at::kDouble); }

// bf16 is the exact product of rounded operands, but for the order of fp32 sums; so the bound is
// that of fp32.
TEST(Gemm, Bfloat16ProductsAreThoseOfRoundedOperands) {
  for (const Precision precision : {Precision::kBfloat16, Precision::kBfloat16Rounded}) {
    for (const Sizes& s : kSizes) {
      SCOPED_TRACE(std::to_string(s.rows) + " x " + std::to_string(s.in) + " x " +
                   std::to_string(s.out) +
                   (precision == Precision::kBfloat16 ? "" : ", rounded operands"));
      const at::Tensor x = random_tensor({s.rows, s.in}, 1), w = random_tensor({s.out, s.in}, 2);
      const at::Tensor dy = random_tensor({s.rows, s.out}, 3),
                       y0 = random_tensor({s.rows, s.out}, 4);
      const LinearWeight weight{w, nullptr, nullptr, {precision}};
      const at::Tensor y = at::empty({s.rows, s.out}), dx = at::empty({s.rows, s.in});
      linear(x, weight, y);
      EXPECT_LT(relative_difference(y, rounded(x).matmul(rounded(w).t())), 1e-5);
      linear_add(x, weight, y0, y);
      EXPECT_LT(relative_difference(y, y0 + rounded(x).matmul(rounded(w).t())), 1e-5);
      linear_backward_input(dy, weight, dx);
      EXPECT_LT(relative_difference(dx, rounded(dy).matmul(rounded(w))), 1e-5);
      const at::Tensor dw = w.clone();
      linear_backward_weight(dy, x, dw, {precision});
      EXPECT_LT(relative_difference(dw, w + rounded(dy).t().matmul(rounded(x))), 1e-5);
    }
  }
}

TEST(Gemm, ColumnsOfWiderRowsAreReadAndWrittenAlone) {
  for (const Precision precision : {Precision::kFloat32, Precision::kBfloat16}) {
    const at::Tensor x = random_tensor({70, 33}, 1), w = random_tensor({50, 33}, 2);
    const at::Tensor wide = random_tensor({70, 90}, 3), before = wide.clone();
    const at::Tensor part = wide.narrow(1, 21, 50);
    const LinearWeight weight{w, nullptr, nullptr, {precision}};
    const at::Tensor want = at::empty({70, 50}), dx = random_tensor({70, 33}, 4);
    linear_add(x, weight, part.contiguous(), want);
    linear_add(x, weight, part, part);
    EXPECT_TRUE(part.equal(want));
    EXPECT_TRUE(wide.narrow(1, 0, 21).equal(before.narrow(1, 0, 21)));
    EXPECT_TRUE(wide.narrow(1, 71, 19).equal(before.narrow(1, 71, 19)));
    const at::Tensor alone = at::empty({70, 33}), sum = dx.clone();
    linear_backward_input(part.contiguous(), weight, alone);
    linear_backward_input_add(part, weight, sum);
    EXPECT_LT(relative_difference(sum, dx + alone), 1e-5);
    const at::Tensor dw = at::zeros({50, 33}), dw_part = at::zeros({50, 33});
    linear_backward_weight(part.contiguous(), x, dw, {precision});
    linear_backward_weight(part, x, dw_part, {precision});
    EXPECT_TRUE(dw.equal(dw_part));
  }
}

TEST(Gemm, ABfloat16RowsBitsDoNotDependOnItsNeighbours) {
  const at::Tensor x = random_tensor({200, 129}, 1), w = random_tensor({405, 129}, 2);
  const LinearWeight weight{w, nullptr, nullptr, {Precision::kBfloat16}};
  const at::Tensor all = at::empty({200, 405});
  linear(x, weight, all);
  for (const int64_t rows : {1, 2, 3, 5, 7, 13, 99}) {
    const at::Tensor some = at::empty({rows, 405});
    linear(x.narrow(0, 50, rows), weight, some);
    EXPECT_TRUE(some.equal(all.narrow(0, 50, rows))) << rows << " rows";
  }
}

// With few rows a gradient is computed transposed, and over longer stretches of tokens.
TEST(Gemm, ARowOfAGradientHasTheSameBitsAmongFewAndMany) {
  const at::Tensor x = random_tensor({1300, 129}, 1), dy = random_tensor({1300, 200}, 2);
  for (const Precision precision : {Precision::kFloat32, Precision::kBfloat16}) {
    testing::for_each_target([&](const std::string&) {
      const at::Tensor all = at::zeros({200, 129});
      linear_backward_weight(dy, x, all, {precision});
      for (const int64_t rows : {1, 4, 8, 16, 17, 64, 65}) {
        const at::Tensor some = at::zeros({rows, 129});
        linear_backward_weight(dy.narrow(1, 50, rows), x, some, {precision});
        EXPECT_TRUE(some.equal(all.narrow(0, 50, rows))) << rows << " rows";
      }
    });
  }
}

TEST(Gemm, ARowsBitsDoNotDependOnItsNeighbours) {
  const at::Tensor x = random_tensor({200, 128}, 1), w = random_tensor({405, 128}, 2);
  testing::for_each_target([&](const std::string&) {
    const at::Tensor all = at::empty({200, 405});
    linear(x, LinearWeight{w}, all);
    for (const int64_t rows : {1, 2, 3, 5, 7, 13, 99}) {
      const at::Tensor some = at::empty({rows, 405});
      linear(x.narrow(0, 50, rows), LinearWeight{w}, some);
      EXPECT_TRUE(some.equal(all.narrow(0, 50, rows))) << rows << " rows";
    }
  });
}

}  // namespace
}  // namespace laconic
