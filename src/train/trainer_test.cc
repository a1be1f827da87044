// Agreement with transformers is in parity_test.cc; here is what a step promises whatever the
// model.
// SPDX-License-Identifier: Apache-2.0
#include "train/trainer.h"

#include <ATen/core/Tensor.h>
#include <gtest/gtest.h>

#include <cstring>

#include "base/error.h"
#include "nn/lora.h"
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
  EXPECT_FALSE(trainer.step(pointers(rows), {.keep_going = [&] { return ++num_asked < 3; }}));
  EXPECT_EQ(num_asked, 3);
  EXPECT_EQ(trainer.num_steps(), 0);
  EXPECT_TRUE(same_bits(weights.flat, before));
  take_step(trainer, 1);
  Weights other = first_weights();
  Trainer fresh(other, settings_with(1));
  take_step(fresh, 1);
  EXPECT_TRUE(same_bits(weights.flat, other.flat));
}

TEST(Trainer, LossWeightsAndNormaliserScaleTheLossAndTheGradient) {
  std::vector<TokenRow> rows = make_rows(1);  // 4 rows, 26 targets
  rows[1].group = rows[2].group = 5;
  Weights first = first_weights();
  const StepMetrics usual = Trainer(first, settings_with(25)).step(pointers(rows));
  EXPECT_EQ(usual.num_targets, 26);
  for (const auto& [normaliser, count] : {std::pair{Normaliser::kTargets, 26},
                                          {Normaliser::kRows, 4},
                                          {Normaliser::kGroups, 3},
                                          {Normaliser::kNone, 1}}) {
    Weights weights = first_weights();
    const StepMetrics metrics =
        Trainer(weights, settings_with(25)).step(pointers(rows), normaliser);
    EXPECT_NEAR(metrics.loss * count, usual.loss * 26, 1e-4);
    EXPECT_NEAR(metrics.gradient_norm * count / (usual.gradient_norm * 26), 1, 1e-5);
  }
  for (TokenRow& row : rows) row.loss_weights.assign(row.ids.size(), 1.0f);
  Weights ones = first_weights();
  EXPECT_EQ(Trainer(ones, settings_with(25)).step(pointers(rows)).loss, usual.loss);
  EXPECT_TRUE(same_bits(ones.flat, first.flat));
  for (TokenRow& row : rows) row.loss_weights.assign(row.ids.size(), -1.0f);
  Weights against = first_weights();
  TrainerSettings settings = settings_with(25);
  const StepMetrics flipped = Trainer(against, settings).step(pointers(rows));
  EXPECT_EQ(flipped.loss, -usual.loss);
  EXPECT_EQ(flipped.gradient_norm, usual.gradient_norm);
}

TEST(Trainer, AStepIsItsPartsAndLogprobsAreThoseOfNow) {
  const std::vector<TokenRow> rows = make_rows(1);
  Weights whole = first_weights(), parts = first_weights();
  Trainer one(whole, settings_with(20)), other(parts, settings_with(20));
  for (int32_t step = 1; step <= 2; ++step) {
    const std::vector<std::vector<float>> before = other.logprobs(pointers(rows));
    double sum = 0;
    for (size_t i = 0; i < rows.size(); ++i) {
      EXPECT_EQ(before[i].size(), static_cast<size_t>(rows[i].num_targets()));
      for (const float logprob : before[i]) sum += logprob;
    }
    const StepMetrics a = one.step(pointers(rows));
    EXPECT_NEAR(-sum / 26, a.loss, 1e-6);
    // What is looked at, or accumulated and forgotten, before or between does not matter.
    other.accumulate(make_batches(pointers(make_rows(9)), 20)[0], 1.0);
    other.discard();
    for (const TokenBatch& batch : make_batches(pointers(rows), 20)) {
      other.accumulate(batch, 1.0 / 26);
      EXPECT_EQ(other.logprobs(pointers(rows)), before);
    }
    const StepMetrics b = other.update();
    EXPECT_EQ(a.loss, b.loss);
    EXPECT_EQ(a.num_tokens, b.num_tokens);
    EXPECT_EQ(b.step, step);
    EXPECT_TRUE(same_bits(whole.flat, parts.flat));
    EXPECT_NE(other.logprobs(pointers(rows)), before);
  }
  EXPECT_THROW(other.update(), Error);
  other.accumulate(make_batches(pointers(rows), 100)[0], 1.0);
  EXPECT_THROW(other.accumulate(make_batches(pointers(rows), 100)[0], 0.5), Error);
}

// Another family, another RoPE, an adapter with dropout, rows enough for shares.
struct OtherModel {
  OtherModel() {
    ModelConfig config = tiny_config();
    config.hidden_size = 24, config.num_heads = 3, config.rope_theta = 500;
    config.tie_embeddings = false;
    AdapterConfig adapter;
    adapter.r = 3, adapter.all_linear = true, adapter.dropout = 0.2;
    weights = attach_adapter(testing::random_weights(config, 5), adapter, 1);
    for (int32_t i = 0; i < 30; ++i) {
      TokenRow row;
      for (int32_t t = 0; t < 40 + i; ++t) row.ids.push_back((i * 7 + t * t) % 23);
      row.num_prompt_tokens = 5;
      rows.push_back(row);
    }
  }
  Weights weights;
  std::vector<TokenRow> rows;
};

TEST(Trainer, TwoModelsInOneProcessTakeTheStepsOfEachAlone) {
  Weights small_alone = first_weights(), small_beside = first_weights();
  OtherModel large_alone, large_beside;
  {
    Trainer alone(small_alone, settings_with(20));
    for (int32_t step = 1; step <= 3; ++step) take_step(alone, step);
  }
  {
    Trainer alone(large_alone.weights, settings_with(1200));
    for (int32_t step = 1; step <= 3; ++step) alone.step(pointers(large_alone.rows));
  }
  Trainer small(small_beside, settings_with(20)), large(large_beside.weights, settings_with(1200));
  for (int32_t step = 1; step <= 3; ++step) {
    take_step(small, step);
    large.step(pointers(large_beside.rows));
    if (step != 2) continue;
    EXPECT_GT(large.num_bytes(), 0);
    large.release();  // between phases
    EXPECT_EQ(large.num_bytes(), 0);
    EXPECT_GT(small.num_bytes(), 0);
  }
  EXPECT_TRUE(same_bits(small_beside.flat, small_alone.flat));
  EXPECT_TRUE(same_bits(large_beside.weights.lora->flat, large_alone.weights.lora->flat));
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
