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

}  // namespace

Trainer::Trainer(Weights& weights, const TrainerSettings& settings)
    : weights_(weights),
      settings_(settings),
      gradients_(make_gradients(weights)),
      optimizer_(trained_tensors(weights), settings.adamw) {}

StepMetrics Trainer::step(std::span<const TokenRow* const> rows) {
  return *step(rows, [] { return true; });
}

std::optional<StepMetrics> Trainer::step(std::span<const TokenRow* const> rows,
                                         const std::function<bool()>& keep_going) {
  LACONIC_CHECK(!rows.empty(), "a step without rows");
  StepMetrics metrics;
  for (const TokenRow* row : rows) {
    metrics.num_tokens += static_cast<int64_t>(row->ids.size());
    metrics.num_targets += row->num_targets();
  }
  trained_tensors(gradients_).flat.zero_();
  const double scale = 1.0 / static_cast<double>(metrics.num_targets);
  refresh_norms(weights_);
  DecoderOptions options = settings_.decoder;
  options.dropout_key = dropout_key(settings_.seed, num_steps());
  double nll = 0;
  for (const TokenBatch& batch : make_batches(rows, settings_.micro_batch_tokens)) {
    if (!keep_going()) return std::nullopt;
    nll += forward_backward(weights_, batch, scale, gradients_, options).weighted_nll;
  }
  metrics.loss = nll * scale;
  metrics.gradient_norm = gradient_norm(trained_tensors(gradients_));
  metrics.learning_rate = learning_rate(settings_.schedule, num_steps());
  if (std::isfinite(metrics.loss) && std::isfinite(metrics.gradient_norm)) {
    optimizer_.step(trained_tensors(weights_), trained_tensors(gradients_), metrics.learning_rate,
                    clip_factor(metrics.gradient_norm, settings_.max_grad_norm));
  } else {
    metrics.skipped = true;
    ++num_skipped_;
  }
  metrics.step = num_steps();
  return metrics;
}

void Trainer::restore(int64_t num_steps, int64_t num_skipped, const at::Tensor& first,
                      const at::Tensor& second) {
  optimizer_.restore(num_steps - num_skipped, first, second);
  num_skipped_ = num_skipped;
}

}  // namespace laconic
