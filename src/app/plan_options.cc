// SPDX-License-Identifier: Apache-2.0
#include "app/plan_options.h"

#include "app/plan_gpu.h"  // gpu_names

namespace laconic {

void PlanOptions::add_to(Settings& settings) {
  settings.positional("MODEL", &model,
                      "model folder, of which config.json alone is read, or the name of a "
                      "well-known model, such as Qwen2.5-7B, which need not be there");
  settings.model().alias("model_name_or_path").required();
  settings.group("Training (as sft and tldr)")
      .add("max_steps", &max_steps, "optimizer steps; 0: no training")
      .range(0, 1e9)
      .add("rows", &rows, "rows a step")
      .alias("per_device_train_batch_size")
      .range(1, 1e9)
      .add("row_tokens", &row_tokens, "mean tokens of a row, prompt and completion")
      .range(2, 1e9)
      .add("longest_row", &longest_row, "tokens; 0: 4 times the mean, as far as a micro-batch goes")
      .range(0, 1e9)
      .advanced()
      .add("target_share", &target_share, "share of a row's tokens that are trained on")
      .range(0.001, 1)
      .advanced()
      .add("micro_batch_tokens", &micro_batch_tokens, "tokens run at once")
      .range(1, 1e9)
      .advanced()
      .add("gradient_checkpointing", &gradient_checkpointing, "keep only layer inputs")
      .add("bf16", &bf16, "matrix products in bf16")
      .add("lora_r", &lora_r, "train an adapter of this rank on all linear layers; 0: all weights")
      .range(0, 1e6);
  settings.group("Sampling (as eval, generate and tldr's evaluations)")
      .add("problems", &problems, "of an evaluation; 0: no sampling")
      .range(0, 1e9)
      .add("samples", &samples, "replies to each problem")
      .alias("n")
      .alias("num_samples")
      .range(1, 1e6)
      .add("prompt_tokens", &prompt_tokens, "mean tokens of a prompt")
      .range(1, 1e9)
      .add("reply_tokens", &reply_tokens, "mean tokens of a reply")
      .range(2, 1e9)
      .add("slots", &slots,
           "replies sampled side by side (on the CPU of a small model six a thread)")
      .range(1, 1e6)
      .advanced()
      .add(
          "sampling_weights", &sampling_weights,
          "how the sampler stores matrices; auto: bfloat16 where config.json says so, else float32")
      .choices({"auto", "float32", "bfloat16", "int8"})
      .advanced()
      .add("evaluations", &evaluations, "how often; tldr: max_steps / eval_steps + 1")
      .range(1, 1e9);
  add_where_to(settings);
}

void PlanOptions::add_where_to(Settings& settings) {
  settings.group("Where")
      .add("calibrate", &calibrate,
           "measure this machine, for 20 seconds at most, and tell the time; without: memory alone")
      .add("gpus", &gpus, "instead of this machine: so many cards, from published peaks")
      .range(0, 1e6)
      .add("gpu", &gpu, "kind of card, in any case: " + gpu_names())
      .metavar("NAME")
      .add("utilisation", &utilisation, "assumed share of a card's bf16 peak")
      .range(0.01, 1)
      .advanced()
      .add("json", &json, "print one JSON object")
      .example("laconic plan MODEL --max-steps 200 --row-tokens 700 --problems 500 --bf16")
      .example("laconic plan qwen2.5-7b --max-steps 2000 --gpus 8 --gpu h100");
}

}  // namespace laconic
