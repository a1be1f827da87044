// The two ends of the scale that gains are measured on.
// SPDX-License-Identifier: Apache-2.0
#include "app/adapted_model.h"
#include "app/measurement_json.h"
#include "app/tldr_run.h"
#include "base/error.h"
#include "base/log.h"
#include "eval/statistics.h"

namespace laconic {
namespace {

// A bound means nothing without these; a file may carry further ones, which must agree too.
constexpr const char* kEssential[] = {"temperature", "top_p", "top_k", "min_p", "max_new_tokens"};

bool same_value(const Json& a, const Json& b) {
  if (a.is_number() && b.is_number()) return a.as_number("") == b.as_number("");
  return a == b;
}

void check_setting(const Json& given, const Json& now, const std::string& place) {
  for (const char* name : kEssential)
    require(given.find(name) != nullptr, ErrorKind::kUsage, place, ": setting: expected ", name,
            ", got none (bounds without their sampler setting cannot be compared)");
  for (const Json::Member& member : given.as_object(place + ": setting")) {
    const Json* value = now.find(member.first);
    require(value && same_value(*value, member.second), ErrorKind::kUsage, place,
            ": setting: ", member.first, ": expected this run's ", value ? value->dump() : "(none)",
            ", got ", member.second.dump(), " (bounds and run must be measured alike)");
  }
}

// What an earlier process of this run measured, against what this one would.
void check_same_setting(const Json& then, const Json& now, const std::string& place) {
  for (const Json::Member& member : now.as_object(place)) {
    const Json* value = then.find(member.first);
    require(value && same_value(*value, member.second), ErrorKind::kUsage, place, ": ",
            member.first, ": expected ", member.second.dump(), ", got ",
            value ? value->dump() : "(none)",
            " (a file of the run has changed since: choose another --out)");
  }
}

}  // namespace

bool TldrRun::find_bounds() {
  if (!settings_.bounds.empty()) {
    use_given_bounds();
  } else {
    long_bound_.emplace();
    if (!measure_bound("long-bound", settings_.train.model, *long_bound_)) return false;
    if (!settings_.short_model.empty()) {
      short_bound_.emplace();
      if (!measure_bound("short-bound", settings_.short_model, *short_bound_)) return false;
    }
  }
  if (has_scale()) check_bounds(bounds());
  Json file = Json::object();
  file["setting"] = sampler_setting();
  file["long"] = measurement_to_json(long_bound_->measured);
  if (short_bound_) file["short"] = measurement_to_json(short_bound_->measured);
  write_file_atomic(folder_.file("bounds.json"), file.dump(2) + "\n");
  return true;
}

void TldrRun::use_given_bounds() {
  const std::string& path = settings_.bounds;
  Json file = Json::parse(read_file(path), path);
  file.at("setting", path);
  spell_setting(file["setting"]);
  check_setting(file.at("setting", path), sampler_setting(), path);
  long_bound_ = Bound{measurement_from_json(file.at("long", path), path + ": long"), {}, ""};
  short_bound_ = Bound{measurement_from_json(file.at("short", path), path + ": short"), {}, ""};
}

bool TldrRun::measure_bound(const std::string& name, const std::string& folder, Bound& bound) {
  const std::string path = folder_.file(cat("samples/", name, ".jsonl"));
  // Written whole, by this run; but its input files may have changed since.
  if (file_exists(path)) {
    SampleFile file = read_sample_file(path);
    check_same_setting(file.header.at("setting", path), sampler_setting(), path);
    bound.weight_hash = file.header.at("weight_hash", path).as_string(path);
    bound.max_logprob_difference = file.header.at("max_logprob_difference", path).as_number(path);
    if (folder == settings_.train.model)
      require(bound.weight_hash == hash_weights(model_.weights, model_.index.config.dtype),
              ErrorKind::kUsage, path, ": expected replies of the weights in ", folder,
              ", got those of others (the model has changed since: choose another --out)");
    bound.records = std::move(file.records);
  } else {
    const bool own = folder == settings_.train.model;
    std::optional<ModelFolder> other;
    std::optional<PromptBuilder> other_builder;
    if (!own) {
      other = load_model(folder);
      other_builder.emplace(load_prompts(folder, other->index.config));
    }
    const ModelFolder& model = own ? model_ : *other;
    const PromptBuilder& builder = own ? builder_ : *other_builder;
    const DevSet other_dev =
        own ? DevSet() : make_dev_set(dev_.problems, builder, measure_.instruction);
    Policy policy(model.weights, measure_.weights);
    std::optional<MeasureResult> result =
        sample_dev_set(policy, own ? dev_ : other_dev, builder, measure_, {name});
    if (!result) return false;
    bound.weight_hash = hash_weights(model.weights, model.index.config.dtype);
    bound.records = std::move(result->records);
    Json header = Json::object();
    header["model"] = folder;
    header["weight_hash"] = bound.weight_hash;
    bound.max_logprob_difference = result->max_logprob_difference;
    header["max_logprob_difference"] = bound.max_logprob_difference;
    header["setting"] = sampler_setting();
    write_sample_file(path, {header, bound.records});
  }
  bound.measured = measure(bound.records);
  log_info(name, ": ", describe_measurement(bound.measured));
  return true;
}

}  // namespace laconic
