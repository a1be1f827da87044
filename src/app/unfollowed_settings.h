// What a model's generation_config.json asks of a sampler and laconic does not follow.
//
// repetition_penalty, no_repeat_ngram_size, presence_penalty, bad_words_ids, ...: each is named
// with its value in one warning, once for each file. Settings at the value that changes nothing,
// those that are followed (app/sampling_options.h) and those that say nothing about which ids are
// drawn are passed over; a name that nobody knows is not. Thread-safe.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/json.h"

namespace laconic {

// `generation_config` may be null; `place` is its path.
void say_unfollowed(const Json& generation_config, const std::string& place);

}  // namespace laconic
