// The sampler's settings as every command that samples has them, and their defaults from a model's
// generation_config.json.
//
// A value comes from the command line or the YAML file, else from generation_config.json
// (temperature, top_p, top_k, min_p; do_sample false means temperature 0), else from here:
// temperature 1, no filter. What transformers assumes without being told (top_k 50) is not assumed.
// Errors: Error(kUsage) for values out of range, Error(kModel) for a generation config that is.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/json.h"
#include "sample/sampler.h"

namespace laconic {

struct ModelConfig;
class Settings;
class PromptBuilder;

struct SamplingOptions {
  double temperature = 1, top_p = 1, min_p = 0;
  int64_t top_k = 0, max_new_tokens = 1024, seed = 0;
  std::string sampling_weights = "auto";
};

// The one setting on how the sampler stores weights (nn/decode_weights.h).
void add_sampling_weights(Settings& settings, std::string& choice);

// Adds temperature, top_p, top_k, min_p, max_new_tokens, seed and sampling_weights. The defaults
// are those that `options` holds.
void add_sampling_options(Settings& settings, SamplingOptions& options);

// Fills what was not given from `generation_config` (may be null); `place` starts messages.
void use_generation_config(const Settings& settings, const Json& generation_config,
                           const std::string& place, SamplingOptions& options);

// The numbers alone: what a server is asked for.
SamplingSettings numbers_of(const SamplingOptions& options);

// Stop ids and the bound of the vocabulary come from the model's tokenizer.
SamplingSettings sampling_settings(const SamplingOptions& options, const PromptBuilder& builder);

// Positions that the longest request may take in its slot. Warns, after "label: ", where that is
// more than the model was made for: it is sampled all the same.
int64_t slot_capacity(const std::string& label, std::span<const SampleRequest> requests,
                      const SamplingSettings& settings, const ModelConfig& config);

// {"temperature", "top_p", "top_k", "min_p", "max_new_tokens", "seed", "stop_ids"}: all that the
// samples depend on.
Json sampling_to_json(const SamplingSettings& settings);

}  // namespace laconic
