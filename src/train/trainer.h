// One optimizer step after another on rows that somebody else chooses: SFT's and TL;DR's inner
// loop.
//
// The loss of a step is sum over all its targets of -log p, divided by their global count, whatever
// the cut into micro-batches (field.md 1e: accumulation must not change the loss). A step whose
// loss or gradient is not finite changes nothing and is counted. Owns the optimizer's state and the
// gradients; the weights are the caller's. Deterministic at a fixed thread count. Memory: 12 bytes
// a trained weight (nn/lora.h) beside the weights: gradient and two moments.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "train/adamw.h"
#include "train/batch.h"     // TokenRow
#include "train/schedule.h"  // Schedule

namespace laconic {

struct TrainerSettings {
  AdamWOptions adamw;
  Schedule schedule;
  double max_grad_norm = 1.0;  // 0: no clipping
  int64_t micro_batch_tokens =
      8192;  // memory against speed: tokens run forward and backward at once
  DecoderOptions decoder;
  uint64_t seed = 0;  // of dropout
};

struct StepMetrics {
  int64_t step = 0;          // 1 after the first
  double loss = 0;           // nats a target token
  double gradient_norm = 0;  // before clipping
  double learning_rate = 0;
  int64_t num_tokens = 0;  // prompt and completion
  int64_t num_targets = 0;
  bool skipped = false;  // not finite: nothing was changed
};

class Trainer {
 public:
  Trainer(Weights& weights, const TrainerSettings& settings);

  // REQUIRES: at least one row. `keep_going` is asked between micro-batches; once it says no, the
  // step is given up: nothing has changed, and nullopt comes back.
  std::optional<StepMetrics> step(std::span<const TokenRow* const> rows,
                                  const std::function<bool()>& keep_going);
  StepMetrics step(std::span<const TokenRow* const> rows);

  int64_t num_steps() const { return optimizer_.num_steps() + num_skipped_; }
  int64_t num_skipped() const { return num_skipped_; }
  // The optimizer's moments, flat fp32, in the layout of what is trained.
  const at::Tensor& first_moment() const { return optimizer_.first_moment(); }
  const at::Tensor& second_moment() const { return optimizer_.second_moment(); }
  // Continues a run that had taken `num_steps` steps, `num_skipped` of them without effect. Copies.
  void restore(int64_t num_steps, int64_t num_skipped, const at::Tensor& first,
               const at::Tensor& second);

 private:
  Weights& weights_;
  TrainerSettings settings_;
  Weights gradients_;
  AdamW optimizer_;
  int64_t num_skipped_ = 0;
};

}  // namespace laconic
