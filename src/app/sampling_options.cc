// SPDX-License-Identifier: Apache-2.0
#include "app/sampling_options.h"

#include <algorithm>

#include "app/unfollowed_settings.h"
#include "base/error.h"
#include "base/file.h"
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
      .choices({"auto", "float32", "bfloat16", "int8"})
      .advanced();
}

void DrawOptions::add_to(Settings& settings) {
  settings.add("temperature", &temperature,
               "divides the logits; 0 takes the most likely token. Not given: the model's "
               "generation_config.json, then the default");
  settings.range(0, 100);
  settings.add("top_p", &top_p,
               "keep the most likely tokens up to this probability; 1: all. Not given: as above");
  settings.range(0, 1);
  settings.add("top_k", &top_k, "keep this many most likely tokens; 0: all. Not given: as above");
  settings.range(0, 1e9).advanced();
  settings.add("min_p", &min_p,
               "drop tokens below this share of the likeliest one's probability; 0: none. Not "
               "given: as above");
  settings.range(0, 1).advanced();
}

void add_sampling_options(Settings& settings, SamplingOptions& options) {
  settings.group("Sampling");
  options.add_to(settings);
  settings.add("max_new_tokens", &options.max_new_tokens, "cap of a sample, tokens");
  settings.alias("max_tokens").range(1, 1e9);
  settings.add("seed", &options.seed,
               "of the sampler; samples depend on it, on ids and on nothing else");
  settings.alias("sampler_seed").range(0, 9e15);
  add_sampling_weights(settings, options.sampling_weights);
}

namespace {

// Sets what is not given and returns what that is: "temperature 0.6, top_p 0.95".
std::string take_from(const Json& config, const Settings& settings, const std::string& place,
                      DrawOptions& options) {
  std::string taken;
  const auto found = [&](const char* name) -> const Json* {
    const Json* value = settings.given(name) ? nullptr : config.find(name);
    return value && !value->is_null() ? value : nullptr;
  };
  const auto note = [&](const char* name, const auto& value) {
    taken += cat(taken.empty() ? "" : ", ", name, " ", value);
  };
  const Json* do_sample = config.find("do_sample");
  const bool is_greedy =
      do_sample && !do_sample->is_null() && !do_sample->as_boolean(place + ": do_sample");
  const auto take = [&](const char* name, double& field) {
    const Json* value = found(name);
    if (!value) return;
    field = value->as_number(cat(place, ": ", name));
    note(name, field);
  };
  if (!is_greedy || settings.given("temperature")) {
    take("temperature", options.temperature);
  } else {
    options.temperature = 0;
    note("temperature", "0 (do_sample false)");
  }
  take("top_p", options.top_p);
  if (const Json* value = found("top_k")) {
    options.top_k = value->as_integer(place + ": top_k");
    note("top_k", options.top_k);
  }
  take("min_p", options.min_p);
  return taken;
}

}  // namespace

void use_generation_config(const Settings& settings, const std::string& model_folder,
                           DrawOptions& options) {
  const std::string place = join_path(model_folder, "generation_config.json");
  if (!file_exists(place)) return;
  std::string taken;
  try {
    const Json config = Json::parse(read_file(place), place);
    say_unfollowed(config, place);
    if (config.is_object()) taken = take_from(config, settings, place, options);
  } catch (const Error& error) {
    throw Error(ErrorKind::kModel, error.what());
  }
  if (!taken.empty()) log_info("sampling: ", taken, " from ", place);
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

Json sampler_setting(const SamplingSettings& settings) {
  Json json = Json::object();
  json["temperature"] = settings.temperature;
  json["top_p"] = settings.top_p;
  json["top_k"] = settings.top_k;
  json["min_p"] = settings.min_p;
  json["max_new_tokens"] = settings.max_new_tokens;
  json["seed"] = settings.seed;
  return json;
}

Json sampling_to_json(const SamplingSettings& settings) {
  Json json = sampler_setting(settings);
  json["stop_ids"] = Json::array();
  for (int32_t id : settings.stop_ids) json["stop_ids"].push_back(int64_t{id});
  return json;
}

}  // namespace laconic
