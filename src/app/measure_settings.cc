// SPDX-License-Identifier: Apache-2.0
#include "app/measure_settings.h"

namespace laconic {

void MeasureOptions::add_to(Settings& settings) {
  DrawOptions::add_to(settings);
  settings.add("max_new_tokens", &max_new_tokens, "cap on the tokens of a reply")
      .alias("max_tokens")
      .range(1, 1e9);
  settings.add("samples", &samples, "replies to each problem").alias("n").alias("num_samples");
  settings.range(1, 1e6);
  settings
      .add("slots", &slots,
           "replies sampled side by side (of a small model six a thread at most): speed and "
           "memory, not results")
      .range(1, 1e6)
      .advanced();
  settings.add("sampler_seed", &sampler_seed, "of the sampler; the same for every evaluation")
      .range(0, 9e15)
      .advanced();
  add_sampling_weights(settings, sampling_weights);
}

MeasureSettings MeasureOptions::resolve(const std::string& instruction) const {
  MeasureSettings settings;
  settings.sampling.temperature = temperature;
  settings.sampling.top_p = top_p;
  settings.sampling.top_k = top_k;
  settings.sampling.min_p = min_p;
  settings.sampling.max_new_tokens = max_new_tokens;
  settings.sampling.seed = static_cast<uint64_t>(sampler_seed);
  settings.samples_per_problem = samples;
  settings.weights = parse_storage_choice(sampling_weights);
  settings.num_slots = slots;
  settings.instruction = instruction;
  check_sampling_settings(settings.sampling);
  return settings;
}

}  // namespace laconic
