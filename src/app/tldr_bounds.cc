// The two ends of the scale that gains are measured on.
// SPDX-License-Identifier: Apache-2.0
#include "app/measurement_json.h"
#include "app/tldr_run.h"
#include "base/error.h"

namespace laconic {
namespace {

// A bound means nothing without these; a file may carry further ones, which must agree too.
constexpr const char* kEssential[] = {"temperature", "top_p", "top_k", "min_p", "max_new_tokens"};

void check_setting(const Json& given, const Json& now, const std::string& place) {
  for (const char* name : kEssential)
    require(given.find(name) != nullptr, ErrorKind::kUsage, place, ": setting: expected ", name,
            ", got none (bounds without their sampler setting cannot be compared)");
  for (const Json::Member& member : given.as_object(place + ": setting")) {
    const Json* value = now.find(member.first);
    require(value && same_json_value(*value, member.second), ErrorKind::kUsage, place,
            ": setting: ", member.first, ": expected this run's ", value ? value->dump() : "(none)",
            ", got ", member.second.dump(), " (bounds and run must be measured alike)");
  }
}

}  // namespace

bool TldrController::prepare(MeasuredRun& run) {
  if (!settings_.bounds.empty()) {
    use_given_bounds(run);
  } else {
    if (!run.measure_start()) return false;
    if (!settings_.short_model.empty()) {
      short_bound_.emplace();
      if (!run.measure_bound("short-bound", settings_.short_model, *short_bound_)) return false;
    }
  }
  if (short_bound_) check_bounds({run.start().measured, short_bound_->measured});
  run.write_bounds(short_bound_ ? &*short_bound_ : nullptr);
  return true;
}

void TldrController::use_given_bounds(MeasuredRun& run) {
  const std::string& path = settings_.bounds;
  Json file = Json::parse(read_file(path), path);
  file.at("setting", path);
  spell_setting(file["setting"]);
  check_setting(file.at("setting", path), run.sampler_setting(), path);
  run.set_start({measurement_from_json(file.at("long", path), path + ": long"), {}, ""});
  short_bound_ = Bound{measurement_from_json(file.at("short", path), path + ": short"), {}, ""};
}

}  // namespace laconic
