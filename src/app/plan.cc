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
#include "app/plan_models.h"
#include "app/plan_options.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/machine.h"
#include "base/nearest.h"
#include "base/printable.h"
#include "base/progress.h"
#include "base/settings.h"
#include "nn/adapter_config.h"
#include "nn/decode.h"
#include "nn/memory_plan.h"
#include "nn/weights.h"

namespace laconic {
namespace {

// What running adds: code that is first used then, threads, the tokenizer (measured on the small
// world: 22 MiB in an evaluation, 24 and 41 in training with one row and with 64).
constexpr int64_t kLaterBytes = int64_t{30} << 20;

int64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  int64_t total = 0, resident = 0;
  statm >> total >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

// The longest that measuring may take, all parts together; making weights comes beside it.
constexpr double kMeasuringS = 14;

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
  std::string basis;        // of the time
  std::string where;        // of the memory
  int64_t most_bytes = -1;  // that are there; -1: this machine's
};

// A folder's config.json, or what is known of a name.
ModelConfig read_config(const std::string& folder) {
  if (!path_exists(folder)) {
    if (const std::optional<ModelConfig> known = find_known_model(folder)) return *known;
    const std::string near = nearest(folder, known_model_names());
    require(near.empty(), ErrorKind::kUsage, "MODEL: expected a model folder or a known name, got ",
            folder, " (did you mean ", near, "?)");
  }
  require_model_folder(folder, "MODEL");
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
  plan.where = "fp32 on the CPU";
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
  const std::vector<MemoryPart> sampling = sampling_memory(plan.config, shape);
  const int64_t both = std::min(passing_bytes(plan.memory), passing_bytes(sampling));
  append(sampling);
  if (both > 0)
    plan.memory.push_back({"not at the same time", -both,
                           "a step's memory is given back before the weights are copied"});
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
  Progress progress("measuring this machine", CalibrationTime::kNumParts, "parts");
  int64_t num_begun = 0;
  const CalibrationTime time(kMeasuringS,
                             [&](const char* part) { progress.update(num_begun++, part); });
  char how[120];
  plan.basis = cat("measured on ", at::get_num_threads(), " threads of this machine just now");
  if (options.max_steps > 0) {
    const TrainShape shape = train_shape(options, plan);
    const TrainCost cost = measure_training(plan.config,
                                            {shape.batch_tokens, options.row_tokens,
                                             options.target_share, options.lora_r, shape.decoder},
                                            time);
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
  if (options.problems == 0) return progress.vanish();
  const SampleCost cost = measure_sampling(plan.config,
                                           {slots, options.prompt_tokens, options.reply_tokens,
                                            parse_storage_choice(options.sampling_weights)},
                                           time);
  std::snprintf(how, sizeof how, "%.0f tokens/s", 1 / cost.s_per_prompt_token);
  plan.time.push_back({"prompts", work.prompt_tokens * cost.s_per_prompt_token, how});
  std::snprintf(how, sizeof how, "%.0f tokens/s with %ld slots",
                static_cast<double>(slots) / cost.s_per_step, static_cast<long>(slots));
  plan.time.push_back({"replies", work.steps * cost.s_per_step, how});
  progress.vanish();
}

// Parts of training_memory that are not the CPU engine's own.
bool is_on_card(const std::string& part) {
  for (const char* name : {"weights", "adapter", "gradients", "optimizer moments", "activations"})
    if (part == name) return true;
  return false;
}

// Of one card: every card holds the model whole, and a share of the rows or replies.
void plan_memory_gpus(const PlanOptions& options, Plan& plan) {
  const GpuKind& kind = find_gpu(options.gpu);
  plan.where =
      cat("of each of ", options.gpus, " x ", kind.name, ", ", kind.memory_gb, " GB; an estimate");
  plan.most_bytes = static_cast<int64_t>(kind.memory_gb * 1e9);
  const bool trains = options.max_steps > 0;
  if (trains) {
    TrainShape shape = train_shape(options, plan);
    shape.num_threads = 1;
    for (MemoryPart& part : training_memory(plan.config, shape))
      if (is_on_card(part.name)) plan.memory.push_back(std::move(part));
  }
  if (options.problems == 0) return;
  // Weights and cache in bf16.
  plan.memory.push_back({"weights of the sampler", 2 * plan.num_weights, "2 N"});
  const int64_t positions = options.prompt_tokens + options.reply_tokens;
  const int64_t row = plan.config.num_layers * plan.config.num_kv_heads * plan.config.head_dim;
  plan.memory.push_back(
      {"KV cache", 4 * row * positions * slots_of(options), "4 L K E a position"});
}

void plan_time_gpus(const PlanOptions& options, Plan& plan) {
  const GpuFleet fleet = {find_gpu(options.gpu), options.gpus, options.utilisation};
  const int64_t slots = slots_of(options);
  const Work work = work_of(options, slots);
  plan.basis = cat("an estimate for ", options.gpus, " x ", fleet.kind.name, ": published peak of ",
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
  std::printf("model    %s, %.1f million weights%s\n", printable(plan.config.architecture).c_str(),
              static_cast<double>(plan.num_weights) * 1e-6,
              plan.num_adapter_weights < 0
                  ? ""
                  : cat(", ", plan.num_adapter_weights, " in the adapter").c_str());
  std::printf("memory   of the largest step, %s\n", plan.where.c_str());
  for (const MemoryPart& part : plan.memory)
    print_row(part.name, size_text(part.bytes), part.formula);
  const int64_t bytes = total_bytes(plan.memory);
  print_row("in all", size_text(bytes), "");
  const bool is_here = plan.most_bytes < 0;
  const int64_t available = is_here ? read_machine().memory_available_bytes : plan.most_bytes;
  if (bytes > available)
    std::printf("warning  only %s are available on %s\n", bytes_text(available).c_str(),
                is_here ? "this machine" : "a card");
  if (plan.time.empty()) return;
  std::printf("time     %s\n", plan.basis.c_str());
  for (const TimePart& part : plan.time) print_row(part.name, time_text(part.seconds), part.how);
  print_row("in all", time_text(total_s(plan.time)), "without reading and saving");
}

Json plan_json(const Plan& plan) {
  Json json = Json::object();
  json["architecture"] = plan.config.architecture;
  json["num_weights"] = plan.num_weights;
  json["memory_of"] = plan.where;
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
  if (options.gpus > 0) {
    plan_memory_gpus(options, plan);
    plan_time_gpus(options, plan);
  } else {
    plan_memory(options, plan);
    if (options.calibrate) plan_time_here(options, plan);
  }
  if (options.json)
    std::printf("%s\n", plan_json(plan).dump(2).c_str());
  else
    print_plan(plan);
  return 0;
}

}  // namespace laconic
