// laconic plan: memory and time of a run, before anything is loaded.
// SPDX-License-Identifier: Apache-2.0
#include <ATen/Parallel.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "app/commands.h"
#include "app/plan_calibration.h"
#include "app/plan_gpu.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/machine.h"
#include "base/settings.h"
#include "nn/adapter_config.h"
#include "nn/decode.h"
#include "nn/memory_plan.h"
#include "nn/weights.h"

namespace laconic {
namespace {

struct PlanOptions {
  std::string model, gpu = "h100", sampling_weights = "auto";
  int64_t max_steps = 0, rows = 64, row_tokens = 512, longest_row = 0, micro_batch_tokens = 8192;
  double target_share = 0.8;
  bool gradient_checkpointing = false, bf16 = false;
  int64_t lora_r = 0;
  int64_t problems = 0, samples = 1, prompt_tokens = 128, reply_tokens = 512, slots = 64;
  int64_t evaluations = 1;
  int64_t gpus = 0;
  double utilisation = 0.4;
  bool calibrate = true, json = false;

  void add_to(Settings& settings);
};

void PlanOptions::add_to(Settings& settings) {
  settings.add("model", &model, "model folder; only its config.json is read");
  settings.alias("model_name_or_path").required();
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
      .add("target_share", &target_share, "share of a row's tokens that are trained on")
      .range(0.001, 1)
      .add("micro_batch_tokens", &micro_batch_tokens, "tokens run at once")
      .range(1, 1e9)
      .add("gradient_checkpointing", &gradient_checkpointing, "keep only layer inputs")
      .add("bf16", &bf16, "matrix products in bf16")
      .add("lora_r", &lora_r, "train an adapter of this rank on all linear layers; 0: all weights")
      .range(0, 1e6);
  settings.group("Sampling (as eval, generate and tldr's evaluations)")
      .add("problems", &problems, "of an evaluation; 0: no sampling")
      .range(0, 1e9)
      .add("samples", &samples, "replies to each problem")
      .range(1, 1e6)
      .add("prompt_tokens", &prompt_tokens, "mean tokens of a prompt")
      .range(1, 1e9)
      .add("reply_tokens", &reply_tokens, "mean tokens of a reply")
      .range(2, 1e9)
      .add("slots", &slots,
           "replies sampled side by side (on the CPU of a small model six a thread)")
      .range(1, 1e6)
      .add(
          "sampling_weights", &sampling_weights,
          "how the sampler stores matrices; auto: bfloat16 where config.json says so, else float32")
      .choices({"auto", "float32", "bfloat16", "int8"})
      .add("evaluations", &evaluations, "how often; tldr: max_steps / eval_steps + 1")
      .range(1, 1e9);
  settings.group("Where")
      .add("calibrate", &calibrate,
           "measure this machine for some 15 seconds; without: memory alone")
      .add("gpus", &gpus, "instead of this machine: so many cards, from published peaks")
      .range(0, 1e6)
      .add("gpu", &gpu, "kind of card: " + gpu_names())
      .add("utilisation", &utilisation, "assumed share of a card's bf16 peak")
      .range(0.01, 1)
      .add("json", &json, "print one JSON object")
      .example("laconic plan --model M --max-steps 200 --row-tokens 700 --problems 500 --bf16");
}

// What running adds: code that is first used then, threads, the tokenizer (measured on the small
// world: 22 MiB in an evaluation, 24 and 41 in training with one row and with 64).
constexpr int64_t kLaterBytes = int64_t{30} << 20;

int64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  int64_t total = 0, resident = 0;
  statm >> total >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

struct TimePart {
  std::string name;
  double seconds = 0;
  std::string how;
};

struct Plan {
  ModelConfig config;
  int64_t num_weights = 0, num_adapter_weights = -1;
  std::vector<MemoryPart> memory;
  std::vector<TimePart> time;
  std::string basis;  // of the time
};

ModelConfig read_config(const std::string& folder) {
  const std::string path = join_path(folder, "config.json");
  require(file_exists(path), ErrorKind::kModel, folder,
          ": expected a file config.json, got none (is it a model folder?)");
  return parse_model_config(Json::parse(read_file(path), path), path);
}

int64_t adapter_weights(const ModelConfig& config, int64_t r) {
  int64_t weights = 0;
  for (const AdapterModule& module :
       plan_adapter(all_linear_adapter(r), config, "--lora-r").modules)
    weights += module.r * (module.parameter.shape[0] + module.parameter.shape[1]);
  return weights;
}

TrainShape train_shape(const PlanOptions& options, const Plan& plan) {
  TrainShape shape;
  shape.row_tokens = options.longest_row > 0
                         ? std::max(options.longest_row, options.row_tokens)
                         : std::max(options.row_tokens,
                                    std::min(4 * options.row_tokens, options.micro_batch_tokens));
  // A row is never cut: one that is longer than a micro-batch is one alone.
  const int64_t step_tokens = options.rows * options.row_tokens;
  shape.batch_tokens =
      std::min(std::max(options.micro_batch_tokens, shape.row_tokens), step_tokens);
  shape.row_tokens = std::min(shape.row_tokens, shape.batch_tokens);
  shape.batch_targets = static_cast<int64_t>(
      std::ceil(options.target_share * static_cast<double>(shape.batch_tokens)));
  shape.num_threads = at::get_num_threads();
  shape.trained_weights = plan.num_adapter_weights;
  shape.decoder.recompute =
      options.gradient_checkpointing ? Recompute::kLayers : Recompute::kNothing;
  shape.decoder.precision = options.bf16 ? Precision::kBfloat16 : Precision::kFloat32;
  return shape;
}

int64_t slots_of(const PlanOptions& options) {
  return std::min(options.slots, options.problems * options.samples);
}

// Those that the sampler makes on this machine.
int64_t slots_here(const PlanOptions& options, const Plan& plan) {
  return slots_made(packed_weights(plan.config), slots_of(options));
}

// auto: what the values of a model in bf16 are stored as.
int64_t bytes_of(StorageChoice choice, const ModelConfig& config) {
  const bool bfloat16 = choice == StorageChoice::kBfloat16 ||
                        (choice == StorageChoice::kAuto && config.dtype == "bfloat16");
  return choice == StorageChoice::kInt8 ? 1 : bfloat16 ? 2 : 4;
}

void plan_memory(const PlanOptions& options, Plan& plan) {
  plan.memory = {{"program and libraries", resident_bytes() + kLaterBytes,
                  "measured now, and 30 MiB that running adds"}};
  const auto append = [&](const std::vector<MemoryPart>& parts) {
    plan.memory.insert(plan.memory.end(), parts.begin(), parts.end());
  };
  if (options.max_steps > 0)
    append(training_memory(plan.config, train_shape(options, plan)));
  else
    plan.memory.push_back({"weights", 4 * plan.num_weights, "4 N"});
  if (options.problems == 0) return;
  SampleShape shape;
  shape.slots = slots_here(options, plan);
  shape.positions = options.prompt_tokens + options.reply_tokens;
  const StorageChoice storage = parse_storage_choice(options.sampling_weights);
  shape.weight_bytes = bytes_of(storage, plan.config);
  shape.kv_storage = kv_storage(storage);
  shape.copies_weights = options.max_steps > 0;
  append(sampling_memory(plan.config, shape));
}

struct Work {
  double tokens = 0, targets = 0, prompt_tokens = 0, replies = 0, steps = 0;
};
Work work_of(const PlanOptions& options, int64_t slots) {
  Work work;
  work.tokens = static_cast<double>(options.max_steps * options.rows * options.row_tokens);
  work.targets = work.tokens * options.target_share;
  const auto evaluations = static_cast<double>(options.evaluations);
  work.prompt_tokens = evaluations * static_cast<double>(options.problems * options.prompt_tokens);
  work.replies = evaluations * static_cast<double>(options.problems * options.samples);
  // The last replies leave slots empty, for half a reply's length or so.
  work.steps = static_cast<double>(options.reply_tokens) *
               (work.replies / static_cast<double>(std::max<int64_t>(1, slots)) + evaluations / 2);
  return work;
}

void plan_time_here(const PlanOptions& options, Plan& plan) {
  const int64_t slots = slots_here(options, plan);
  const Work work = work_of(options, slots);
  char how[120];
  plan.basis = cat("measured on ", at::get_num_threads(), " threads of this machine just now");
  if (options.max_steps > 0) {
    const TrainShape shape = train_shape(options, plan);
    const TrainCost cost =
        measure_training(plan.config, {shape.batch_tokens, options.row_tokens, options.target_share,
                                       options.lora_r, shape.decoder});
    const double update = options.lora_r > 0 ? static_cast<double>(plan.num_adapter_weights) /
                                                   static_cast<double>(plan.num_weights)
                                             : 1;
    std::snprintf(how, sizeof how, "%.0f tokens/s in the layers, %.0f GFLOP/s of products",
                  1 / cost.s_per_token, cost.gflops);
    plan.time.push_back({"layers", work.tokens * cost.s_per_token, how});
    if (cost.s_per_target > 0)
      plan.time.push_back({"head and loss", work.targets * cost.s_per_target,
                           cat(static_cast<int64_t>(1 / cost.s_per_target), " targets/s")});
    plan.time.push_back(
        {"optimizer", static_cast<double>(options.max_steps) * cost.s_per_update * update,
         cat(static_cast<int64_t>(1e3 * cost.s_per_update * update), " ms a step")});
  }
  if (options.problems == 0) return;
  const SampleCost cost =
      measure_sampling(plan.config, {slots, options.prompt_tokens, options.reply_tokens,
                                     parse_storage_choice(options.sampling_weights)});
  std::snprintf(how, sizeof how, "%.0f tokens/s", 1 / cost.s_per_prompt_token);
  plan.time.push_back({"prompts", work.prompt_tokens * cost.s_per_prompt_token, how});
  std::snprintf(how, sizeof how, "%.0f tokens/s with %ld slots",
                static_cast<double>(slots) / cost.s_per_step, static_cast<long>(slots));
  plan.time.push_back({"replies", work.steps * cost.s_per_step, how});
}

void plan_time_gpus(const PlanOptions& options, Plan& plan) {
  const GpuFleet fleet = {find_gpu(options.gpu), options.gpus, options.utilisation};
  const int64_t slots = slots_of(options);
  const Work work = work_of(options, slots);
  plan.basis = cat("an estimate for ", options.gpus, " x ", options.gpu, ": published peak of ",
                   fleet.kind.bf16_tflops, " TFLOP/s in bf16 used at ", 100 * options.utilisation,
                   " %, half of ", fleet.kind.memory_tb_s, " TB/s; nothing was run there");
  if (options.max_steps > 0) {
    // Frozen matrices have no gradients: a third of the products, a quarter where forward runs
    // twice.
    const double lora = options.gradient_checkpointing ? 3.0 / 4 : 2.0 / 3;
    const double s =
        gpu_train_s_per_token(plan.config, fleet, static_cast<double>(options.row_tokens),
                              options.target_share, options.gradient_checkpointing) *
        (options.lora_r > 0 ? lora : 1);
    plan.time.push_back(
        {"training", work.tokens * s, cat(static_cast<int64_t>(1 / s), " tokens/s")});
  }
  if (options.problems == 0) return;
  const auto cards = static_cast<double>(options.gpus);
  const double prompt_s =
      forward_flops(plan.config, static_cast<double>(options.prompt_tokens), false) /
      (fleet.kind.bf16_tflops * 1e12 * fleet.utilisation * cards);
  plan.time.push_back({"prompts", work.prompt_tokens * prompt_s,
                       cat(static_cast<int64_t>(1 / prompt_s), " tokens/s")});
  const double middle =
      static_cast<double>(options.prompt_tokens) + 0.5 * static_cast<double>(options.reply_tokens);
  const double step_s = gpu_step_s(plan.config, fleet, slots, middle) / cards;
  plan.time.push_back({"replies", work.steps * step_s,
                       cat(static_cast<int64_t>(static_cast<double>(slots) / step_s),
                           " tokens/s with ", slots, " slots a card")});
}

double total_s(const std::vector<TimePart>& parts) {
  double sum = 0;
  for (const TimePart& part : parts) sum += part.seconds;
  return sum;
}

std::string time_text(double seconds) {
  char text[48];
  if (seconds < 100)
    std::snprintf(text, sizeof text, "%.1f s", seconds);
  else if (seconds < 6000)
    std::snprintf(text, sizeof text, "%.1f min", seconds / 60);
  else
    std::snprintf(text, sizeof text, "%.1f h", seconds / 3600);
  return text;
}

void print_row(const std::string& name, const std::string& value, const std::string& note) {
  std::printf("  %-30s %12s%s%s\n", name.c_str(), value.c_str(), note.empty() ? "" : "   ",
              note.c_str());
}

std::string size_text(int64_t bytes) {
  if (bytes >= int64_t{1} << 30) return bytes_text(bytes);
  char text[32];
  std::snprintf(text, sizeof text, "%.1f MiB", static_cast<double>(bytes) / (1 << 20));
  return text;
}

void print_plan(const Plan& plan) {
  std::printf("model    %s, %.1f million weights%s\n", plan.config.architecture.c_str(),
              static_cast<double>(plan.num_weights) * 1e-6,
              plan.num_adapter_weights < 0
                  ? ""
                  : cat(", ", plan.num_adapter_weights, " in the adapter").c_str());
  std::printf("memory   of the largest step, fp32 on the CPU\n");
  for (const MemoryPart& part : plan.memory)
    print_row(part.name, size_text(part.bytes), part.formula);
  const int64_t bytes = total_bytes(plan.memory);
  print_row("in all", size_text(bytes), "");
  const int64_t available = read_machine().memory_available_bytes;
  if (bytes > available)
    std::printf("warning  only %s are available on this machine\n", bytes_text(available).c_str());
  if (plan.time.empty()) return;
  std::printf("time     %s\n", plan.basis.c_str());
  for (const TimePart& part : plan.time) print_row(part.name, time_text(part.seconds), part.how);
  print_row("in all", time_text(total_s(plan.time)), "without reading and saving");
}

Json plan_json(const Plan& plan) {
  Json json = Json::object();
  json["architecture"] = plan.config.architecture;
  json["num_weights"] = plan.num_weights;
  json["memory"] = Json::array();
  for (const MemoryPart& part : plan.memory) {
    Json row = Json::object();
    row["part"] = part.name;
    row["bytes"] = part.bytes;
    row["formula"] = part.formula;
    json["memory"].push_back(row);
  }
  json["memory_bytes"] = total_bytes(plan.memory);
  if (plan.num_adapter_weights >= 0) json["num_adapter_weights"] = plan.num_adapter_weights;
  if (plan.time.empty()) return json;
  json["time_basis"] = plan.basis;
  json["time"] = Json::array();
  for (const TimePart& part : plan.time) {
    Json row = Json::object();
    row["part"] = part.name;
    row["seconds"] = part.seconds;
    row["how"] = part.how;
    json["time"].push_back(row);
  }
  json["seconds"] = total_s(plan.time);
  return json;
}

}  // namespace

int run_plan(Arguments arguments) {
  PlanOptions options;
  Settings settings("laconic plan",
                    "Foretells memory and time of a run from a model's config.json, before "
                    "anything is loaded.");
  options.add_to(settings);
  if (!settings.parse(arguments)) return 0;
  require(options.max_steps > 0 || options.problems > 0, ErrorKind::kUsage,
          "laconic plan: expected --max-steps (training) or --problems (sampling), got neither");
  if (options.gpus > 0) find_gpu(options.gpu);
  Plan plan;
  plan.config = read_config(options.model);
  plan.num_weights = count_weights(plan.config);
  if (options.lora_r > 0) plan.num_adapter_weights = adapter_weights(plan.config, options.lora_r);
  plan_memory(options, plan);
  if (options.gpus > 0)
    plan_time_gpus(options, plan);
  else if (options.calibrate)
    plan_time_here(options, plan);
  if (options.json)
    std::printf("%s\n", plan_json(plan).dump(2).c_str());
  else
    print_plan(plan);
  return 0;
}

}  // namespace laconic
