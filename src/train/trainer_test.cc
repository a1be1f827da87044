// Agreement with transformers is in parity_test.cc; here is what a step promises whatever the
// model.
// SPDX-License-Identifier: Apache-2.0
#include "train/trainer.h"

#include <ATen/core/Tensor.h>
#include <gtest/gtest.h>

#include <cstring>

#include "nn/testing.h"

namespace laconic {
namespace {

ModelConfig tiny_config() {
  ModelConfig c;
  c.architecture = "Qwen2ForCausalLM";
  c.vocab_size = 23, c.hidden_size = 16, c.intermediate_size = 24, c.num_layers = 2;
  c.num_heads = 2, c.num_kv_heads = 1, c.head_dim = 8;
  c.rms_norm_eps = 1e-6, c.rope_theta = 10000;
  c.qkv_bias = true, c.tie_embeddings = true;
  return c;
}

Weights first_weights() { return testing::random_weights(tiny_config(), 3); }

Weights copy_of(const Weights& weights) {
  return view_weights(weights.config, weights.flat.clone());
}

// Rows of very unequal lengths and target counts: a mean of means would be another loss.
std::vector<TokenRow> make_rows(int32_t seed) {
  std::vector<TokenRow> rows;
  for (const auto& [length, num_prompt] : {std::pair{3, 2}, {17, 1}, {8, 7}, {12, 4}}) {
    TokenRow row;
    for (int32_t i = 0; i < length; ++i) row.ids.push_back((seed * 5 + i * i + length) % 23);
    row.num_prompt_tokens = num_prompt;
    rows.push_back(row);
  }
  return rows;
}

std::vector<const TokenRow*> pointers(const std::vector<TokenRow>& rows) {
  std::vector<const TokenRow*> out;
  for (const TokenRow& row : rows) out.push_back(&row);
  return out;
}

TrainerSettings settings_with(int64_t micro_batch_tokens) {
  TrainerSettings settings;
  settings.adamw.weight_decay = 0.1;
  settings.schedule.kind = ScheduleKind::kCosine;
  settings.schedule.lr = 0.01;
  settings.schedule.num_steps = 10;
  settings.schedule.warmup_steps = 3;
  settings.micro_batch_tokens = micro_batch_tokens;
  return settings;
}

StepMetrics take_step(Trainer& trainer, int32_t seed) {
  const std::vector<TokenRow> rows = make_rows(seed);
  return trainer.step(pointers(rows));
}

bool same_bits(const at::Tensor& a, const at::Tensor& b) {
  return a.numel() == b.numel() && std::memcmp(a.data_ptr<float>(), b.data_ptr<float>(),
                                               static_cast<size_t>(a.numel()) * sizeof(float)) == 0;
}

TEST(Trainer, LossIsTheMeanOverAllTargetsWhateverTheCut) {
  const std::vector<TokenRow> rows = make_rows(1);
  double nll = 0;
  int64_t num_targets = 0;
  const Weights reference = first_weights();
  for (const TokenBatch& batch : make_batches(pointers(rows), 1 << 20))
    for (float logprob : target_logprobs(reference, batch)) nll -= logprob;
  for (const TokenRow& row : rows) num_targets += row.num_targets();

  double whole_norm = 0;
  for (const int64_t micro_batch_tokens : {1 << 20, 20, 1}) {
    Weights weights = first_weights();
    Trainer trainer(weights, settings_with(micro_batch_tokens));
    const StepMetrics metrics = trainer.step(pointers(rows));
    EXPECT_EQ(metrics.num_targets, num_targets);
    EXPECT_EQ(metrics.num_tokens, 40);
    EXPECT_NEAR(metrics.loss, nll / static_cast<double>(num_targets), 1e-5 * metrics.loss);
    if (whole_norm == 0) whole_norm = metrics.gradient_norm;
    EXPECT_NEAR(metrics.gradient_norm, whole_norm, 1e-4 * whole_norm) << micro_batch_tokens;
    EXPECT_FALSE(same_bits(weights.flat, reference.flat));
  }
}

TEST(Trainer, AStepThatIsNotFiniteChangesNothing) {
  Weights weights = first_weights();
  TrainerSettings settings = settings_with(16);
  settings.schedule.kind = ScheduleKind::kConstant;
  settings.schedule.warmup_steps = 0;
  Trainer trainer(weights, settings);
  // A normed vector has an entry beyond 1 in magnitude: the products overflow.
  const at::Tensor norm = weights.final_norm.clone();
  weights.final_norm.fill_(3.4e38);
  const at::Tensor before = weights.flat.clone();
  const StepMetrics metrics = take_step(trainer, 1);
  EXPECT_TRUE(metrics.skipped);
  EXPECT_EQ(metrics.step, 1);
  EXPECT_EQ(trainer.num_skipped(), 1);
  EXPECT_TRUE(same_bits(weights.flat, before));
  EXPECT_EQ(trainer.first_moment().abs().max().item<float>(), 0);
  EXPECT_EQ(trainer.second_moment().abs().max().item<float>(), 0);

  // The step after it is the optimizer's first.
  weights.final_norm.copy_(norm);
  EXPECT_FALSE(take_step(trainer, 2).skipped);
  EXPECT_EQ(trainer.num_steps(), 2);
  Weights other = first_weights();
  Trainer fresh(other, settings);
  take_step(fresh, 2);
  EXPECT_TRUE(same_bits(weights.flat, other.flat));
}

TEST(Trainer, AStepGivenUpChangesNothing) {
  Weights weights = first_weights();
  const at::Tensor before = weights.flat.clone();
  Trainer trainer(weights, settings_with(1));
  const std::vector<TokenRow> rows = make_rows(1);
  int num_asked = 0;
  EXPECT_FALSE(trainer.step(pointers(rows), [&] { return ++num_asked < 3; }));
  EXPECT_EQ(num_asked, 3);
  EXPECT_EQ(trainer.num_steps(), 0);
  EXPECT_TRUE(same_bits(weights.flat, before));
  take_step(trainer, 1);
  Weights other = first_weights();
  Trainer fresh(other, settings_with(1));
  take_step(fresh, 1);
  EXPECT_TRUE(same_bits(weights.flat, other.flat));
}

TEST(Trainer, RestoringContinuesWithTheSameBits) {
  Weights whole = first_weights();
  Trainer uninterrupted(whole, settings_with(16));
  for (int32_t step = 1; step <= 5; ++step) take_step(uninterrupted, step);

  Weights part = first_weights();
  Trainer begun(part, settings_with(16));
  for (int32_t step = 1; step <= 2; ++step) take_step(begun, step);
  Weights resumed = copy_of(part);
  Trainer continued(resumed, settings_with(16));
  continued.restore(begun.num_steps(), begun.num_skipped(), begun.first_moment(),
                    begun.second_moment());
  take_step(begun, 99);  // the state was copied: what the old trainer does next is its own
  StepMetrics last;
  for (int32_t step = 3; step <= 5; ++step) last = take_step(continued, step);
  EXPECT_EQ(last.step, 5);
  EXPECT_EQ(last.learning_rate, learning_rate(settings_with(16).schedule, 4));
  EXPECT_TRUE(same_bits(resumed.flat, whole.flat));
  EXPECT_TRUE(same_bits(continued.first_moment(), uninterrupted.first_moment()));
  EXPECT_TRUE(same_bits(continued.second_moment(), uninterrupted.second_moment()));
}

}  // namespace
}  // namespace laconic
