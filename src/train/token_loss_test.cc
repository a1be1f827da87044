// A training method as a TokenLoss, through the trainer: the worked example of CONTRIBUTING.md.
// Agreement of such a loss with autograd is in nn/decoder_test.cc.
// SPDX-License-Identifier: Apache-2.0
#include "base/token_loss.h"

#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "base/error.h"
#include "nn/lora.h"
#include "nn/testing.h"
#include "train/trainer.h"

namespace laconic {
namespace {

// The usual loss, written as a method.
class Likelihood final : public TokenLoss {
 public:
  double evaluate(const TargetScores& scores, std::span<float> slopes) override {
    double loss = 0;
    for (size_t i = 0; i < scores.logprobs.size(); ++i) {
      const float weight = scores.loss_weights.empty() ? 1.0f : scores.loss_weights[i];
      loss -= double{weight} * scores.logprobs[i];
      slopes[i] = -weight;
    }
    return loss;
  }
};

// The worked example: DPO's loss (arXiv 2305.18290) over pairs of rows, the preferred one first.
//   -log sigmoid(beta ((log p(a) - log r(a)) - (log p(b) - log r(b)))), r the reference model
class PreferenceLoss final : public TokenLoss {
 public:
  PreferenceLoss(double beta, std::vector<double> reference)
      : beta_(beta), reference_(std::move(reference)) {}

  double evaluate(const TargetScores& scores, std::span<float> slopes) override {
    seen.emplace_back(scores.rows.begin(), scores.rows.end());
    double loss = 0;
    for (size_t b = 0; b < scores.num_rows(); b += 2) {
      const double margin = beta_ * (gain(scores, b) - gain(scores, b + 1));
      loss += std::log1p(std::exp(-margin));
      const auto slope = static_cast<float>(beta_ / (1 + std::exp(margin)));
      for (int64_t i = scores.offsets[b]; i < scores.offsets[b + 2]; ++i)
        slopes[static_cast<size_t>(i)] = i < scores.offsets[b + 1] ? -slope : slope;
    }
    return loss;
  }
  std::vector<std::vector<int32_t>> seen;

 private:
  double gain(const TargetScores& scores, size_t b) const {
    const auto logprobs = scores.row_logprobs(b);
    return std::accumulate(logprobs.begin(), logprobs.end(), 0.0) -
           reference_[static_cast<size_t>(scores.rows[b])];
  }
  double beta_;
  std::vector<double> reference_;  // log r of each row of the step
};

ModelConfig tiny_config() {
  ModelConfig c;
  c.architecture = "Qwen2ForCausalLM";
  c.vocab_size = 23, c.hidden_size = 16, c.intermediate_size = 24, c.num_layers = 2;
  c.num_heads = 2, c.num_kv_heads = 1, c.head_dim = 8;
  c.rms_norm_eps = 1e-6, c.rope_theta = 10000;
  c.qkv_bias = true, c.tie_embeddings = true;
  return c;
}

Weights weights_of(bool lora, bool dora) {
  const Weights base = testing::random_weights(tiny_config(), 3);
  if (!lora) return base;
  AdapterConfig adapter;
  adapter.r = 2, adapter.all_linear = true, adapter.dropout = 0.3, adapter.use_dora = dora;
  return attach_adapter(base, adapter, 1);
}

struct Rows {
  // Rows of 20 to 59 ids in groups of two.
  explicit Rows(int32_t count, bool weighted = false) {
    for (int32_t i = 0; i < count; ++i) {
      TokenRow row;
      for (int32_t t = 0; t < 20 + i % 40; ++t) {
        row.ids.push_back((i * 5 + t * t) % 23);
        if (weighted) row.loss_weights.push_back(static_cast<float>(t % 5) - 1.5f);
      }
      row.num_prompt_tokens = 4;
      row.group = i / 2;
      rows.push_back(row);
    }
    for (const TokenRow& row : rows) pointers.push_back(&row);
  }
  std::vector<TokenRow> rows;
  std::vector<const TokenRow*> pointers;
};

TrainerSettings settings_with(int64_t micro_batch_tokens) {
  TrainerSettings settings;
  settings.schedule.kind = ScheduleKind::kConstant;
  settings.schedule.lr = 0.01;
  settings.micro_batch_tokens = micro_batch_tokens;
  return settings;
}

TEST(TokenLoss, LikelihoodWrittenAsOneTakesTheUsualStepsToTheBit) {
  struct Case {
    bool lora, dora, weighted;
    Recompute recompute;
    int64_t micro_batch_tokens;  // 2000: shares
  };
  for (const Case& c : {Case{false, false, false, Recompute::kNothing, 2000},
                        Case{false, false, true, Recompute::kLayers, 2000},
                        Case{false, false, true, Recompute::kNothing, 150},
                        Case{true, false, false, Recompute::kLayers, 2000},
                        Case{true, true, true, Recompute::kNothing, 150}}) {
    Weights usual = weights_of(c.lora, c.dora), written = weights_of(c.lora, c.dora);
    TrainerSettings settings = settings_with(c.micro_batch_tokens);
    settings.decoder.recompute = c.recompute;
    Trainer one(usual, settings), other(written, settings);
    const Rows rows(40, c.weighted);
    Likelihood loss;
    for (int step = 0; step < 3; ++step) {
      const StepMetrics a = one.step(rows.pointers);
      const StepMetrics b = *other.step(rows.pointers, {.loss = &loss});
      EXPECT_NEAR(a.loss, b.loss, 1e-9);
      EXPECT_EQ(a.gradient_norm, b.gradient_norm);
      EXPECT_EQ(a.num_targets, b.num_targets);
    }
    EXPECT_TRUE(trained_tensors(usual).flat.equal(trained_tensors(written).flat));
  }
}

// The example, as a user of the seam would write it.
TEST(TokenLoss, APreferenceIsLearntAndTheCutDoesNotMatter) {
  const Rows rows(8);
  Weights weights = weights_of(false, false);
  Trainer trainer(weights, settings_with(200));
  std::vector<double> reference;
  for (const auto& logprobs : trainer.logprobs(rows.pointers))
    reference.push_back(std::accumulate(logprobs.begin(), logprobs.end(), 0.0));

  PreferenceLoss loss(0.1, reference);
  const StepOptions options{.normaliser = Normaliser::kGroups, .loss = &loss};
  const StepMetrics first = *trainer.step(rows.pointers, options);
  EXPECT_NEAR(first.loss, std::log(2.0), 1e-5);  // the policy is the reference
  StepMetrics last;
  for (int step = 0; step < 10; ++step) last = *trainer.step(rows.pointers, options);
  EXPECT_LT(last.loss, 0.3);
  EXPECT_EQ(loss.seen[0], (std::vector<int32_t>{0, 1, 2, 3, 4, 5, 6, 7}));

  // Micro-batches of 110 tokens: pairs stay together, and the step is the same.
  Weights cut_weights = weights_of(false, false);
  Trainer cut(cut_weights, settings_with(110));
  PreferenceLoss cut_loss(0.1, reference);
  const StepMetrics small = *cut.step(rows.pointers, {Normaliser::kGroups, &cut_loss, {}});
  EXPECT_EQ(cut_loss.seen, (std::vector<std::vector<int32_t>>{{0, 1, 2, 3}, {4, 5, 6, 7}}));
  EXPECT_NEAR(small.loss, first.loss, 1e-6);
  EXPECT_NEAR(small.gradient_norm / first.gradient_norm, 1, 1e-5);
  // A pair of 41 tokens does not fit into 40.
  Trainer smaller(cut_weights, settings_with(40));
  EXPECT_THROW(smaller.step(rows.pointers, {Normaliser::kGroups, &cut_loss, {}}), Error);
}

TEST(TokenLoss, WhatIsNotFiniteSkipsTheStep) {
  class Broken final : public TokenLoss {
    double evaluate(const TargetScores&, std::span<float> slopes) override {
      std::fill(slopes.begin(), slopes.end(), std::nanf(""));
      return 1;
    }
  };
  Weights weights = weights_of(false, false);
  const at::Tensor before = weights.flat.clone();
  Trainer trainer(weights, settings_with(2000));
  Broken loss;
  EXPECT_TRUE(trainer.step(Rows(4).pointers, {.loss = &loss})->skipped);
  EXPECT_TRUE(weights.flat.equal(before));
}

}  // namespace
}  // namespace laconic
