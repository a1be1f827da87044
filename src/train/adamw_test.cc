// Exact agreement with torch.optim.AdamW is in parity_test.cc; here are its rules one by one.
// SPDX-License-Identifier: Apache-2.0
#include "train/adamw.h"

#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include <cmath>

#include "nn/testing.h"
#include "nn/weights.h"

namespace laconic {
namespace {

ModelConfig tiny_config() {
  ModelConfig c;
  c.architecture = "Qwen2ForCausalLM";
  c.vocab_size = 11, c.hidden_size = 8, c.intermediate_size = 10, c.num_layers = 1;
  c.num_heads = 2, c.num_kv_heads = 1, c.head_dim = 4, c.qkv_bias = true, c.tie_embeddings = true;
  return c;
}

Weights random_gradients(const Weights& like, uint64_t seed) {
  return view_weights(like.config, testing::random_tensor(like.flat.sizes(), seed));
}

TEST(AdamW, FirstStepMovesEachWeightByTheRateAgainstTheSign) {
  Weights weights = make_weights(tiny_config());
  const Weights gradients = random_gradients(weights, 1);
  AdamW optimizer(weights, {});
  optimizer.step(weights, gradients, 0.25);
  // m / sqrt(v) is g / |g| after bias correction.
  EXPECT_LT((weights.flat + gradients.flat.sign() * 0.25).abs().max().item<float>(), 1e-4);
}

TEST(AdamW, DecaysMatricesOnly) {
  Weights weights = make_weights(tiny_config());
  weights.flat.fill_(1.0f);
  const Weights gradients = make_weights(tiny_config());
  AdamW optimizer(weights, {.weight_decay = 0.5});
  optimizer.step(weights, gradients, 0.1);
  for (const Parameter& p : weights.parameters) {
    const float want = p.shape.size() > 1 ? 0.95f : 1.0f;
    const at::Tensor part = weights.flat.narrow(0, p.offset, p.size());
    EXPECT_NEAR(part.min().item<float>(), want, 1e-6) << p.name;
    EXPECT_NEAR(part.max().item<float>(), want, 1e-6) << p.name;
  }
}

TEST(AdamW, GradientFactorScalesTheGradient) {
  Weights a = make_weights(tiny_config()), b = make_weights(tiny_config());
  const Weights gradients = random_gradients(a, 2);
  const Weights half = view_weights(a.config, gradients.flat * 0.5);
  AdamW first(a, {.eps = 0.1}), second(b, {.eps = 0.1});
  first.step(a, gradients, 0.1, 0.5);
  second.step(b, half, 0.1);
  EXPECT_TRUE(a.flat.equal(b.flat));
}

TEST(AdamW, RestoredStateGoesOnBitForBit) {
  Weights a = testing::random_weights(tiny_config(), 3), b = make_weights(tiny_config());
  AdamW first(a, {.weight_decay = 0.1});
  for (uint64_t i = 0; i < 3; ++i) first.step(a, random_gradients(a, i), 0.01);
  b.flat.copy_(a.flat);
  AdamW second(b, {.weight_decay = 0.1});
  second.restore(first.num_steps(), first.first_moment(), first.second_moment());
  for (uint64_t i = 3; i < 6; ++i) {
    first.step(a, random_gradients(a, i), 0.01);
    second.step(b, random_gradients(b, i), 0.01);
  }
  EXPECT_EQ(second.num_steps(), 6);
  EXPECT_TRUE(a.flat.equal(b.flat));
}

TEST(AdamW, SameUnderEveryTarget) {
  const Weights start = testing::random_weights(tiny_config(), 3);
  at::Tensor want;
  testing::for_each_target([&](const std::string&) {
    Weights weights = view_weights(start.config, start.flat.clone());
    AdamW optimizer(weights, {});
    for (uint64_t i = 0; i < 3; ++i) optimizer.step(weights, random_gradients(weights, i), 0.01);
    if (!want.defined()) want = weights.flat;
    EXPECT_TRUE(weights.flat.equal(want));
  });
}

TEST(GradientNorm, IsTheL2NormAndClips) {
  const Weights gradients = random_gradients(make_weights(tiny_config()), 4);
  const double want = gradients.flat.to(at::kDouble).norm().item<double>();
  EXPECT_NEAR(gradient_norm(gradients), want, 1e-9 * want);
  EXPECT_NEAR(clip_factor(4.0, 1.0), 0.25, 1e-6);
  EXPECT_EQ(clip_factor(0.5, 1.0), 1.0);
  EXPECT_EQ(clip_factor(4.0, 0.0), 1.0) << "0 turns clipping off";
}

}  // namespace
}  // namespace laconic
