// SPDX-License-Identifier: Apache-2.0
#include "app/tldr_settings.h"

#include "app/run_content.h"
#include "app/training_rows.h"
#include "base/error.h"
#include "method/mixture.h"

namespace laconic {

void TldrSettings::add_to(Settings& settings) {
  train.add_to(settings);
  settings.group("Domains and development set")
      .add("short", &short_rows, "JSONL of short chains (of easy problems)")
      .file()
      .existing()
      .required()
      .add("long", &long_rows, "JSONL of long chains (of hard problems)")
      .file()
      .existing()
      .required();
  evaluation.add_dev(settings);
  settings.required();
  settings.group("Bounds")
      .add("short_model", &short_model,
           "model folder whose dev accuracy and tokens are the short bound")
      .model()
      .existing()
      .add("bounds", &bounds,
           "bounds.json of an earlier run, with its sampler setting, instead of measuring")
      .file()
      .existing();
  settings.group("Mixture")
      .add("static", &static_mixture, "keep this mixture, as short=0.3,long=0.7 (the baseline)")
      .metavar("MIXTURE")
      .add("eta", &eta, "step size of the update of the log-odds")
      .range(0, 1000)
      .add("smoothing", &smoothing, "share of the uniform mixture mixed in after each update")
      .range(1e-9, 1)  // 0: a share that has become 0 could never rise again
      .advanced()
      .add("shrink", &shrink, "use max(0, gain - its standard error)")
      .advanced();
  evaluation.add_steps(settings);
  evaluation.add_choice(settings);
  evaluation.add_sampler(settings);
}

void TldrSettings::validate(const Settings& settings) const {
  train.validate(settings);
  if (!static_mixture.empty()) parse_mixture(static_mixture, {"short", "long"});
  const bool measured = !short_model.empty(), given = !bounds.empty();
  require(measured != given || !static_mixture.empty(), ErrorKind::kUsage,
          "laconic tldr: expected one of --short-model and --bounds, got ",
          measured ? "both" : "neither", " (only --static runs without a short bound)");
  require(!(measured && given), ErrorKind::kUsage,
          "laconic tldr: expected one of --short-model and --bounds, got both");
}

Json TldrSettings::identity(const Settings& settings) const {
  Json identity = settings.to_json();
  for (const char* name : {"out", "slots", "logging_steps", "report_to", "save_total_limit",
                           "config", "profile", "num_train_epochs"})
    if (identity.find(name)) identity.erase(name);
  RunParts parts{{train.model}, {evaluation.dev}};
  for (const DomainSource& source :
       {DomainSource{"", short_rows, "short", ""}, DomainSource{"", long_rows, "long", ""}})
    for (const std::string& path : files_of(source)) parts.files.push_back(path);
  if (!short_model.empty()) parts.models.push_back(short_model);
  if (!bounds.empty()) parts.files.push_back(bounds);
  identity["content"] = run_content(parts);
  return identity;
}

}  // namespace laconic
