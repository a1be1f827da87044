// laconic tldr: the main job (app/tldr_run.h).
// SPDX-License-Identifier: Apache-2.0
#include "app/commands.h"
#include "app/profile_option.h"
#include "app/sampling_options.h"
#include "app/tldr_run.h"
#include "base/signals.h"

namespace laconic {

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
  use_generation_config(all, settings.train.model, settings.measure);
  const ProfileReport report(settings.train.profile);
  install_signal_handlers();
  return TldrRun(settings, all).run();
}

}  // namespace laconic
