// The sampler's settings as every command that samples has them, and the one rule for where a value
// comes from.
//
// The rule, in generate, chat, eval and tldr alike: the command line or the YAML file; else the
// preset, where the command has one; else generation_config.json of MODEL (temperature, top_p,
// top_k, min_p; do_sample false means temperature 0), which is said; else the command's default. A
// second model is sampled as the first. What transformers assumes without being told (top_k 50) is
// not assumed.
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

// What generation_config.json has a say in.
struct DrawOptions {
  double temperature = 1, top_p = 1, min_p = 0;
  int64_t top_k = 0;

  void add_to(Settings& settings);
};

struct SamplingOptions : DrawOptions {
  int64_t max_new_tokens = 1024, seed = 0;
  std::string sampling_weights = "auto";
};

// The one setting on how the sampler stores weights (nn/decode_weights.h).
void add_sampling_weights(Settings& settings, std::string& choice);

// Adds temperature, top_p, top_k, min_p, max_new_tokens, seed and sampling_weights. The defaults
// are those that `options` holds.
void add_sampling_options(Settings& settings, SamplingOptions& options);

// Fills what was not given from the model folder's generation_config.json, if it has one, and logs
// what came from there.
void use_generation_config(const Settings& settings, const std::string& model_folder,
                           DrawOptions& options);

// The numbers alone: what a server is asked for.
SamplingSettings numbers_of(const SamplingOptions& options);

// Stop ids and the bound of the vocabulary come from the model's tokenizer.
SamplingSettings sampling_settings(const SamplingOptions& options, const PromptBuilder& builder);

// Positions that the longest request may take in its slot. Warns, after "label: ", where that is
// more than the model was made for: it is sampled all the same.
int64_t slot_capacity(const std::string& label, std::span<const SampleRequest> requests,
                      const SamplingSettings& settings, const ModelConfig& config);

// {"temperature", "top_p", "top_k", "min_p", "max_new_tokens", "seed"}: the numbers, as every file
// spells them.
Json sampler_setting(const SamplingSettings& settings);

// The same and "stop_ids": all that the samples depend on.
Json sampling_to_json(const SamplingSettings& settings);

}  // namespace laconic
