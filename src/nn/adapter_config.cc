// SPDX-License-Identifier: Apache-2.0
#include "nn/adapter_config.h"

#include <array>
#include <cmath>
#include <map>

#include "base/error.h"

namespace laconic {
namespace {

constexpr int64_t kMaxRank = int64_t{1} << 20;
constexpr double kMaxAlpha = 1e9;

// Fields that say nothing about what the adapted model computes once it is trained.
constexpr std::array kPassedOver = {
    "peft_version",      "auto_mapping",  "base_model_name_or_path",
    "revision",          "task_type",     "inference_mode",
    "runtime_config",    "megatron_core", "loftq_config",
    "qalora_group_size", "eva_config",    "fan_in_fan_out",
};
constexpr std::array kRead = {
    "peft_type",
    "r",
    "lora_alpha",
    "lora_dropout",
    "use_rslora",
    "use_dora",
    "bias",
    "target_modules",
    "exclude_modules",
    "layers_to_transform",
    "layers_pattern",
    "rank_pattern",
    "alpha_pattern",
    "modules_to_save",
    "init_lora_weights",
};

// What PEFT writes besides, at its defaults: of this version, which reads and writes these keys.
constexpr const char* kPeftVersion = "0.21.2";
constexpr std::array kUnsetInPeft = {
    "alora_invocation_tokens",
    "arrow_config",
    "auto_mapping",
    "corda_config",
    "eva_config",
    "kasa_config",
    "layer_replication",
    "lora_ga_config",
    "megatron_config",
    "monteclora_config",
    "revision",
    "target_parameters",
    "trainable_token_indices",
    "use_bdlora",
    "velora_config",
};
constexpr std::array kFalseInPeft = {"ensure_weight_tying", "fan_in_fan_out", "lora_bias",
                                     "use_qalora"};

template <size_t N>
bool contains(const std::array<const char*, N>& names, const std::string& name) {
  for (const char* known : names)
    if (name == known) return true;
  return false;
}

// What PEFT writes for "not used".
bool is_unset(const Json& value) {
  return value.is_null() || (value.is_boolean() && !value.as_boolean("")) ||
         ((value.is_array() || value.is_object()) && value.size() == 0);
}

class FieldReader {
 public:
  FieldReader(const Json& json, const std::string& place) : json_(json), place_(place) {}

  std::string where(const std::string& field) const { return cat(place_, ": ", field); }
  const Json* find(const char* name) const {
    const Json* value = json_.find(name);
    return value && !value->is_null() ? value : nullptr;
  }
  bool boolean(const char* name) const {
    const Json* value = find(name);
    return value && value->as_boolean(where(name));
  }
  double number(const char* name, double absent) const {
    const Json* value = find(name);
    return value ? value->as_number(where(name)) : absent;
  }
  // Names as one string or a list of them.
  std::vector<std::string> names(const char* name) const {
    std::vector<std::string> result;
    const Json* value = find(name);
    if (!value) return result;
    if (value->is_string()) return {value->as_string(where(name))};
    for (const Json& item : value->as_array(where(name)))
      result.push_back(item.as_string(where(name)));
    return result;
  }
  bool is_text(const char* name) const { return find(name) && find(name)->is_string(); }

 private:
  const Json& json_;
  const std::string& place_;
};

void refuse_unknown(const Json& json, const FieldReader& reader) {
  for (const auto& [name, value] : json.as_object(reader.where("")))
    require(contains(kRead, name) || contains(kPassedOver, name) || is_unset(value),
            ErrorKind::kModel, reader.where(name), ": expected it unset, got ", value.dump(),
            " (laconic does not support it)");
}

void check_kind(const FieldReader& reader) {
  const Json* type = reader.find("peft_type");
  require(type && type->is_string() && type->as_string("") == "LORA", ErrorKind::kModel,
          reader.where("peft_type"), ": expected \"LORA\", got ", type ? type->dump() : "none");
  const Json* bias = reader.find("bias");
  require(!bias || *bias == Json("none"), ErrorKind::kModel, reader.where("bias"),
          ": expected \"none\", got ", bias ? bias->dump() : "none",
          " (trained biases are not supported)");
  // The others change the base weights when PEFT loads the adapter.
  const Json* init = reader.find("init_lora_weights");
  const bool harmless = !init || init->is_boolean() || *init == Json("gaussian") ||
                        *init == Json("eva") || *init == Json("orthogonal");
  require(harmless, ErrorKind::kModel, reader.where("init_lora_weights"),
          ": expected true, false, gaussian, eva or orthogonal, got ", init ? init->dump() : "none",
          " (it changes the base; convert the adapter with PEFT's "
          "path_initial_model_for_weight_conversion)");
}

int64_t read_rank(const Json& value, const std::string& place) {
  const int64_t r = value.as_integer(place);
  require(r >= 1 && r <= kMaxRank, ErrorKind::kModel, place,
          ": expected a rank of at least 1, got ", r);
  return r;
}

// A larger one no fp32 weights survive.
void check_alpha(double alpha, const std::string& place) {
  require(std::abs(alpha) <= kMaxAlpha, ErrorKind::kModel, place, ": expected at most ", kMaxAlpha,
          " in size, got ", alpha);
}

void read_targets(const FieldReader& reader, AdapterConfig& config) {
  const std::vector<std::string> targets = reader.names("target_modules");
  require(!targets.empty(), ErrorKind::kModel, reader.where("target_modules"),
          ": expected names, a regular expression or \"all-linear\", got none");
  if (!reader.is_text("target_modules"))
    config.target_modules = targets;
  else if (targets[0] == "all-linear")
    config.all_linear = true;
  else
    config.target_pattern = targets[0];
  if (reader.is_text("exclude_modules"))
    config.exclude_pattern = reader.names("exclude_modules")[0];
  else
    config.exclude_modules = reader.names("exclude_modules");
  config.layers_pattern = reader.names("layers_pattern");
  const Json* layers = reader.find("layers_to_transform");
  const std::string place = reader.where("layers_to_transform");
  if (layers && layers->is_integer()) config.layers_to_transform = {layers->as_integer(place)};
  if (layers && !layers->is_integer())
    for (const Json& layer : layers->as_array(place))
      config.layers_to_transform.push_back(layer.as_integer(place));
  require(config.layers_to_transform.empty() || !reader.is_text("target_modules"),
          ErrorKind::kModel, place, ": expected target_modules as a list with it, got a string");
}

Json names_json(const std::vector<std::string>& names) {
  Json json = Json::array();
  for (const std::string& name : names) json.push_back(name);
  return json;
}

template <typename T>
Json pattern_json(const std::vector<std::pair<std::string, T>>& pattern) {
  Json json = Json::object();
  for (const auto& [name, value] : pattern)
    json.members().emplace_back(name, number_json(static_cast<double>(value)));
  return json;
}

}  // namespace

AdapterConfig parse_adapter_config(const Json& json, const std::string& place) try {
  require(json.is_object(), ErrorKind::kModel, place, ": expected an object, got ",
          json.kind_name());
  const FieldReader reader(json, place);
  check_kind(reader);
  refuse_unknown(json, reader);
  AdapterConfig config;
  if (const Json* r = reader.find("r")) config.r = read_rank(*r, reader.where("r"));
  config.alpha = reader.number("lora_alpha", config.alpha);
  check_alpha(config.alpha, reader.where("lora_alpha"));
  config.dropout = reader.number("lora_dropout", 0);
  config.use_rslora = reader.boolean("use_rslora");
  config.use_dora = reader.boolean("use_dora");
  read_targets(reader, config);
  if (const Json* pattern = reader.find("rank_pattern"))
    for (const auto& [name, value] : pattern->as_object(reader.where("rank_pattern")))
      config.rank_pattern.emplace_back(name, read_rank(value, reader.where("rank_pattern")));
  if (const Json* pattern = reader.find("alpha_pattern"))
    for (const auto& [name, value] : pattern->as_object(reader.where("alpha_pattern"))) {
      config.alpha_pattern.emplace_back(name, value.as_number(reader.where("alpha_pattern")));
      check_alpha(config.alpha_pattern.back().second, reader.where("alpha_pattern"));
    }
  config.modules_to_save = reader.names("modules_to_save");
  const Json* base = reader.find("base_model_name_or_path");
  if (base && base->is_string()) config.base_model = base->as_string("");
  return config;
} catch (const Error& error) {
  if (error.kind() != ErrorKind::kData) throw;
  throw Error(ErrorKind::kModel, error.what());
}

Json adapter_config_json(const AdapterConfig& c) {
  std::map<std::string, Json> all;  // sorted, as PEFT writes them
  for (const char* name : kUnsetInPeft) all[name] = Json();
  for (const char* name : kFalseInPeft) all[name] = false;
  all["loftq_config"] = Json::object();
  all["megatron_core"] = "megatron.core";
  all["qalora_group_size"] = 16;
  all["peft_type"] = "LORA";
  all["peft_version"] = kPeftVersion;
  all["task_type"] = "CAUSAL_LM";
  all["base_model_name_or_path"] = c.base_model.empty() ? Json() : Json(c.base_model);
  all["inference_mode"] = true;
  all["r"] = c.r;
  all["lora_alpha"] = number_json(c.alpha);
  all["lora_dropout"] = c.dropout;
  all["use_rslora"] = c.use_rslora;
  all["use_dora"] = c.use_dora;
  all["bias"] = "none";
  all["init_lora_weights"] = true;
  all["target_modules"] = c.all_linear                ? Json("all-linear")
                          : !c.target_pattern.empty() ? Json(c.target_pattern)
                                                      : names_json(c.target_modules);
  all["exclude_modules"] = !c.exclude_pattern.empty()   ? Json(c.exclude_pattern)
                           : !c.exclude_modules.empty() ? names_json(c.exclude_modules)
                                                        : Json();
  Json layers;
  for (int64_t layer : c.layers_to_transform) layers.push_back(layer);
  all["layers_to_transform"] = std::move(layers);
  all["layers_pattern"] = c.layers_pattern.empty() ? Json() : names_json(c.layers_pattern);
  all["rank_pattern"] = pattern_json(c.rank_pattern);
  all["alpha_pattern"] = pattern_json(c.alpha_pattern);
  all["modules_to_save"] = c.modules_to_save.empty() ? Json() : names_json(c.modules_to_save);
  Json json = Json::object();
  for (auto& [name, value] : all) json.members().emplace_back(name, std::move(value));
  return json;
}

Json number_json(double value) {
  return std::floor(value) == value && std::abs(value) < 1e15 ? Json(static_cast<int64_t>(value))
                                                              : Json(value);
}

double adapter_scale(const AdapterConfig& config, int64_t r, double alpha) {
  const auto rank = static_cast<double>(r);
  return alpha / (config.use_rslora ? std::sqrt(rank) : rank);
}

}  // namespace laconic
