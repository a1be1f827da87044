// SPDX-License-Identifier: Apache-2.0
#include "app/lora_settings.h"

#include "base/error.h"

namespace laconic {

void LoraSettings::add_to(Settings& settings) {
  settings.group("LoRA")
      .add("lora_r", &r, "rank of the adapters that are trained instead of all weights; 0: all")
      .range(0, 1e6);
  settings.advanced_group("LoRA, more")
      .add("lora_alpha", &alpha, "the adapter's change is multiplied by alpha / r")
      .range(1e-6, 1e6)
      .add("lora_dropout", &dropout, "share of the adapter's inputs dropped in training; slower")
      .range(0, 0.99)
      .add("lora_target_modules", &target_modules,
           "names of linear layers, or all-linear: all of them but the head")
      .add("use_rslora", &use_rslora, "multiply by alpha / sqrt(r) instead")
      .add("use_dora", &use_dora,
           "train the length of each row of a weight beside its direction (DoRA); slower")
      .add("modules_to_save", &modules_to_save, "modules that are trained whole beside the adapter")
      .alias("lora_modules_to_save")
      .add("lora_output", &output, "what the run leaves: merged model/, adapter/ or both")
      .choices({"both", "merged", "adapter"});
}

void LoraSettings::validate(const Settings& settings) const {
  if (enabled()) return;
  for (const char* name : {"lora_alpha", "lora_dropout", "lora_target_modules", "use_rslora",
                           "use_dora", "modules_to_save", "lora_output"})
    require(!settings.given(name), ErrorKind::kUsage, name,
            ": expected lora_r with it, got none (without it all weights are trained)");
}

AdapterConfig LoraSettings::config(const ModelConfig& model, const std::string& base) const {
  AdapterConfig config;
  config.r = r;
  config.alpha = alpha;
  config.dropout = dropout;
  config.use_rslora = use_rslora;
  config.use_dora = use_dora;
  config.all_linear = target_modules.size() == 1 && target_modules[0] == "all-linear";
  if (!config.all_linear) config.target_modules = target_modules;
  config.modules_to_save = modules_to_save;
  config.base_model = base;
  const std::string unmatched = unmatched_target(config, model);
  require(unmatched.empty(), ErrorKind::kUsage, "lora_target_modules: expected linear layers of ",
          model.architecture, ", got ", unmatched);
  return config;
}

}  // namespace laconic
