// What `laconic tldr` can be told. Defaults are the paper's (arXiv 2506.02678 and its published
// code: lr 1e-5 constant, 64 rows a step, 2000 steps, evaluation every 32, eta 4, smoothing 1e-4,
// max length 16000, cap 8192 at T 0.7).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "app/evaluation_settings.h"
#include "app/train_settings.h"
#include "base/json.h"
#include "base/settings.h"

namespace laconic {

struct TldrSettings {
  TrainSettings train;
  EvaluationSettings evaluation;
  std::string short_rows, long_rows;
  std::string short_model;
  std::string bounds;
  std::string static_mixture;
  double eta = 4.0;
  double smoothing = 1e-4;
  bool shrink = false;

  void add_to(Settings& settings);
  // Error(kUsage) for combinations that single ranges cannot refuse.
  void validate(const Settings& settings) const;
  // The settings that decide the result, for RunFolder: everything but folders of output, logging
  // and slots.
  Json identity(const Settings& settings) const;
};

}  // namespace laconic
