// SPDX-License-Identifier: Apache-2.0
#include "app/evaluation_settings.h"

namespace laconic {

void EvaluationSettings::add_dev(Settings& settings) {
  settings.add("dev", &dev, "JSONL of problems with answers, for the evaluations in the loop")
      .file()
      .existing();
}

void EvaluationSettings::add_steps(Settings& settings) {
  settings
      .add("eval_steps", &eval_steps,
           "steps between evaluations, each with a checkpoint (of tldr with an update, too)")
      .range(1, 1e9)
      .add("initial_eval", &initial_eval, "measure before the first step, too")
      .advanced();
}

void EvaluationSettings::add_choice(Settings& settings) {
  settings.group("Choice of the checkpoint")
      .add("choice", &choice,
           "paired: fewest tokens with accuracy not worse than the long bound by more than "
           "margin; paper: accuracy above paper_fraction x long bound")
      .choices({"paired", "paper"})
      .advanced()
      .add("margin", &margin, "accuracy that may be lost, as a share (0.05 = 5 points)")
      .range(0, 1)
      .add("paper_fraction", &paper_fraction, "of the paper's rule")
      .range(0, 1)
      .advanced();
}

void EvaluationSettings::add_sampler(Settings& settings) {
  settings.group("Sampler");
  measure.add_to(settings);
}

ChoiceSettings EvaluationSettings::choice_settings() const {
  return {parse_choice_rule(choice), margin, paper_fraction};
}

}  // namespace laconic
