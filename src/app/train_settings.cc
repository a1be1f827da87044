// SPDX-License-Identifier: Apache-2.0
#include "app/train_settings.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/log.h"

namespace laconic {
namespace {

void add_data_settings(TrainSettings& train, Settings& settings) {
  settings.group("Data")
      .add("max_length", &train.max_length,
           "tokens; longer rows are dropped and counted, never cut")
      .range(2, 1e9)
      .add("instruction", &train.instruction,
           "line added to the user turn of rows that hold a problem")
      .add(
          "turns", &train.turns,
          "assistant turns of a conversation to train on: all (where the template rewrites earlier "
          "turns, as R1's drops their reasoning, the last alone, said in a warning), last, or "
          "strict (all; rewritten turns make a bad row)")
      .choices({"all", "last", "strict"})
      .advanced()
      .add("bad_rows", &train.bad_rows, "fail | skip | quarantine=PATH")
      .metavar("WHAT")
      .advanced();
}

}  // namespace

void TrainSettings::add_to(Settings& settings) {
  settings.group("Run")
      .positional("MODEL", &model, "folder of the model to train")
      .model()
      .existing()
      .alias("model_name_or_path")
      .required()
      .add("out", &out, "folder of the run; a run that is there is continued")
      .folder()
      .alias("output")
      .alias("output_dir")
      .required()
      .add("seed", &seed, "decides the order of the rows and, with LoRA, first values and dropout")
      .add("max_steps", &max_steps,
           "optimizer steps; a run that is there may be made longer, not shorter")
      .range(1, 1e9)
      .add("num_train_epochs", &num_train_epochs,
           "passes over all rows, instead of max_steps; 0: by max_steps")
      .range(0, 1e6)
      .add("save_steps", &save_steps, "steps between checkpoints; 0: only where the command says")
      .range(0, 1e9)
      .advanced()
      .add("save_total_limit", &save_total_limit, "checkpoints to keep; 0: all")
      .range(0, 1e9)
      .advanced()
      .add("logging_steps", &logging_steps, "steps between rows of log.jsonl")
      .range(1, 1e9)
      .advanced()
      .add("report_to", &report_to, "event files beside log.jsonl, or none; nothing is sent")
      .choices({"tensorboard", "none"})
      .advanced()
      .add("profile", &profile, "print at the end where the time went, in percent")
      .advanced()
      .add("dtype", &dtype, "of the saved weights; empty: as in the model's folder")
      .choices({"float32", "float16", "bfloat16"})
      .advanced();
  add_data_settings(*this, settings);
  add_optimizer_to(settings);
}

void TrainSettings::add_optimizer_to(Settings& settings) {
  settings.group("Optimizer")
      .add("learning_rate", &learning_rate, "highest rate")
      .range(0, 10)
      .add("per_device_train_batch_size", &rows_per_device, "rows a step (times accumulation)")
      .range(1, 1e9)
      .add("gradient_accumulation_steps", &accumulation_steps,
           "multiplies the rows of a step; the loss is normalised over all of them")
      .range(1, 1e9)
      .add("micro_batch_tokens", &micro_batch_tokens,
           "tokens run at once: memory against speed, no influence on the loss")
      .range(1, 1e9)
      .add("gradient_checkpointing", &gradient_checkpointing,
           "keep only layer inputs and run layers again: less memory, a third more time")
      .add("bf16", &bf16,
           "matrix products of the training step in bf16 with fp32 sums; weights, gradients and "
           "moments stay fp32: about half the time on a processor with AVX512-BF16");
  add_schedule_to(settings);
  lora.add_to(settings);
}

void TrainSettings::add_schedule_to(Settings& settings) {
  settings.advanced_group("Schedule and moments")
      .add("lr_scheduler_type", &lr_scheduler_type,
           "constant_with_decay holds the rate, then lets it fall over the last decay_ratio")
      .choices({"constant", "constant_with_warmup", "linear", "cosine", "constant_with_decay"})
      .add("warmup_steps", &warmup_steps, "steps in which the rate rises")
      .range(0, 1e9)
      .add("decay_ratio", &decay_ratio, "share of the steps in which constant_with_decay falls")
      .range(0, 1)
      .add("min_lr_ratio", &min_lr_ratio, "of the highest rate, at the end of a fall")
      .range(0, 1)
      .add("weight_decay", &weight_decay, "decoupled; of matrices, not of norms and biases")
      .range(0, 10)
      // A decay of 1 or an epsilon of 0 would make NaN weights, which no check of a step sees.
      .add("adam_beta1", &adam_beta1, "decay of the first moment")
      .range(0, 0.999999)
      .add("adam_beta2", &adam_beta2, "decay of the second moment")
      .range(0, 0.999999)
      .add("adam_epsilon", &adam_epsilon, "added to the root of the second moment")
      .range(1e-30, 1)
      .add("max_grad_norm", &max_grad_norm, "gradients are scaled down to this norm; 0: not")
      .range(0, 1e9);
}

void TrainSettings::validate(const Settings& settings) const {
  lora.validate(settings);
  require(num_train_epochs == 0 || !settings.given("max_steps"), ErrorKind::kUsage,
          "num_train_epochs: expected it without max_steps, got both");
  if (num_train_epochs > 0) return;
  require(warmup_steps <= max_steps, ErrorKind::kUsage,
          "warmup_steps: expected at most max_steps (", max_steps, "), got ", warmup_steps);
}

void TrainSettings::resolve_steps(const std::vector<Domain>& domains) {
  constexpr double kManyEpochs = 50;
  double num_rows = 0;
  for (const Domain& domain : domains) num_rows += static_cast<double>(domain.size());
  const auto step_rows = static_cast<double>(rows_per_step());
  if (num_train_epochs > 0) {
    max_steps =
        std::max<int64_t>(1, std::llround(std::ceil(num_train_epochs * num_rows / step_rows)));
    log_info("train: ", num_train_epochs, " epochs of ", num_rows, " rows are ", max_steps,
             " steps of ", step_rows);
    num_train_epochs = 0;  // from here on the steps count, in config.yaml too
    require(warmup_steps <= max_steps, ErrorKind::kUsage,
            "warmup_steps: expected at most max_steps (", max_steps, "), got ", warmup_steps);
  }
  const double epochs = static_cast<double>(max_steps) * step_rows / std::max(1.0, num_rows);
  if (epochs > kManyEpochs)
    log_warning("train: ", max_steps, " steps of ", step_rows, " rows see each of the ", num_rows,
                " rows ", std::llround(epochs), " times (--num-train-epochs says how often)");
}

RowLimits TrainSettings::row_limits() const {
  RowLimits limits;
  limits.max_length = max_length;
  limits.instruction = instruction;
  limits.turns = parse_turn_policy(turns);
  return limits;
}

TrainerSettings TrainSettings::trainer() const {
  TrainerSettings trainer;
  trainer.adamw = {adam_beta1, adam_beta2, adam_epsilon, weight_decay};
  trainer.schedule.kind = parse_schedule_kind(lr_scheduler_type);
  trainer.schedule.lr = learning_rate;
  trainer.schedule.num_steps = max_steps;
  trainer.schedule.warmup_steps = warmup_steps;
  trainer.schedule.min_ratio = min_lr_ratio;
  trainer.schedule.decay_share = decay_ratio;
  trainer.max_grad_norm = max_grad_norm;
  trainer.seed = static_cast<uint64_t>(seed);
  trainer.micro_batch_tokens = micro_batch_tokens;
  trainer.decoder.recompute = gradient_checkpointing ? Recompute::kLayers : Recompute::kNothing;
  trainer.decoder.precision = bf16 ? Precision::kBfloat16 : Precision::kFloat32;
  return trainer;
}

}  // namespace laconic
