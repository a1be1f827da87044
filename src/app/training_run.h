// A training run on disk: draws rows from its domains, steps the trainer, logs, saves and resumes.
//
// SFT is this alone; TL;DR evaluates and re-weights between its steps. What a caller keeps of its
// own across a restart goes through `extra` of save() and comes back from resume(). A full disk
// pauses saving: training goes on, the reason is said, and each later step tries again after a
// while. Resuming is bit-identical on the same machine type and thread count.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/event_log.h"
#include "app/run_folder.h"
#include "app/train_settings.h"
#include "app/training_rows.h"
#include "base/model_card.h"
#include "base/progress.h"
#include "data/row_stream.h"
#include "nn/model_folder.h"
#include "train/trainer.h"

namespace laconic {

// The model to train. Error(kUsage) or Error(kModel) where it cannot be trained as the settings
// say: to be called before anything is written.
ModelFolder load_for_training(const TrainSettings& settings);

class TrainingRun {
 public:
  // `model` holds the weights that are trained; its folder supplies config, tokenizer and template
  // of what is saved.
  TrainingRun(const TrainSettings& settings, RunFolder& folder, ModelFolder& model,
              std::vector<Domain> domains);

  // Continues from the newest complete checkpoint; returns the caller's `extra` of that save, or
  // nothing for a new run.
  std::optional<Json> resume();

  int64_t num_steps() const { return trainer_.num_steps(); }
  // Draws rows with probabilities `alpha`, one a domain, and takes one optimizer step. false: a
  // signal asked to stop in the middle of it, and it is as if it had not begun.
  bool step(std::span<const double> alpha);

  // Writes a file of the run whole. On a full disk it waits in memory, and no checkpoint is made
  // before it is written: what a checkpoint counts as done is on disk.
  void write_file(const std::string& name, std::string text);
  // Writes checkpoint-<num_steps>. Returns false, having said so, when the disk is full.
  bool save(const Json& extra);
  // For loops: tries again after a full disk once some time has passed.
  void retry_postponed_save(const Json& extra);
  // Saves now, waiting and trying again on a full disk until a signal asks to stop (then
  // Error(kDisk)).
  void save_or_wait(const Json& extra);

  // Copies the weights of checkpoint-<step> to RUN/model, with `card` as its README.md. With LoRA:
  // the adapter to RUN/adapter and the base merged with it in fp32 to RUN/model, by lora_output.
  // The card gets the run's name and what LoRA makes different.
  void publish(int64_t step, ModelCard card);
  // The loss of the last step in the log; not a number without one.
  double last_loss() const;

  // The weights as they would be saved: a copy, with LoRA merged in fp32, rounded to the saved
  // dtype.
  Weights saved_weights() const;
  const std::string& saved_dtype() const { return saved_dtype_; }
  // Before something else than training takes memory; the next step takes its own again.
  void release_memory() { trainer_.release(); }
  void keep_checkpoints(std::vector<int64_t> steps) { keep_ = std::move(steps); }

  JsonLog& log() { return log_; }
  JsonLog& mixture_log() { return mixture_log_; }

 private:
  SaveRequest save_request() const;
  void publish_adapter(int64_t step, const ModelCard& card);
  uint64_t needed_bytes() const;  // of one checkpoint
  Json state(const Json& extra);
  void write_pending_files();
  void log_step(const StepMetrics& metrics, double seconds);

  const TrainSettings& settings_;
  RunFolder& folder_;
  ModelFolder& model_;
  std::vector<Domain> domains_;
  std::string saved_dtype_;
  std::map<std::string, std::string> stop_files_;  // of the saved folders (app/stop_files.h)
  Weights trained_;  // the model's tensors, with LoRA an adapter beside them
  Trainer trainer_;
  RowStream stream_;
  EventLog events_;  // TensorBoard's; fed by the logs
  JsonLog log_, mixture_log_;
  Progress progress_;
  std::vector<int64_t> keep_;
  std::map<std::string, std::string> pending_files_;  // by path
  // Of the rows since the last log row, by domain.
  std::vector<int64_t> interval_rows_, interval_tokens_;
  std::chrono::steady_clock::time_point last_save_failure_;
  bool save_postponed_ = false;
};

}  // namespace laconic
