// The settings that every training command shares, under the names of Hugging Face's
// TrainingArguments. Defaults are those of the TL;DR paper's code where it has one (lr 1e-5
// constant, 64 rows a step, max length 16000).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "app/lora_settings.h"
#include "app/training_rows.h"
#include "base/json.h"
#include "base/settings.h"
#include "train/trainer.h"

namespace laconic {

struct TrainSettings {
  std::string model;
  std::string out;
  int64_t seed = 42;
  int64_t max_steps = 2000;
  double num_train_epochs = 0;
  int64_t rows_per_device = 64;
  int64_t accumulation_steps = 1;
  int64_t micro_batch_tokens = 8192;
  int64_t max_length = 16000;
  double learning_rate = 1e-5;
  std::string lr_scheduler_type = "constant";
  int64_t warmup_steps = 0;
  double decay_ratio = 0.5;
  double min_lr_ratio = 0.0;
  double weight_decay = 0.0;
  double adam_beta1 = 0.9;
  double adam_beta2 = 0.999;
  double adam_epsilon = 1e-8;
  double max_grad_norm = 1.0;
  bool gradient_checkpointing = false;
  bool bf16 = false;
  bool profile = false;
  int64_t logging_steps = 1;
  int64_t save_steps = 0;
  int64_t save_total_limit = 0;
  std::string report_to = "tensorboard";
  std::string dtype;
  std::string instruction;
  std::string bad_rows = "fail";
  LoraSettings lora;
  std::string turns = "all";

  void add_to(Settings& settings);
  // Checks what single ranges cannot. Error(kUsage). `settings`: where all were given.
  void validate(const Settings& settings) const;
  TrainerSettings trainer() const;
  RowLimits row_limits() const;
  // Makes max_steps of num_train_epochs, where that is given, and warns of many epochs. For all
  // rows of the domains together.
  void resolve_steps(const std::vector<Domain>& domains);
  int64_t rows_per_step() const { return rows_per_device * accumulation_steps; }

 private:
  void add_optimizer_to(Settings& settings);
  void add_schedule_to(Settings& settings);
};

}  // namespace laconic
