// laconic tldr: the main job, a measured run (app/measured_run.h) under TL;DR's controller
// (app/tldr_run.h).
// SPDX-License-Identifier: Apache-2.0
#include "app/adapted_model.h"
#include "app/commands.h"
#include "app/profile_option.h"
#include "app/sampling_options.h"
#include "app/tldr_run.h"
#include "base/log.h"
#include "base/signals.h"

namespace laconic {
namespace {

std::vector<Domain> read_domains(const TldrSettings& settings, const PromptBuilder& builder,
                                 BadRows& bad_rows) {
  const RowLimits limits = settings.train.row_limits();
  std::vector<Domain> domains;
  for (DomainSource source : {DomainSource{"short", settings.short_rows, "short", ""},
                              DomainSource{"long", settings.long_rows, "long", ""}}) {
    source.index_path = index_path(settings.train.out, domains.size());
    domains.emplace_back(source, builder, limits, bad_rows);
    log_domain(domains.back());
  }
  return domains;
}

int train(TldrSettings& settings, const Settings& all, const std::string& command) {
  BadRows bad_rows(parse_bad_row_policy(settings.train.bad_rows));  // of all files
  ModelFolder model = load_for_training(settings.train);
  const PromptBuilder builder = load_prompts(settings.train.model, model.index.config);
  const MeasureSettings measure = settings.evaluation.measure.resolve(settings.train.instruction);
  DevSet dev = read_dev_set(settings.evaluation.dev, builder, settings.train.instruction, bad_rows);
  std::vector<Domain> domains = read_domains(settings, builder, bad_rows);
  bad_rows.close();
  if (bad_rows.count() > 0) log_warning(bad_rows.summary());
  settings.train.resolve_steps(domains);
  RunFolder folder(settings.train.out, {"tldr", settings.identity(all)}, all.to_yaml());
  save_indices(domains, folder.path());
  TldrController controller(settings);
  const CardFacts card{{settings.short_rows, settings.long_rows}, command};
  return MeasuredRun({settings.train, settings.evaluation, folder, model, builder, measure, card},
                     std::move(dev), std::move(domains), controller)
      .run();
}

}  // namespace

int run_tldr(Arguments arguments) {
  TldrSettings settings;
  Settings all("laconic tldr",
               "Trains a reasoning model on a mixture of short and long chains that is re-weighted "
               "from its own accuracy and length, and picks the checkpoint.");
  settings.add_to(all);
  all.example(
      "laconic tldr long-model --short-model short-model --short short.jsonl "
      "--long long.jsonl --dev dev.jsonl --out RUN");
  if (!all.parse(arguments)) return 0;
  settings.validate(all);
  use_generation_config(all, settings.train.model, settings.evaluation.measure);
  const ProfileReport report(settings.train.profile);
  install_signal_handlers();
  return train(settings, all, shell_command("laconic tldr", {arguments.begin(), arguments.end()}));
}

}  // namespace laconic
