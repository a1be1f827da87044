// The TL;DR run: bounds, then training with an evaluation and an update of the mixture every
// eval_steps, then the choice of a checkpoint. Each stage finds on disk what an earlier, killed
// process had finished.
//
// Source: arXiv 2506.02678 and docs/tldr.md. State across a restart: the checkpoint's `extra` holds
// the mixture, the measurements so far, and whether the evaluation of its step is still to be done.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/dev_set.h"
#include "app/policy.h"
#include "app/run_folder.h"
#include "app/tldr_settings.h"
#include "app/training_run.h"
#include "method/choice.h"
#include "method/mixture.h"

namespace laconic {

class TldrRun {
 public:
  TldrRun(TldrSettings& settings, const Settings& all);
  // The exit code: 0, or 75 when a signal asked to stop and everything is saved.
  int run();

 private:
  // A measured checkpoint; its replies are in `file` below RUN.
  struct Evaluation {
    int64_t step = 0;
    Measurement measured;
    double accuracy_difference_low = 0;  // to the long bound, lower end of the 95 % interval
    std::string file;
    bool saved = false;  // its checkpoint is on disk: a full disk may have prevented it
    bool is_candidate() const { return step > 0 && saved; }
  };
  // One end of the scale. `records` is empty where the bound was given.
  struct Bound {
    Measurement measured;
    std::vector<SampleRecord> records;
    std::string weight_hash;
    double max_logprob_difference = 0;
  };

  // Bounds (tldr_bounds.cc). false: a signal asked to stop.
  bool find_bounds();
  bool measure_bound(const std::string& name, const std::string& folder, Bound& bound);
  void use_given_bounds();
  bool has_scale() const { return long_bound_ && short_bound_; }
  Bounds bounds() const { return {long_bound_->measured, short_bound_->measured}; }

  // The loop (tldr_run.cc).
  bool train(TrainingRun& run);
  bool evaluate(TrainingRun& run);
  std::optional<MeasureResult> measure_step(int64_t step);
  Json evaluation_row(const Evaluation& evaluation, const MeasureResult& result,
                      const std::string& hash) const;
  void update(TrainingRun& run, int64_t step, const Measurement& now,
              const std::vector<SampleRecord>& records);
  void warn_of_swings();
  // Rotation must not delete the checkpoint that would be chosen now, after a restart neither.
  void keep_best(TrainingRun& run) const;
  double difference_low(const Measurement& now, const std::vector<SampleRecord>& records) const;

  // The end (tldr_finish.cc).
  Choice choose() const;
  const Evaluation& candidate(size_t candidate_idx) const;
  void finish(TrainingRun& run);
  std::string model_card(const Choice& choice) const;

  Json sampler_setting() const;
  Json extra() const;
  void restore(const Json& extra);

  const TldrSettings& settings_;
  BadRows bad_rows_;  // of the development set and both domains
  ModelFolder model_;
  PromptBuilder builder_;
  MeasureSettings measure_;
  Policy policy_;  // of the step that is evaluated
  DevSet dev_;
  std::vector<Domain> domains_;  // until run() gives them to the training
  RunFolder folder_;
  std::optional<Bound> long_bound_, short_bound_;

  std::vector<double> alpha_ = {0.5, 0.5};  // short, long
  std::vector<Evaluation> evaluations_;
  bool evaluation_pending_ = true;  // of the current step
  bool was_low_ = false, was_high_ = false, warned_of_swings_ = false;
};

}  // namespace laconic
