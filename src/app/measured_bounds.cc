// Models measured before the first step: what checkpoints are compared with.
// SPDX-License-Identifier: Apache-2.0
#include "app/adapted_model.h"
#include "app/measured_run.h"
#include "app/measurement_json.h"
#include "base/error.h"
#include "base/log.h"
#include "eval/statistics.h"

namespace laconic {
namespace {

// What an earlier process of this run measured, against what this one would.
void check_same_setting(const Json& then, const Json& now, const std::string& place) {
  for (const Json::Member& member : now.as_object(place)) {
    const Json* value = then.find(member.first);
    require(value && same_json_value(*value, member.second), ErrorKind::kUsage, place, ": ",
            member.first, ": expected ", member.second.dump(), ", got ",
            value ? value->dump() : "(none)",
            " (a file of the run has changed since: choose another --out)");
  }
}

}  // namespace

bool MeasuredRun::measure_bound(const std::string& name, const std::string& folder, Bound& bound) {
  const std::string path = parts_.folder.file(cat("samples/", name, ".jsonl"));
  // Written whole, by this run; but its input files may have changed since.
  if (file_exists(path)) {
    SampleFile file = read_sample_file(path);
    check_same_setting(file.header.at("setting", path), sampler_setting(), path);
    bound.weight_hash = file.header.at("weight_hash", path).as_string(path);
    bound.max_logprob_difference = file.header.at("max_logprob_difference", path).as_number(path);
    if (folder == parts_.train.model)
      require(
          bound.weight_hash == hash_weights(parts_.model.weights, parts_.model.index.config.dtype),
          ErrorKind::kUsage, path, ": expected replies of the weights in ", folder,
          ", got those of others (the model has changed since: choose another --out)");
    bound.records = std::move(file.records);
  } else {
    const bool own = folder == parts_.train.model;
    std::optional<ModelFolder> other;
    std::optional<PromptBuilder> other_builder;
    if (!own) {
      other = load_model(folder);
      other_builder.emplace(load_prompts(folder, other->index.config));
    }
    const ModelFolder& model = own ? parts_.model : *other;
    const PromptBuilder& builder = own ? parts_.builder : *other_builder;
    const DevSet other_dev =
        own ? DevSet() : make_dev_set(dev_.problems, builder, parts_.measure.instruction);
    Policy policy(model.weights, parts_.measure.weights);
    std::optional<MeasureResult> result =
        sample_dev_set(policy, own ? dev_ : other_dev, builder, parts_.measure, {name});
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

bool MeasuredRun::measure_start() {
  start_.emplace();
  return measure_bound("long-bound", parts_.train.model, *start_);
}

void MeasuredRun::write_bounds(const Bound* short_bound) const {
  Json file = Json::object();
  file["setting"] = sampler_setting();
  file["long"] = measurement_to_json(start_->measured);
  if (short_bound) file["short"] = measurement_to_json(short_bound->measured);
  write_file_atomic(parts_.folder.file("bounds.json"), file.dump(2) + "\n");
}

}  // namespace laconic
