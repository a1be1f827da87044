// LoRA and DoRA in training against PEFT (tests/golden/make_adapters.py): log-probabilities, every
// gradient, ten AdamW steps; what is frozen stays; dropout's masks.
// SPDX-License-Identifier: Apache-2.0
#include "nn/lora.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <string>

#include "base/error.h"
#include "base/safetensors.h"
#include "nn/adapter_golden.h"
#include "nn/dequantize.h"
#include "nn/model_folder.h"
#include "nn/testing.h"
#include "train/adamw.h"
#include "train/trainer.h"

namespace laconic {
namespace {

using testing::AdapterGolden;
using testing::relative_difference;

at::Tensor part_of(const at::Tensor& flat, const Parameter& parameter) {
  return flat.narrow(0, parameter.offset, parameter.size());
}

class PeftTraining : public ::testing::TestWithParam<const char*> {
 protected:
  PeftTraining()
      : golden_(GetParam()),
        base_(load_model(golden_.base_folder).weights),
        untouched_(base_.flat.clone()),
        weights_(attach_adapter(base_, load_adapter(golden_.folder, base_.config))),
        scale_(1.0 / static_cast<double>(golden_.num_targets)) {}

  // The trained buffer's layout filled from a golden file.
  at::Tensor read(const std::string& name) const {
    at::Tensor flat = at::zeros_like(weights_.lora->flat);
    const SafetensorsFile file(golden_.folder + "/" + name);
    size_t found = 0;
    for (const Parameter& parameter : weights_.lora->parameters)
      for (const TensorEntry& entry : file.index().tensors) {
        if (entry.name != "base_model.model." + parameter.name) continue;
        dequantize(
            entry.dtype, file.bytes(entry),
            {flat.data_ptr<float>() + parameter.offset, static_cast<size_t>(parameter.size())});
        ++found;
      }
    EXPECT_EQ(found, file.index().tensors.size());
    EXPECT_EQ(found, weights_.lora->parameters.size());
    return flat;
  }

  AdapterGolden golden_;
  Weights base_;
  at::Tensor untouched_;
  Weights weights_;
  double scale_;
};

TEST_P(PeftTraining, LogprobsUnmergedAndMerged) {
  const std::vector<float> unmerged = target_logprobs(weights_, golden_.batch);
  golden_.expect_logprobs(unmerged);
  Weights merged = view_weights(base_.config, base_.flat.clone());
  merge_adapter(adapter_of(weights_), merged);
  const std::vector<float> whole = target_logprobs(merged, golden_.batch);
  for (size_t t = 0; t < whole.size(); ++t) EXPECT_NEAR(whole[t], unmerged[t], 1e-4);
}

TEST_P(PeftTraining, LossAndEveryGradient) {
  const at::Tensor want = read("gradients.safetensors");
  for (const Recompute recompute : {Recompute::kNothing, Recompute::kLayers}) {
    Weights got = make_gradients(weights_);
    DecoderOptions options;
    options.recompute = recompute;
    const LossSum loss = forward_backward(weights_, golden_.batch, scale_, got, options);
    EXPECT_NEAR(loss.loss * scale_, golden_.number("losses", 0), 1e-5);
    for (const Parameter& p : weights_.lora->parameters)
      EXPECT_LT(relative_difference(part_of(got.lora->flat, p), part_of(want, p)), 2e-5) << p.name;
  }
}

TEST_P(PeftTraining, TenStepsAndNothingElseMoves) {
  AdamWOptions adamw;
  adamw.beta1 = golden_.setting("beta1"), adamw.beta2 = golden_.setting("beta2");
  adamw.eps = golden_.setting("eps"), adamw.weight_decay = golden_.setting("weight_decay");
  AdamW optimizer(trained_tensors(weights_), adamw);
  EXPECT_EQ(optimizer.first_moment().numel(), weights_.lora->flat.numel());
  for (size_t step = 0; step < 10; ++step) {
    refresh_norms(weights_);
    Weights gradients = make_gradients(weights_);
    const LossSum loss = forward_backward(weights_, golden_.batch, scale_, gradients);
    const double norm = gradient_norm(trained_tensors(gradients));
    EXPECT_NEAR(loss.loss * scale_, golden_.number("losses", step), 1e-4) << step;
    EXPECT_NEAR(norm, golden_.number("norms", step), 1e-3 * norm) << step;
    optimizer.step(trained_tensors(weights_), trained_tensors(gradients), golden_.setting("lr"),
                   clip_factor(norm, golden_.setting("max_norm")));
  }
  const at::Tensor want = read("trained.safetensors");
  for (const Parameter& p : weights_.lora->parameters)
    EXPECT_LT(relative_difference(part_of(weights_.lora->flat, p), part_of(want, p)), 1e-3)
        << p.name;
  EXPECT_EQ(std::memcmp(base_.flat.data_ptr<float>(), untouched_.data_ptr<float>(),
                        static_cast<size_t>(base_.flat.numel()) * sizeof(float)),
            0);
}

INSTANTIATE_TEST_SUITE_P(All, PeftTraining, ::testing::Values("lora", "rslora", "dora", "saved"));

// Random pairs with dropout beside random weights.
struct DropoutCase {
  bool use_dora;
  double rate;
};

class LoraDropoutTest : public ::testing::TestWithParam<DropoutCase> {
 protected:
  LoraDropoutTest() : base_(load_model(testing::tiny_model_folder("qwen2")).weights) {
    AdapterConfig config;
    config.r = 3;
    config.all_linear = true;
    config.use_dora = GetParam().use_dora;
    config.dropout = GetParam().rate;
    weights_ = attach_adapter(base_, config, 5);
    // B of a new adapter is zero, and then most gradients are.
    weights_.lora->flat.add_(testing::random_tensor({weights_.lora->flat.numel()}, 8), 0.05);
    refresh_norms(weights_);
    options_.dropout_key = 77;
  }
  double loss(const Weights& weights, Weights& gradients) const {
    return forward_backward(weights, batch_, 0.01, gradients, options_).loss * 0.01;
  }
  Weights base_, weights_;
  TokenBatch batch_ = testing::random_batch({9, 30, 17}, 64, 3);
  DecoderOptions options_;
};

TEST_P(LoraDropoutTest, GradientIsThatOfTheLossWithTheSameMasks) {
  Weights gradients = make_gradients(weights_);
  loss(weights_, gradients);
  const at::Tensor gradient = gradients.lora->flat.clone();
  for (const Parameter& p : weights_.lora->parameters) {
    if (p.name.find("layers.1.") == std::string::npos) continue;
    const at::Tensor direction = part_of(gradient, p) / part_of(gradient, p).norm();
    const double slope = (part_of(gradient, p) * direction).sum().item<double>();
    Weights unused = make_gradients(weights_);
    constexpr double kStep = 5e-3;
    at::Tensor values = part_of(weights_.lora->flat, p);
    const at::Tensor before = values.clone();
    values.add_(direction, kStep);
    const double above = loss(weights_, unused);
    values.copy_(before).sub_(direction, kStep);
    const double below = loss(weights_, unused);
    values.copy_(before);
    EXPECT_NEAR((above - below) / (2 * kStep), slope, 0.02 * slope + 1e-4) << p.name;
  }
}

TEST_P(LoraDropoutTest, TheCutIntoMicroBatchesDoesNotMatter) {
  Weights whole = make_gradients(weights_), cut = make_gradients(weights_);
  const double loss_of_whole = loss(weights_, whole);
  double loss_of_parts = 0;
  for (int32_t d = 0; d < 3; ++d) {
    TokenBatch part;
    const int32_t begin = batch_.cu_seqlens[d], end = batch_.cu_seqlens[d + 1];
    part.ids.assign(batch_.ids.begin() + begin, batch_.ids.begin() + end);
    part.targets.assign(batch_.targets.begin() + begin, batch_.targets.begin() + end);
    part.loss_weights.assign(batch_.loss_weights.begin() + begin,
                             batch_.loss_weights.begin() + end);
    part.cu_seqlens = {0, end - begin};
    part.documents = {d};
    DecoderOptions options = options_;
    options.recompute = Recompute::kLayers;
    loss_of_parts += forward_backward(weights_, part, 0.01, cut, options).loss * 0.01;
  }
  EXPECT_NEAR(loss_of_parts, loss_of_whole, 1e-6 * loss_of_whole);
  EXPECT_LT(relative_difference(cut.lora->flat, whole.lora->flat), 1e-5);
}

TEST_P(LoraDropoutTest, StepsDifferAndEvaluationDropsNothing) {
  Weights unused = make_gradients(weights_);
  const double first = loss(weights_, unused);
  EXPECT_EQ(first, loss(weights_, unused));
  options_.dropout_key = 78;
  const double second = loss(weights_, unused);
  EXPECT_EQ(first == second, GetParam().rate == 0);
  const std::vector<float> evaluated = target_logprobs(weights_, batch_);
  Weights merged = view_weights(base_.config, base_.flat.clone());
  merge_adapter(adapter_of(weights_), merged);
  const std::vector<float> whole = target_logprobs(merged, batch_);
  for (size_t t = 0; t < whole.size(); ++t) EXPECT_NEAR(whole[t], evaluated[t], 1e-4);
}

INSTANTIATE_TEST_SUITE_P(All, LoraDropoutTest,
                         ::testing::Values(DropoutCase{false, 0.0}, DropoutCase{false, 0.4},
                                           DropoutCase{true, 0.0}, DropoutCase{true, 0.4}));

TEST(Lora, ANewAdapterIsTheBase) {
  const Weights base = load_model(testing::tiny_model_folder("llama")).weights;
  const TokenBatch batch = testing::random_batch({40, 8}, 64, 3);
  const std::vector<float> want = target_logprobs(base, batch);
  for (const bool use_dora : {false, true}) {
    AdapterConfig config;
    config.all_linear = true;
    config.use_dora = use_dora;
    config.dropout = 0.5;
    const Weights weights = attach_adapter(base, config, 1);
    const std::vector<float> got = target_logprobs(weights, batch);
    for (size_t t = 0; t < want.size(); ++t) EXPECT_NEAR(got[t], want[t], 2e-5);
    const at::Tensor a = adapter_of(weights).low_rank[0].a;
    EXPECT_LE(a.abs().max().item<double>(), 1 / std::sqrt(32.0));
    EXPECT_GT(a.abs().max().item<double>(), 0.9 / std::sqrt(32.0));
    EXPECT_NEAR(a.mean().item<double>(), 0, 0.02);
    const Weights other = attach_adapter(base, config, 2);
    EXPECT_FALSE(other.lora->flat.equal(weights.lora->flat));
  }
}

TEST(Lora, DoraKeepsARowOfZeros) {
  Weights base = load_model(testing::tiny_model_folder("llama")).weights;
  at::Tensor pruned = base.layers[0].down_weight[3];
  pruned.zero_();
  const TokenBatch batch = testing::random_batch({40, 8}, 64, 3);
  const std::vector<float> want = target_logprobs(base, batch);
  AdapterConfig config;
  config.all_linear = true;
  config.use_dora = true;
  for (const double dropout : {0.0, 0.3}) {
    config.dropout = dropout;
    Weights weights = attach_adapter(base, config, 1);
    Weights gradients = make_gradients(weights);
    const double loss = forward_backward(weights, batch, 0.02, gradients).loss;
    EXPECT_TRUE(std::isfinite(loss));
    EXPECT_TRUE(at::isfinite(gradients.lora->flat).all().item<bool>());
    Weights merged = view_weights(base.config, base.flat.clone());
    merge_adapter(adapter_of(weights), merged);
    EXPECT_EQ(merged.layers[0].down_weight[3].abs().max().item<float>(), 0);
    const std::vector<float> got = target_logprobs(merged, batch);
    for (size_t t = 0; t < want.size(); ++t) EXPECT_NEAR(got[t], want[t], 2e-5);
  }
}

TEST(Lora, SharesOfABatchGiveTheSameGradients) {
  const Weights base = load_model(testing::tiny_model_folder("qwen2")).weights;
  AdapterConfig config;
  config.all_linear = true;
  config.dropout = 0.2;
  Weights weights = attach_adapter(base, config, 1);
  weights.lora->flat.add_(testing::random_tensor({weights.lora->flat.numel()}, 8), 0.05);
  // Long enough to be cut into shares; its documents one at a time are not.
  const std::vector<int32_t> lengths(20, 60);
  TokenBatch batch = testing::random_batch(lengths, 64, 3);
  batch.loss_weights.clear();
  Weights whole = make_gradients(weights), single = make_gradients(weights);
  forward_backward(weights, batch, 1e-3, whole);
  for (int32_t d = 0; d < 20; ++d) {
    TokenBatch part;
    part.ids.assign(batch.ids.begin() + 60 * d, batch.ids.begin() + 60 * (d + 1));
    part.targets.assign(batch.targets.begin() + 60 * d, batch.targets.begin() + 60 * (d + 1));
    part.cu_seqlens = {0, 60};
    part.documents = {d};
    forward_backward(weights, part, 1e-3, single);
  }
  EXPECT_LT(relative_difference(whole.lora->flat, single.lora->flat), 1e-5);
}

TEST(Lora, WhatSharesAMatrixCannotBeSavedWhole) {
  const Weights base = load_model(testing::tiny_model_folder("llama")).weights;
  AdapterConfig config;
  config.target_modules = {"o_proj"};
  config.modules_to_save = {"q_proj"};
  EXPECT_THROW(attach_adapter(base, config, 1), Error);
  config.modules_to_save = {"down_proj"};
  const Weights weights = attach_adapter(base, config, 1);
  EXPECT_EQ(weights.lora->plan.saved.size(), 2u);
  config = {};
  config.target_modules = {"lm_head"};
  EXPECT_THROW(attach_adapter(base, config, 1), Error);
}

}  // namespace
}  // namespace laconic
