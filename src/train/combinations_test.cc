// What can be combined in training: every family with every kind of adapter, in both precisions,
// with and without recomputation, in one piece and in shares. The parity tests hold each of these
// alone to transformers and PEFT; here a combination must agree with its plainer neighbour.
// SPDX-License-Identifier: Apache-2.0
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "nn/family_goldens.h"
#include "nn/lora.h"
#include "nn/model_folder.h"
#include "nn/testing.h"

namespace laconic {
namespace {

using testing::relative_difference;

enum class Kind { kAllWeights, kLora, kDora };

class Combinations : public ::testing::TestWithParam<std::string> {
 protected:
  Combinations() : base_(load_model(testing::family_goldens() + "/" + GetParam()).weights) {
    // 1200 tokens: two shares.
    batch_ = testing::random_batch(std::vector<int32_t>(30, 40), base_.config.vocab_size, 3);
  }

  Weights weights_of(Kind kind) const {
    if (kind == Kind::kAllWeights) return base_;
    AdapterConfig config;
    config.r = 3;
    config.all_linear = true;
    config.use_dora = kind == Kind::kDora;
    config.dropout = 0.2;
    Weights weights = attach_adapter(base_, config, 1);
    weights.lora->flat.add_(testing::random_tensor({weights.lora->flat.numel()}, 8), 0.05);
    refresh_norms(weights);
    return weights;
  }
  Weights with_rounded_base(const Weights& weights) const {
    Weights rounded = view_weights(base_.config, base_.flat.clone());
    round_weights(rounded, "bfloat16");
    return weights.lora ? attach_adapter(rounded, adapter_of(weights)) : rounded;
  }
  static double distance(const at::Tensor& a, const at::Tensor& b) {
    return ((a - b).norm() / b.norm()).item<double>();
  }
  at::Tensor gradient(const Weights& weights, const TokenBatch& batch,
                      const DecoderOptions& options, at::Tensor sum = {}) const {
    if (!sum.defined()) sum = at::zeros_like(trained_tensors(weights).flat);
    Weights gradients = view_gradients(weights, sum);
    loss_ = forward_backward(weights, batch, 1e-3, gradients, options).loss;
    return sum;
  }
  // A single document is never cut into shares.
  at::Tensor gradient_one_by_one(const Weights& weights, const DecoderOptions& options) const {
    at::Tensor sum = at::zeros_like(trained_tensors(weights).flat);
    for (int32_t d = 0; d < 30; ++d) {
      const auto cut = [&](const auto& all) {
        return std::vector(all.begin() + 40 * d, all.begin() + 40 * (d + 1));
      };
      TokenBatch part;
      part.ids = cut(batch_.ids), part.targets = cut(batch_.targets);
      part.loss_weights = cut(batch_.loss_weights);
      part.cu_seqlens = {0, 40};
      part.documents = {d};
      gradient(weights, part, options, sum);
    }
    return sum;
  }

  const Weights base_;
  TokenBatch batch_;
  mutable double loss_ = 0;
};

TEST_P(Combinations, Agree) {
  for (const Kind kind : {Kind::kAllWeights, Kind::kLora, Kind::kDora}) {
    SCOPED_TRACE(static_cast<int>(kind));
    if (kind != Kind::kAllWeights && base_.config.num_experts > 0) {
      EXPECT_THROW(weights_of(kind), Error);
      continue;
    }
    const Weights weights = weights_of(kind);
    DecoderOptions options;
    options.dropout_key = 77;
    const at::Tensor exact = gradient(weights, batch_, options);
    const double loss = loss_;
    // Random models answer sharply to any rounding: products in bf16 are measured by what rounding
    // the frozen weights alone does.
    const double by_rounding =
        distance(gradient(with_rounded_base(weights), batch_, options), exact);
    EXPECT_LT(relative_difference(gradient_one_by_one(weights, options), exact), 2e-5);

    for (const Precision precision : {Precision::kFloat32, Precision::kBfloat16}) {
      options.precision = precision;
      options.recompute = Recompute::kNothing;
      const at::Tensor plain = gradient(weights, batch_, options);
      if (precision == Precision::kBfloat16) {
        EXPECT_FALSE(plain.equal(exact));
        EXPECT_LT(distance(plain, exact), 4 * by_rounding + 0.01);
        EXPECT_NEAR(loss_, loss, 5e-3 * loss);
      }
      options.recompute = Recompute::kLayers;
      EXPECT_TRUE(gradient(weights, batch_, options).equal(plain));
      const int num_threads = at::get_num_threads();
      at::set_num_threads(num_threads == 1 ? 2 : 1);
      EXPECT_TRUE(gradient(weights, batch_, options).equal(plain));
      at::set_num_threads(num_threads);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Families, Combinations, ::testing::ValuesIn(testing::family_names()),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace_if(
                               name.begin(), name.end(), [](char c) { return !isalnum(c); }, '_');
                           return name;
                         });

}  // namespace
}  // namespace laconic
