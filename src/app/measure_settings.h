// The sampler settings of eval and of tldr's evaluations on the command line. Where a value that is
// not given comes from: app/sampling_options.h.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "app/dev_set.h"           // MeasureSettings
#include "app/sampling_options.h"  // DrawOptions
#include "base/settings.h"

namespace laconic {

struct MeasureOptions : DrawOptions {
  int64_t max_new_tokens = 8192;
  int64_t samples = 1;
  int64_t slots = 64;
  int64_t sampler_seed = 1;
  std::string sampling_weights = "auto";

  MeasureOptions() { temperature = 0.7; }
  void add_to(Settings& settings);
  // Error(kUsage) for values out of range.
  MeasureSettings resolve(const std::string& instruction) const;
};

}  // namespace laconic
