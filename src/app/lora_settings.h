// The settings of a LoRA or DoRA training, under the names of PEFT's LoraConfig and TRL's
// ModelConfig. lora_r 0, the default, trains all weights.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/settings.h"
#include "nn/adapter_config.h"

namespace laconic {

struct LoraSettings {
  int64_t r = 0;
  double alpha = 16;
  double dropout = 0;
  bool use_rslora = false;
  bool use_dora = false;
  std::vector<std::string> target_modules = {"all-linear"};
  std::vector<std::string> modules_to_save;
  std::string output = "both";

  bool enabled() const { return r > 0; }
  bool writes_adapter() const { return output != "merged"; }
  bool writes_merged() const { return output != "adapter"; }
  void add_to(Settings& settings);
  // Error(kUsage) for a setting of LoRA without lora_r. `settings`: where they were given.
  void validate(const Settings& settings) const;
  // `model`: the base, for names that match nothing (Error(kUsage)); `base`: its folder.
  AdapterConfig config(const ModelConfig& model, const std::string& base) const;
};

}  // namespace laconic
