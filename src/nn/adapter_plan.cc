// Which modules of a model an adapter_config.json means (the second half of nn/adapter_config.h).
// SPDX-License-Identifier: Apache-2.0
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <memory>
#include <set>

#include "base/error.h"
#include "base/nearest.h"
#include "nn/adapter_config.h"

namespace laconic {
namespace {

constexpr std::string_view kWeight = ".weight";

// A regular expression as PEFT's Python means it: on a whole name.
class NamePattern {
 public:
  NamePattern(const std::string& pattern, const std::string& place)
      : code_(nullptr, pcre2_code_free) {
    int error = 0;
    size_t offset = 0;
    code_.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                              PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_UTF, &error, &offset,
                              nullptr));
    require(code_ != nullptr, ErrorKind::kModel, place, ": expected a regular expression, got \"",
            pattern, "\" (wrong at character ", offset, ")");
  }
  bool matches(const std::string& name) const {
    const std::unique_ptr<pcre2_match_data, void (*)(pcre2_match_data*)> data(
        pcre2_match_data_create(1, nullptr), pcre2_match_data_free);
    return pcre2_match(code_.get(), reinterpret_cast<PCRE2_SPTR>(name.data()), name.size(), 0, 0,
                       data.get(), nullptr) >= 0;
  }

 private:
  std::unique_ptr<pcre2_code, void (*)(pcre2_code*)> code_;
};

// "a.b.c" is named by "c", "b.c" and "a.b.c".
bool ends_with_name(const std::string& module, const std::string& name) {
  return module == name || module.ends_with("." + name);
}

bool any_name_ends(const std::vector<std::string>& names, const std::string& module) {
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& name) { return ends_with_name(module, name); });
}

bool any_matches(const std::vector<NamePattern>& patterns, const std::string& module) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const NamePattern& pattern) { return pattern.matches(module); });
}

// The module that holds a tensor, and the modules around it: "a", "a.b", "a.b.c".
std::vector<std::string> modules_around(const std::string& tensor) {
  std::vector<std::string> modules;
  for (size_t dot = tensor.find('.'); dot != std::string::npos; dot = tensor.find('.', dot + 1))
    modules.push_back(tensor.substr(0, dot));
  return modules;
}

std::string module_of(const Parameter& parameter) {
  return parameter.name.substr(0, parameter.name.size() - kWeight.size());
}

class Matcher {
 public:
  Matcher(const AdapterConfig& config, const std::string& place) : config_(config) {
    const auto compile = [&](const std::string& pattern, const char* field) {
      return NamePattern(pattern, cat(place, ": ", field));
    };
    if (!config.target_pattern.empty())
      targets_.push_back(compile(config.target_pattern, "target_modules"));
    if (!config.exclude_pattern.empty())
      excluded_.push_back(compile(config.exclude_pattern, "exclude_modules"));
    for (const std::string& name : config.modules_to_save)
      saved_.push_back(compile("(^|.*\\.)" + name + "($|\\..*)", "modules_to_save"));
    for (const std::string& name : config.layers_pattern)
      layers_.push_back(compile("(?:^|.*?\\.)" + name + "\\.[0-9]+\\..*", "layers_pattern"));
    for (const auto& [name, rank] : config.rank_pattern)
      ranks_.push_back(compile("(.*\\.)?(" + name + ")", "rank_pattern"));
    for (const auto& [name, alpha] : config.alpha_pattern)
      alphas_.push_back(compile("(.*\\.)?(" + name + ")", "alpha_pattern"));
  }

  bool is_target(const std::string& module) const {
    if (any_matches(excluded_, module) || any_name_ends(config_.exclude_modules, module))
      return false;
    if (any_matches(saved_, module)) return false;
    if (config_.all_linear) return module != "lm_head";
    if (!targets_.empty()) return targets_[0].matches(module);
    return any_name_ends(config_.target_modules, module) && is_in_layers(module);
  }
  // PEFT asks whether the name of a module ends so, at a dot or not.
  bool is_saved(const std::string& tensor) const {
    for (const std::string& module : modules_around(tensor))
      for (const std::string& name : config_.modules_to_save)
        if (module.ends_with(name)) return true;
    return false;
  }
  int64_t rank_of(const std::string& module) const {
    for (size_t i = 0; i < ranks_.size(); ++i)
      if (ranks_[i].matches(module)) return config_.rank_pattern[i].second;
    return config_.r;
  }
  bool matches_rank(size_t pattern, const std::string& module) const {
    return ranks_[pattern].matches(module);
  }
  bool matches_alpha(size_t pattern, const std::string& module) const {
    return alphas_[pattern].matches(module);
  }
  double alpha_of(const std::string& module) const {
    for (size_t i = 0; i < alphas_.size(); ++i)
      if (alphas_[i].matches(module)) return config_.alpha_pattern[i].second;
    return config_.alpha;
  }

 private:
  bool is_in_layers(const std::string& module) const {
    if (config_.layers_to_transform.empty()) return true;
    if (!layers_.empty() && !any_matches(layers_, module)) return false;
    // The first number of the name is the layer.
    for (size_t dot = module.find('.'); dot != std::string::npos; dot = module.find('.', dot + 1)) {
      size_t end = dot + 1;
      while (end < module.size() && module[end] >= '0' && module[end] <= '9') ++end;
      if (end == dot + 1 || end >= module.size() || module[end] != '.' || end > dot + 10) continue;
      const int64_t layer = std::stoll(module.substr(dot + 1, end - dot - 1));
      const auto& wanted = config_.layers_to_transform;
      return std::find(wanted.begin(), wanted.end(), layer) != wanted.end();
    }
    return false;
  }

  const AdapterConfig& config_;
  std::vector<NamePattern> targets_, excluded_, saved_, layers_, ranks_, alphas_;
};

void refuse_tied(const std::string& module, const std::string& place, const char* field) {
  fail(ErrorKind::kModel, place, ": ", field, ": expected neither embed_tokens nor lm_head, got ",
       module, " (the model's embeddings are tied, and an adapter would untie them)");
}

// The last words of the names, once each.
std::vector<std::string> last_words(const std::vector<std::string>& names) {
  std::set<std::string> words;
  for (const std::string& name : names) words.insert(name.substr(name.rfind('.') + 1));
  return {words.begin(), words.end()};
}

[[noreturn]] void fail_unmatched(const std::string& where, const std::string& name,
                                 const std::vector<std::string>& names) {
  const std::string near = nearest(name.substr(name.rfind('.') + 1), last_words(names));
  fail(ErrorKind::kModel, where, ": expected the name of a module of the model, got \"", name,
       "\", which matches none", near.empty() ? "" : cat(" (did you mean \"", near, "\"?)"));
}

// What is named in an adapter and is nowhere in the model is a slip of the pen: an alpha that
// changes nothing, a layer that is not trained.
class NamesOfModel {
 public:
  NamesOfModel(const ModelConfig& model, const std::string& place) : place_(place) {
    for (const Parameter& parameter : plan_parameters(model)) {
      for (std::string& module : modules_around(parameter.name)) all_.insert(std::move(module));
      if (is_linear_weight(parameter)) linear_.push_back(module_of(parameter));
    }
    all_.insert("lm_head");  // also where it is tied
  }

  void check_names(const std::vector<std::string>& names, const char* field) const {
    for (const std::string& name : names)
      if (std::none_of(all_.begin(), all_.end(),
                       [&](const std::string& module) { return module.ends_with(name); }))
        fail_unmatched(cat(place_, ": ", field), name, {all_.begin(), all_.end()});
  }
  void check_targets(const std::string& unmatched) const {
    if (!unmatched.empty()) fail_unmatched(cat(place_, ": target_modules"), unmatched, linear_);
  }

 private:
  const std::string& place_;
  std::set<std::string> all_;
  std::vector<std::string> linear_;
};

// `matches(i, module)`: whether pattern i means the module.
template <typename Value, typename Matches>
void check_patterns(const std::vector<std::pair<std::string, Value>>& patterns,
                    const AdapterPlan& plan, const std::string& where, const Matches& matches) {
  for (size_t i = 0; i < patterns.size(); ++i) {
    std::vector<std::string> names;
    bool is_used = false;
    for (const AdapterModule& module : plan.modules) {
      names.push_back(module.name);
      is_used = is_used || matches(i, module.name);
    }
    if (!is_used) fail_unmatched(where, patterns[i].first, names);
  }
}

void check_layers(const AdapterConfig& config, const ModelConfig& model, const std::string& place) {
  for (const int64_t layer : config.layers_to_transform)
    require(layer >= 0 && layer < model.num_layers, ErrorKind::kModel, place,
            ": layers_to_transform: expected layers below ", model.num_layers, ", got ", layer);
}

}  // namespace

bool is_linear_weight(const Parameter& parameter) {
  const std::string& name = parameter.name;
  return parameter.shape.size() == 2 && name.ends_with(kWeight) &&
         !name.ends_with("embed_tokens.weight") && !name.ends_with(".mlp.gate.weight") &&
         name.find(".experts.") == std::string::npos;
}

AdapterPlan plan_adapter(const AdapterConfig& config, const ModelConfig& model,
                         const std::string& place) {
  const Matcher matcher(config, place);
  AdapterPlan plan;
  for (const Parameter& parameter : plan_parameters(model)) {
    if (matcher.is_saved(parameter.name)) {
      const bool tied = model.tie_embeddings && parameter.name == "model.embed_tokens.weight";
      if (tied) refuse_tied("embed_tokens", place, "modules_to_save");
      plan.saved.push_back(parameter);
      continue;
    }
    if (!parameter.name.ends_with(kWeight)) continue;
    const std::string module = module_of(parameter);
    if (!matcher.is_target(module)) continue;
    if (!is_linear_weight(parameter)) {
      // A pattern may well match more than it means; a name does not.
      const bool named = any_name_ends(config.target_modules, module);
      require(!named, ErrorKind::kModel, place, ": target_modules: expected linear layers, got ",
              module, " (embeddings go into modules_to_save)");
      continue;
    }
    const int64_t r = matcher.rank_of(module);
    plan.modules.push_back(
        {module, parameter, r, adapter_scale(config, r, matcher.alpha_of(module))});
  }
  if (model.tie_embeddings && !config.all_linear && matcher.is_target("lm_head"))
    refuse_tied("lm_head", place, "target_modules");
  if (model.tie_embeddings && matcher.is_saved("lm_head.weight"))
    refuse_tied("lm_head", place, "modules_to_save");
  require(!plan.modules.empty(), ErrorKind::kModel, place,
          ": target_modules: expected the name of a linear layer of ", model.architecture,
          ", got none of them");
  const NamesOfModel names(model, place);
  names.check_names(config.modules_to_save, "modules_to_save");
  names.check_names(config.exclude_modules, "exclude_modules");
  names.check_targets(unmatched_target(config, model));
  check_layers(config, model, place);
  check_patterns(config.rank_pattern, plan, place + ": rank_pattern",
                 [&](size_t i, const std::string& m) { return matcher.matches_rank(i, m); });
  check_patterns(config.alpha_pattern, plan, place + ": alpha_pattern",
                 [&](size_t i, const std::string& m) { return matcher.matches_alpha(i, m); });
  return plan;
}

std::string unmatched_target(const AdapterConfig& config, const ModelConfig& model) {
  const std::vector<Parameter> parameters = plan_parameters(model);
  for (const std::string& name : config.target_modules) {
    const bool found = std::any_of(parameters.begin(), parameters.end(), [&](const Parameter& p) {
      return is_linear_weight(p) && ends_with_name(module_of(p), name);
    });
    if (!found) return name;
  }
  return "";
}

}  // namespace laconic
