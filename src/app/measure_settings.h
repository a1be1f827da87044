// The sampler settings that generate, eval and tldr share on the command line.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "app/dev_set.h"  // MeasureSettings
#include "base/settings.h"

namespace laconic {

struct MeasureOptions {
  double temperature = 0.7;
  double top_p = 1.0;
  int64_t top_k = 0;
  double min_p = 0.0;
  int64_t max_new_tokens = 8192;
  int64_t samples = 1;
  int64_t slots = 64;
  int64_t sampler_seed = 1;
  std::string sampling_weights = "auto";

  void add_to(Settings& settings);
  // Error(kUsage) for values out of range.
  MeasureSettings resolve(const std::string& instruction) const;
};

}  // namespace laconic
