// SPDX-License-Identifier: Apache-2.0
#include "train/trainer.h"

#include <cmath>

#include "base/error.h"

namespace laconic {

Trainer::Trainer(Weights& weights, const TrainerSettings& settings)
    : weights_(weights),
      settings_(settings),
      gradients_(make_weights(weights.config)),
      optimizer_(weights, settings.adamw) {}

StepMetrics Trainer::step(std::span<const TrainRow* const> rows) {
  return *step(rows, [] { return true; });
}

std::optional<StepMetrics> Trainer::step(std::span<const TrainRow* const> rows,
                                         const std::function<bool()>& keep_going) {
  LACONIC_CHECK(!rows.empty(), "a step without rows");
  StepMetrics metrics;
  for (const TrainRow* row : rows) {
    metrics.num_tokens += static_cast<int64_t>(row->ids.size());
    metrics.num_targets += row->num_targets();
  }
  gradients_.flat.zero_();
  const double scale = 1.0 / static_cast<double>(metrics.num_targets);
  double nll = 0;
  for (const TokenBatch& batch : make_batches(rows, settings_.micro_batch_tokens)) {
    if (!keep_going()) return std::nullopt;
    nll += forward_backward(weights_, batch, scale, gradients_, settings_.decoder).weighted_nll;
  }
  metrics.loss = nll * scale;
  metrics.gradient_norm = gradient_norm(gradients_);
  metrics.learning_rate = learning_rate(settings_.schedule, num_steps());
  if (std::isfinite(metrics.loss) && std::isfinite(metrics.gradient_norm)) {
    optimizer_.step(weights_, gradients_, metrics.learning_rate,
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
