// adapter_config.json of a PEFT LoRA adapter, and which modules of a model it means.
//
// Read: r, lora_alpha, lora_dropout, use_rslora, use_dora, target_modules (names, one regular
// expression, "all-linear"), exclude_modules, layers_to_transform with layers_pattern,
// rank_pattern, alpha_pattern, modules_to_save. What does not decide the result (versions, names,
// initialisations that leave the base alone) is passed over. Everything else, known to PEFT or not,
// is refused by name when it is set: another peft_type, bias, PiSSA-like initialisations that
// change the base, embedding targets, tied embeddings that an adapter would untie. Source: PEFT
// 0.21 (tuners/lora/config.py, tuners_utils.check_target_module_exists,
// other.get_pattern_key). Errors: Error(kModel) `file: field: expected X, got Y`.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "nn/weights.h"

namespace laconic {

struct AdapterConfig {
  int64_t r = 8;
  double alpha = 8;
  double dropout = 0;
  bool use_rslora = false;
  bool use_dora = false;
  std::vector<std::string> target_modules;  // names or ends of names
  std::string target_pattern;               // instead: a regular expression on the whole name
  bool all_linear = false;                  // instead: every linear layer but the head
  std::vector<std::string> exclude_modules;
  std::string exclude_pattern;
  std::vector<int64_t> layers_to_transform;  // empty: all
  std::vector<std::string> layers_pattern;
  std::vector<std::pair<std::string, int64_t>> rank_pattern;  // in order: the first match counts
  std::vector<std::pair<std::string, double>> alpha_pattern;
  std::vector<std::string> modules_to_save;
  std::string base_model;  // base_model_name_or_path, "" where there is none
};

// One adapted linear layer.
struct AdapterModule {
  std::string name;     // "model.layers.0.self_attn.q_proj"
  Parameter parameter;  // its weight [out, in] in the base
  int64_t r = 0;
  double scale = 0;  // alpha / r, or alpha / sqrt(r) with use_rslora
};

struct AdapterPlan {
  std::vector<AdapterModule> modules;  // in the base's order
  std::vector<Parameter> saved;        // whole tensors that the adapter replaces
};

// `place` is the path of adapter_config.json.
AdapterConfig parse_adapter_config(const Json& json, const std::string& place);
// As PEFT 0.21.2 writes it: every key, sorted, what laconic does not have at PEFT's defaults.
Json adapter_config_json(const AdapterConfig& config);

// What `config` means for a model (nn/adapter_plan.cc). Error(kModel) when nothing is targeted,
// when modules_to_save matches nothing, or when what is matched cannot be adapted.
AdapterPlan plan_adapter(const AdapterConfig& config, const ModelConfig& model,
                         const std::string& place);
// The first name of target_modules that matches no linear layer of the model, or "". PEFT lets that
// pass; who starts a training wants to know.
std::string unmatched_target(const AdapterConfig& config, const ModelConfig& model);

// Whether PEFT can put LoRA on the tensor: a matrix of a linear layer, the head included.
bool is_linear_weight(const Parameter& parameter);
// An integer where the value is one.
Json number_json(double value);
double adapter_scale(const AdapterConfig& config, int64_t r, double alpha);

}  // namespace laconic
