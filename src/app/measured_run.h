// A training run that measures itself: steps, an evaluation every eval_steps, checkpoints, and at
// the end the choice of one of them. What is a method's own (which rows, what an evaluation
// changes) is a Controller; sft and tldr are one each.
//
// Each stage finds on disk what an earlier, killed process had finished. State across a restart:
// the checkpoint's `extra` holds the evaluations so far, whether that of its step is still to be
// done, and what the controller adds. Without a development set it trains, saves and publishes the
// last step. The model that one starts from is the "long bound" of files and of the choice: what
// checkpoints are compared with.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/dev_set.h"
#include "app/evaluation_settings.h"
#include "app/policy.h"
#include "app/run_folder.h"
#include "app/training_run.h"

namespace laconic {

class MeasuredRun;

// A measured checkpoint; its replies are in `file` below RUN.
struct Evaluation {
  int64_t step = 0;
  Measurement measured;
  double accuracy_difference_low = 0;  // to the long bound, lower end of the 95 % interval
  std::string file;
  bool saved = false;  // its checkpoint is on disk: a full disk may have prevented it
  bool is_candidate() const { return step > 0 && saved; }
};

// A model measured before the first step. `records` is empty where it was given.
struct Bound {
  Measurement measured;
  std::vector<SampleRecord> records;
  std::string weight_hash;
  double max_logprob_difference = 0;
};

// How a model card and the page name the method.
struct MethodName {
  std::string command;  // "tldr"
  std::string source;   // "`laconic tldr`, arXiv 2506.02678"
  std::vector<std::string> tags;
};

class Controller {
 public:
  virtual ~Controller() = default;
  virtual MethodName name() const = 0;
  // The probability of each domain in the rows of the next step.
  virtual const std::vector<double>& mixture() const = 0;
  // Before the first step: measures what the method needs, the long bound at least, and writes
  // bounds.json. false: a signal asked to stop. Only with a development set.
  virtual bool prepare(MeasuredRun& run);
  // After an evaluation was logged, before its checkpoint.
  virtual void on_evaluation(MeasuredRun&, const Evaluation&, const std::vector<SampleRecord>&) {}
  // The controller's state in a checkpoint.
  virtual void save(Json&) const {}
  virtual void restore(const Json&, const std::string& /*place*/) {}
};

// What a model card says of the command.
struct CardFacts {
  std::vector<std::string> data;  // the files that are trained on
  std::string command;            // as a shell reads it
};

// What a command has read before it writes anything; all must outlive the run.
struct MeasuredRunParts {
  const TrainSettings& train;
  const EvaluationSettings& evaluation;
  RunFolder& folder;
  ModelFolder& model;
  const PromptBuilder& builder;
  const MeasureSettings& measure;
  CardFacts card;
};

class MeasuredRun {
 public:
  // `dev` without problems: no evaluation.
  MeasuredRun(const MeasuredRunParts& parts, DevSet dev, std::vector<Domain> domains,
              Controller& controller);
  // The exit code: 0, or 75 when a signal asked to stop and everything is saved.
  int run();

  // For controllers. Bounds (measured_bounds.cc); false: a signal asked to stop.
  bool measure_bound(const std::string& name, const std::string& folder, Bound& bound);
  bool measure_start();
  void set_start(Bound bound) { start_ = std::move(bound); }
  const Bound& start() const { return *start_; }
  void write_bounds(const Bound* short_bound) const;
  // What decides the meaning of a measurement: compared between bounds and run.
  Json sampler_setting() const;
  TrainingRun& training() { return training_; }

 private:
  bool has_dev() const { return !dev_.problems.empty(); }

  // The loop (measured_run.cc).
  bool train();
  bool evaluate();
  std::optional<MeasureResult> measure_step();
  Json evaluation_row(const Evaluation& evaluation, const MeasureResult& result,
                      const std::string& hash) const;
  double difference_low(const Measurement& now, const std::vector<SampleRecord>& records) const;
  // Rotation must not delete the checkpoint that would be chosen now, after a restart neither.
  void keep_best();
  Json extra() const;
  void restore(const Json& extra);

  // The end (measured_finish.cc).
  Choice choose() const;
  const Evaluation& candidate(size_t candidate_idx) const;
  void finish();
  void finish_unmeasured();
  void log_written() const;
  ModelCard card() const;  // what measured and unmeasured runs have in common
  ModelCard measured_card(const Choice& choice) const;

  MeasuredRunParts parts_;
  Policy policy_;  // of the step that is evaluated
  DevSet dev_;
  Controller& controller_;
  TrainingRun training_;
  std::optional<Bound> start_;
  std::vector<Evaluation> evaluations_;
  bool evaluation_pending_ = false;  // of the current step
};

}  // namespace laconic
