// SPDX-License-Identifier: Apache-2.0
#include "app/unfollowed_settings.h"

#include <algorithm>
#include <iterator>
#include <mutex>
#include <set>
#include <string_view>

#include "base/error.h"
#include "base/log.h"

namespace laconic {
namespace {

// A setting and the value at which it changes nothing; null: any value changes something.
struct Neutral {
  std::string_view name;
  Json value;
};

// What is followed, or says nothing about which ids are drawn.
constexpr std::string_view kPassedOver[] = {"temperature",
                                            "top_p",
                                            "top_k",
                                            "min_p",
                                            "do_sample",
                                            "bos_token_id",
                                            "eos_token_id",
                                            "pad_token_id",
                                            "use_cache",
                                            "transformers_version",
                                            "cache_config",
                                            "cache_implementation",
                                            "chat_format",
                                            "decoder_start_token_id",
                                            "compile_config",
                                            "disable_compile",
                                            "is_assistant",
                                            "num_assistant_tokens",
                                            "max_window_size",
                                            "num_assistant_tokens_schedule",
                                            "output_attentions",
                                            "output_hidden_states",
                                            "output_logits",
                                            "assistant_confidence_threshold",
                                            "output_scores",
                                            "return_dict_in_generate",
                                            "prefill_chunk_size",
                                            "num_return_sequences",
                                            "assistant_lookbehind",
                                            "target_lookbehind",
                                            "low_memory",
                                            "trust_remote_code"};

bool changes_nothing(const std::string& name, const Json& value) {
  static const Neutral kNeutral[] = {
      {"repetition_penalty", 1}, {"encoder_repetition_penalty", 1},
      {"typical_p", 1},          {"num_beams", 1},
      {"num_beam_groups", 1},    {"length_penalty", 1},
      {"guidance_scale", 1},     {"max_length", 20},
  };
  if (name.starts_with("_") || value.is_null() || value == Json(false) || value == Json("") ||
      (value.is_number() && value.as_number(name) == 0) ||
      ((value.is_array() || value.is_object()) && value.size() == 0))
    return true;
  if (std::find(std::begin(kPassedOver), std::end(kPassedOver), name) != std::end(kPassedOver))
    return true;
  for (const Neutral& neutral : kNeutral)
    if (neutral.name == name && value.is_number() && neutral.value.is_number())
      return value.as_number(name) == neutral.value.as_number(name);
  return false;
}

}  // namespace

void say_unfollowed(const Json& generation_config, const std::string& place) {
  static std::mutex mutex;
  static std::set<std::string> said;
  if (!generation_config.is_object()) return;
  std::string names;
  for (const auto& [name, value] : generation_config.as_object(place))
    if (!changes_nothing(name, value))
      names += cat(names.empty() ? "" : ", ", name, " ", value.dump());
  const std::lock_guard lock(mutex);
  if (!names.empty() && said.insert(place).second) log_warning(place, ": not followed: ", names);
}

}  // namespace laconic
