// SPDX-License-Identifier: Apache-2.0
#include "app/sampling_options.h"

#include <algorithm>

#include "base/error.h"
#include "base/log.h"
#include "base/settings.h"
#include "nn/rope.h"
#include "text/prompt_builder.h"
#include "text/tokenizer.h"

namespace laconic {

void add_sampling_weights(Settings& settings, std::string& choice) {
  settings
      .add("sampling_weights", &choice,
           "how the sampler stores and multiplies matrices. auto: bf16 where all values are bf16 "
           "already, the same samples as float32 at half the memory traffic; bfloat16: activations "
           "rounded too, as other engines do in bf16, faster from a dozen rows on; int8: one scale "
           "per output, activations in int16; the last two are approximate and cache keys and "
           "values in bf16")
      .choices({"auto", "float32", "bfloat16", "int8"});
}

void add_sampling_options(Settings& settings, SamplingOptions& options) {
  settings.group("Sampling");
  settings.add("temperature", &options.temperature,
               "divides the logits; 0 takes the most likely token. Default: "
               "generation_config.json's, else 1");
  settings.range(0, 100);
  settings.add("top_p", &options.top_p,
               "keep the most likely tokens up to this probability; 1: all. Default as above");
  settings.range(0, 1);
  settings.add("top_k", &options.top_k,
               "keep this many most likely tokens; 0: all. Default as above");
  settings.range(0, 1e9);
  settings.add(
      "min_p", &options.min_p,
      "drop tokens below this share of the likeliest one's probability; 0: none. Default as above");
  settings.range(0, 1);
  settings.add("max_new_tokens", &options.max_new_tokens, "cap of a sample, tokens");
  settings.range(1, 1e9);
  settings.add("seed", &options.seed,
               "of the sampler; samples depend on it, on ids and on nothing else");
  settings.range(0, 9e15);
  add_sampling_weights(settings, options.sampling_weights);
}

void use_generation_config(const Settings& settings, const Json& generation_config,
                           const std::string& place, SamplingOptions& options) {
  if (!generation_config.is_object()) return;
  try {
    const auto found = [&](const char* name) -> const Json* {
      const Json* value = settings.given(name) ? nullptr : generation_config.find(name);
      return value && !value->is_null() ? value : nullptr;
    };
    const auto take = [&](const char* name, double& field) {
      if (const Json* value = found(name)) field = value->as_number(cat(place, ": ", name));
    };
    take("temperature", options.temperature);
    take("top_p", options.top_p);
    take("min_p", options.min_p);
    if (const Json* value = found("top_k")) options.top_k = value->as_integer(place + ": top_k");
    const Json* do_sample = generation_config.find("do_sample");
    if (do_sample && !do_sample->is_null() && !do_sample->as_boolean(place + ": do_sample") &&
        !settings.given("temperature"))
      options.temperature = 0;
  } catch (const Error& error) {
    throw Error(ErrorKind::kModel, error.what());
  }
}

SamplingSettings numbers_of(const SamplingOptions& options) {
  SamplingSettings settings;
  settings.temperature = options.temperature;
  settings.top_k = options.top_k;
  settings.top_p = options.top_p;
  settings.min_p = options.min_p;
  settings.max_new_tokens = options.max_new_tokens;
  settings.seed = static_cast<uint64_t>(options.seed);
  check_sampling_settings(settings);
  return settings;
}

SamplingSettings sampling_settings(const SamplingOptions& options, const PromptBuilder& builder) {
  SamplingSettings settings = numbers_of(options);
  settings.stop_ids = builder.stop_ids();
  settings.allowed_ids = builder.tokenizer().size();
  return settings;
}

int64_t slot_capacity(const std::string& label, std::span<const SampleRequest> requests,
                      const SamplingSettings& settings, const ModelConfig& config) {
  size_t longest_prompt = 0;
  for (const SampleRequest& request : requests)
    longest_prompt = std::max(longest_prompt, request.prompt.size());
  const int64_t capacity = static_cast<int64_t>(longest_prompt) + settings.max_new_tokens;
  if (capacity > context_positions(config))
    log_warning(label, ": prompt and max_new_tokens may reach ", capacity,
                " positions, the model is made for ", context_positions(config),
                " (max_position_embeddings)");
  return capacity;
}

Json sampling_to_json(const SamplingSettings& settings) {
  Json json = Json::object();
  json["temperature"] = settings.temperature;
  json["top_p"] = settings.top_p;
  json["top_k"] = settings.top_k;
  json["min_p"] = settings.min_p;
  json["max_new_tokens"] = settings.max_new_tokens;
  json["seed"] = settings.seed;
  json["stop_ids"] = Json::array();
  for (int32_t id : settings.stop_ids) json["stop_ids"].push_back(int64_t{id});
  return json;
}

}  // namespace laconic
