// What is asked of the sampler and what it gives: a request, its settings, a sample; and one draw.
//
// Filters come in the order of transformers' warpers: temperature, top-k, top-p, min-p
// (sample/filters.h says exactly what each keeps); temperature 0 is argmax, lowest id on a tie.
// Log-probabilities are those of the unfiltered distribution at temperature 1 over all V ids.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace laconic {

class Control;

struct SamplingSettings {
  double temperature = 1.0;  // >= 0; 0 is greedy
  int64_t top_k = 0;         // 0: off
  double top_p = 1.0;        // (0, 1]; 1: off
  double min_p = 0.0;        // [0, 1]; 0: off
  int64_t max_new_tokens = 1024;
  std::vector<int32_t> stop_ids;
  int64_t allowed_ids = 0;  // ids below this may be drawn; 0: all V (padded vocabularies)
  uint64_t seed = 0;
};

// Error(kUsage) naming the setting that is out of range.
void check_sampling_settings(const SamplingSettings& settings);

struct SampleRequest {
  std::string id;  // hashed into the generator's key
  int64_t sample_idx = 0;
  std::vector<int32_t> prompt;
  int64_t max_new_tokens = 0;  // >= 0; 0: the settings'
};

enum class FinishReason { kStop, kLength, kCancelled };
const char* finish_reason_name(FinishReason reason);  // "stop", "length", "cancelled"

struct Sample {
  size_t request_idx = 0;       // in the span given to sample_all
  std::vector<int32_t> ids;     // every sampled id, the stop id too
  std::vector<float> logprobs;  // of each sampled id, natural log
  FinishReason finish_reason = FinishReason::kLength;
  // What a Control did (sample/control.h): indices of the ids that were forced, ascending; and
  // itself, as it was at the end, or null.
  std::vector<int64_t> forced = {};
  std::shared_ptr<Control> control = nullptr;
};

// One draw from logits [V]; exposed for tests. `uniform` in [0, 1): the id is the first, in
// ascending order, whose cumulative probability exceeds it. Error(kFailure) for logits that are not
// finite.
struct Draw {
  int32_t id = 0;
  float logprob = 0;
};
// The log-probability that draw_token would give the id, bit for bit.
float token_logprob(std::span<const float> logits, int32_t id);
Draw draw_token(std::span<const float> logits, const SamplingSettings& settings, double uniform);

}  // namespace laconic
