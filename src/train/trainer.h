// One optimizer step after another on rows that somebody else chooses: every training method's
// inner loop.
//
// The loss of a step is one sum over all its targets (of loss weight times -log p, or what a
// TokenLoss makes of them) divided by one number, whatever the cut into micro-batches (field.md 1e:
// accumulation must not change the loss). A step whose loss or gradient is not finite changes
// nothing and is counted. Owns the optimizer's state, the gradients and the memory of the passes;
// the weights are the caller's. Deterministic at a fixed thread count; two trainers in one process
// do not touch each other. Memory: 12 bytes a trained weight (nn/lora.h) beside the weights:
// gradient and two moments.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "train/adamw.h"
#include "train/batch.h"     // TokenRows
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

// What the sum over a step is divided by.
enum class Normaliser {
  kTargets,  // the number of targets: every token weighs the same
  kRows,     // the number of rows: every reply does, if its weights sum to 1
  kGroups,   // the number of groups (TokenRow::group), a row alone being one: a mean over pairs
  kNone      // nothing: weights or the TokenLoss have it in them
};

struct StepOptions {
  Normaliser normaliser = Normaliser::kTargets;
  TokenLoss* loss = nullptr;  // null: each target's -log p times its loss weight
  // Asked between micro-batches; once it says no, the step is given up. Empty: to the end.
  std::function<bool()> keep_going = {};
};

struct StepMetrics {
  int64_t step = 0;          // 1 after the first
  double loss = 0;           // after the division: with kTargets nats a target token
  double gradient_norm = 0;  // before clipping
  double learning_rate = 0;
  int64_t num_tokens = 0;  // prompt and completion
  int64_t num_targets = 0;
  bool skipped = false;  // not finite: nothing was changed
};

class Trainer {
 public:
  Trainer(Weights& weights, const TrainerSettings& settings);

  // accumulate() for each micro-batch of the rows, then update(). REQUIRES: at least one row.
  // nullopt: given up, and nothing has changed.
  std::optional<StepMetrics> step(TokenRows rows, const StepOptions& options);
  StepMetrics step(TokenRows rows, Normaliser normaliser = Normaliser::kTargets);

  // A step in parts, for who makes batches himself or looks at them between: adds the gradients of
  // scale * loss of one batch. REQUIRES: one `scale` for all batches of a step.
  void accumulate(const TokenBatch& batch, double scale, TokenLoss* loss = nullptr);
  // Changes the weights by what was accumulated. REQUIRES: accumulate() before.
  StepMetrics update();
  // Forgets what was accumulated.
  void discard() { accumulated_.reset(); }

  // log p of each row's targets under the weights as they are, without dropout.
  std::vector<std::vector<float>> logprobs(TokenRows rows);
  // Gives the passes' memory back (Decoder::release): before something else needs it.
  void release() { decoder_.release(); }
  int64_t num_bytes() const { return decoder_.num_bytes(); }

  int64_t num_steps() const { return optimizer_.num_steps() + num_skipped_; }
  int64_t num_skipped() const { return num_skipped_; }
  // The optimizer's moments, flat fp32, in the layout of what is trained.
  const at::Tensor& first_moment() const { return optimizer_.first_moment(); }
  const at::Tensor& second_moment() const { return optimizer_.second_moment(); }
  // Continues a run that had taken `num_steps` steps, `num_skipped` of them without effect. Copies.
  void restore(int64_t num_steps, int64_t num_skipped, const at::Tensor& first,
               const at::Tensor& second);

 private:
  struct Accumulated {
    double scale = 0, loss = 0;
    int64_t num_tokens = 0, num_targets = 0;
  };

  Weights& weights_;
  TrainerSettings settings_;
  Weights gradients_;
  AdamW optimizer_;
  Decoder decoder_;
  std::optional<Accumulated> accumulated_;
  int64_t num_skipped_ = 0;
};

}  // namespace laconic
