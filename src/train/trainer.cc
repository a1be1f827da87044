// SPDX-License-Identifier: Apache-2.0
#include "train/trainer.h"

#include <cmath>

#include "base/error.h"
#include "base/philox.h"
#include "nn/lora.h"

namespace laconic {
namespace {

uint64_t dropout_key(uint64_t seed, int64_t step) {
  const auto bits = philox(seed, static_cast<uint64_t>(step), /*c1=*/0x6c6f7261);
  return uint64_t{bits[0]} << 32 | bits[1];
}

double divisor(TokenRows rows, Normaliser normaliser) {
  int64_t count = 0;
  switch (normaliser) {
    case Normaliser::kTargets:
      for (const TokenRow* row : rows) count += row->num_targets();
      return static_cast<double>(count);
    case Normaliser::kRows:
      return static_cast<double>(rows.size());
    case Normaliser::kGroups:
      return static_cast<double>(count_groups(rows));
    case Normaliser::kNone:
      break;
  }
  return 1.0;
}

}  // namespace

Trainer::Trainer(Weights& weights, const TrainerSettings& settings)
    : weights_(weights),
      settings_(settings),
      gradients_(make_gradients(weights)),
      optimizer_(trained_tensors(weights), settings.adamw),
      decoder_(weights, settings.decoder) {}

StepMetrics Trainer::step(TokenRows rows, Normaliser normaliser) {
  return *step(rows, StepOptions{normaliser});
}

std::optional<StepMetrics> Trainer::step(TokenRows rows, const StepOptions& options) {
  LACONIC_CHECK(!rows.empty(), "a step without rows");
  const std::vector<TokenBatch> batches = make_batches(rows, settings_.micro_batch_tokens);
  const double scale = 1.0 / divisor(rows, options.normaliser);
  discard();
  for (const TokenBatch& batch : batches) {
    if (options.keep_going && !options.keep_going()) {
      discard();
      return std::nullopt;
    }
    accumulate(batch, scale, options.loss);
  }
  return update();
}

void Trainer::accumulate(const TokenBatch& batch, double scale, TokenLoss* loss) {
  if (!accumulated_) {
    trained_tensors(gradients_).flat.zero_();
    refresh_norms(weights_);
    decoder_.set_dropout_key(dropout_key(settings_.seed, num_steps()));
    accumulated_ = Accumulated{scale};
  }
  LACONIC_CHECK(accumulated_->scale == scale, "scales ", accumulated_->scale, " and ", scale,
                " in one step");
  const LossSum sum = loss ? decoder_.forward_backward(batch, *loss, scale, gradients_)
                           : decoder_.forward_backward(batch, scale, gradients_);
  accumulated_->loss += sum.loss;
  accumulated_->num_tokens += batch.num_tokens();
  accumulated_->num_targets += sum.num_targets;
}

StepMetrics Trainer::update() {
  LACONIC_CHECK(accumulated_.has_value(), "an update without gradients");
  StepMetrics metrics;
  metrics.num_tokens = accumulated_->num_tokens;
  metrics.num_targets = accumulated_->num_targets;
  metrics.loss = accumulated_->loss * accumulated_->scale;
  discard();
  const FlatTensors& gradients = trained_tensors(gradients_);
  metrics.gradient_norm = gradient_norm(gradients, settings_.decoder.aten_kernels);
  metrics.learning_rate = learning_rate(settings_.schedule, num_steps());
  if (std::isfinite(metrics.loss) && std::isfinite(metrics.gradient_norm)) {
    optimizer_.step(trained_tensors(weights_), gradients, metrics.learning_rate,
                    clip_factor(metrics.gradient_norm, settings_.max_grad_norm));
  } else {
    metrics.skipped = true;
    ++num_skipped_;
  }
  metrics.step = num_steps();
  return metrics;
}

std::vector<std::vector<float>> Trainer::logprobs(TokenRows rows) {
  refresh_norms(weights_);
  return row_logprobs(decoder_, rows, settings_.micro_batch_tokens);
}

void Trainer::restore(int64_t num_steps, int64_t num_skipped, const at::Tensor& first,
                      const at::Tensor& second) {
  optimizer_.restore(num_steps - num_skipped, first, second);
  num_skipped_ = num_skipped;
}

}  // namespace laconic
