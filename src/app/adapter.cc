// laconic adapter: PEFT LoRA adapters merged into a model, made from two models, or scaled.
//
// All three work tensor by tensor: memory is that of the adapter and of one tensor of each model.
// SPDX-License-Identifier: Apache-2.0
#include "nn/adapter.h"

#include <ATen/TensorOperators.h>

#include <algorithm>
#include <cmath>

#include "app/adapted_model.h"
#include "app/commands.h"
#include "app/stop_files.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/settings.h"
#include "nn/dequantize.h"
#include "nn/model_folder.h"
#include "text/prompt_builder.h"

namespace laconic {
namespace {

struct AdapterSettings {
  std::string action, model, adapter, tuned, out, dtype;
  std::vector<std::string> target_modules, modules_to_save;
  int64_t rank = 16;
  double factor = 1;
  double shard_gb = 5;

  void add_to(Settings& settings) {
    settings.positional("ACTION", &action, "merge, extract or scale")
        .choices({"merge", "extract", "scale"})
        .required();
    settings.positional("MODEL", &model, "merge, extract: the base model's folder")
        .model()
        .existing()
        .alias("model_name_or_path")
        .add("adapter", &adapter, "merge, scale: the adapter's folder")
        .folder()
        .existing()
        .add("tuned", &tuned, "extract: folder of the model that the base became")
        .model()
        .existing()
        .add("out", &out, "folder to write")
        .folder()
        .alias("output")
        .alias("output_dir")
        .required()
        .add("dtype", &dtype, "merge: dtype of the merged weights; empty: the base's")
        .choices({"float32", "bfloat16", "float16"})
        .add("shard_gb", &shard_gb, "merge: largest safetensors file, 10^9 bytes")
        .range(1e-6, 1e6)
        .advanced()
        .add("rank", &rank, "extract: r of every module; more keeps more of the difference")
        .alias("lora_r")
        .range(1, 1e6)
        .add("target_modules", &target_modules,
             "extract: names of linear layers; none: all of them but the head")
        .alias("lora_target_modules")
        .add("modules_to_save", &modules_to_save,
             "extract: modules that are kept whole, such as norm or embed_tokens")
        .advanced()
        .add("factor", &factor,
             "scale: what the adapter's change is multiplied by; 0: the base, above 1: further "
             "than it was trained")
        .range(-1e6, 1e6);
    settings.example("laconic adapter merge --model BASE --adapter ADAPTER --out MERGED")
        .example("laconic adapter extract --model BASE --tuned TUNED --rank 16 --out ADAPTER")
        .example("laconic adapter scale --adapter ADAPTER --factor 0.5 --out HALF");
  }

  // Each action takes its own options; another's are a mistake worth naming.
  void validate(const Settings& settings) const {
    const auto check = [&](const char* name, std::vector<std::string> actions, bool is_needed) {
      const bool fits = std::find(actions.begin(), actions.end(), action) != actions.end();
      require(fits || !settings.given(name), ErrorKind::kUsage, "--", with_hyphens(name),
              ": expected it with ", actions[0], " only, got it with ", action);
      require(!fits || !is_needed || settings.given(name), ErrorKind::kUsage, "laconic adapter ",
              action, ": expected --", with_hyphens(name), ", got none");
    };
    check("model", {"merge", "extract"}, true);
    check("adapter", {"merge", "scale"}, true);
    check("tuned", {"extract"}, true);
    check("factor", {"scale"}, true);
    check("dtype", {"merge"}, false);
    check("shard_gb", {"merge"}, false);
    check("rank", {"extract"}, false);
    check("target_modules", {"extract"}, false);
    check("modules_to_save", {"extract"}, false);
  }
};

// The largest |rounded - exact| in a tensor, as a share of its largest value.
double rounding_change(const at::Tensor& exact, const std::string& dtype) {
  const double largest = exact.abs().max().item<double>();
  if (dtype == "float32" || largest == 0) return 0;
  const at::Tensor rounded = exact.to(dtype == "bfloat16" ? at::kBFloat16 : at::kHalf);
  return (rounded.to(at::kFloat) - exact).abs().max().item<double>() / largest;
}

std::string merged_card(const AdapterSettings& s) {
  return cat("---\nbase_model: ", s.model,
             "\nbase_model_relation: merge\nlibrary_name: transformers\n"
             "pipeline_tag: text-generation\ntags: [laconic, lora, merge]\n---\n\nThe adapter `",
             s.adapter, "` merged into `", s.model, "` in fp32 by laconic ", LACONIC_VERSION,
             ".\n");
}

void merge(const AdapterSettings& s) {
  const ModelIndex index = open_model(s.model);
  const Adapter adapter = load_adapter(s.adapter, index.config);
  const AdapterMerge merging(adapter);
  SaveRequest request;
  request.source_folder = s.model;
  request.dtype = s.dtype.empty() ? index.config.dtype : s.dtype;
  request.card = merged_card(s);
  if (file_exists(join_path(s.model, "tokenizer.json")))
    request.files = stop_files(s.model, PromptBuilder::from_folder(s.model));
  request.max_shard_bytes = static_cast<int64_t>(s.shard_gb * 1e9);
  request.parameters = plan_parameters(index.config);
  double largest_change = 0;
  request.values = [&](const Parameter& parameter) {
    const at::Tensor values = read_tensor(index, parameter);
    if (!merging.touches(parameter)) return values;
    merging.apply(parameter, values);
    largest_change = std::max(largest_change, rounding_change(values, request.dtype));
    return values;
  };
  save_model(s.out, request);
  log_info("wrote ", s.out, ": ", adapter.plan.modules.size(), " modules merged, ",
           adapter.plan.saved.size(), " tensors replaced");
  if (const auto change = merge_change(s.model, adapter, s.out))
    log_info("rounding to ", request.dtype,
             " and the order of summation change log-probabilities "
             "by at most ",
             change->nats, " nats, ", change->relative, " of their size (", change->num_tokens,
             " tokens)");
  else
    log_info("rounding to ", request.dtype, " changes weights by at most ", largest_change,
             " of a tensor's largest (the model is too large to compare log-probabilities in "
             "passing)");
}

// Tensors outside the adapter that differ: what a low-rank adapter cannot say.
struct LeftOut {
  std::vector<std::string> names;
  void warn() const {
    if (names.empty()) return;
    std::string text;
    for (size_t i = 0; i < names.size() && i < 4; ++i) text += (i ? ", " : "") + names[i];
    log_warning(names.size(), " tensors differ and are not in the adapter: ", text,
                names.size() > 4 ? ", ..." : "", " (--modules-to-save keeps them whole)");
  }
};

void extract(const AdapterSettings& s) {
  const ModelIndex base = open_model(s.model), tuned = open_model(s.tuned);
  Adapter adapter;
  adapter.config.r = s.rank;
  adapter.config.alpha = static_cast<double>(s.rank);
  adapter.config.target_modules = s.target_modules;
  adapter.config.all_linear = s.target_modules.empty();
  adapter.config.modules_to_save = s.modules_to_save;
  adapter.config.base_model = s.model;
  const std::string unmatched = unmatched_target(adapter.config, base.config);
  require(unmatched.empty(), ErrorKind::kUsage, "--target-modules: expected linear layers of ",
          base.config.architecture, ", got ", unmatched);
  adapter.plan = plan_adapter(adapter.config, base.config, "laconic adapter extract");
  std::map<std::string, const AdapterModule*> modules;
  for (const AdapterModule& module : adapter.plan.modules) modules[module.parameter.name] = &module;
  const std::vector<Parameter> parameters = plan_parameters(base.config);
  Progress progress("extract", static_cast<int64_t>(modules.size()), "modules");
  double energy = 0, total_energy = 0;
  LeftOut left_out;
  size_t next_saved = 0;
  for (const Parameter& parameter : parameters) {
    const auto other = tuned.tensors.find(parameter.name);
    require(other != tuned.tensors.end() && other->second.entry.shape == parameter.shape,
            ErrorKind::kModel, s.tuned, ": expected the tensors of ", s.model, ", got another ",
            parameter.name);
    const at::Tensor values = read_tensor(tuned, parameter);
    const bool is_saved = next_saved < adapter.plan.saved.size() &&
                          adapter.plan.saved[next_saved].name == parameter.name;
    if (is_saved) {
      adapter.saved.push_back(values);
      ++next_saved;
      continue;
    }
    const at::Tensor difference = values - read_tensor(base, parameter);
    if (!modules.contains(parameter.name)) {
      if (difference.abs().max().item<double>() > 0) left_out.names.push_back(parameter.name);
      continue;
    }
    Extraction part = extract_low_rank(difference, s.rank);
    energy += part.energy, total_energy += part.total_energy;
    adapter.low_rank.push_back(std::move(part.low_rank));
    progress.update(static_cast<int64_t>(adapter.low_rank.size()));
  }
  progress.finish();
  left_out.warn();
  save_adapter(s.out, {&adapter, "", s.model, {}, {}});
  log_info("wrote ", s.out, ": rank ", s.rank, " keeps ",
           total_energy > 0 ? 100 * energy / total_energy : 100.0,
           " % of the difference's energy in ", adapter.plan.modules.size(), " modules");
}

void scale(const AdapterSettings& s) {
  scale_adapter(s.adapter, s.factor, s.out);
  log_info("wrote ", s.out, ": the change of ", s.adapter, " times ", s.factor);
}

}  // namespace

int run_adapter(Arguments arguments) {
  AdapterSettings s;
  Settings settings("laconic adapter",
                    "Merges a PEFT LoRA adapter into a model, makes one from the difference of two "
                    "models, or scales one.");
  s.add_to(settings);
  if (!settings.parse(arguments)) return 0;
  s.validate(settings);
  if (s.action == "merge") merge(s);
  if (s.action == "extract") extract(s);
  if (s.action == "scale") scale(s);
  return 0;
}

}  // namespace laconic
