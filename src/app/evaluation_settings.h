// What the training commands can be told of the evaluations in their loop and of the choice of a
// checkpoint by them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "app/measure_settings.h"
#include "base/settings.h"
#include "method/choice.h"

namespace laconic {

struct EvaluationSettings {
  MeasureOptions measure;
  std::string dev;
  int64_t eval_steps = 32;
  bool initial_eval = true;
  std::string choice = "paired";
  double margin = 0.05;
  double paper_fraction = 0.7;

  // In parts, so that a command has its own order and groups.
  void add_dev(Settings& settings);
  void add_steps(Settings& settings);
  void add_choice(Settings& settings);   // a group of its own
  void add_sampler(Settings& settings);  // the same
  ChoiceSettings choice_settings() const;
};

}  // namespace laconic
