// Continuous batching: requests wait, take a free slot, give one token a step, leave.
//
// Torch-free: the model is behind StepModel. A sample's ids are a function of (weights, prompt,
// settings, seed, request id, sample index) alone: the draw for the p-th new token uses Philox
// keyed by (seed, hash of the request id), counter (p, sample index). Filters come in the order of
// transformers' warpers: temperature, top-k, top-p, min-p (sample/filters.h says exactly what each
// keeps); temperature 0 is argmax, lowest id on a tie. Log-probabilities are those of the
// unfiltered distribution at temperature 1 over all V ids.
//
// Errors: kUsage for settings out of range, an empty prompt, a prompt id outside the vocabulary and
// a request that cannot fit a slot, all before the first step; kFailure when the model's logits are
// not finite.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace laconic {

// What the sampler needs of a model; DecodeModel fits (sample/decode_step_model.h), tests use a
// mock. Each slot holds a sequence of positions that only grows, until prefill or copy_slot
// replaces it.
class StepModel {
 public:
  virtual ~StepModel() = default;
  virtual int64_t num_slots() const = 0;
  virtual int64_t vocab_size() const = 0;
  // Capacity of a slot in tokens, prompt included.
  virtual int64_t max_positions() const = 0;
  virtual void prefill(int64_t slot, std::span<const int32_t> prompt, std::span<float> logits) = 0;
  virtual void step(std::span<const int32_t> slots, std::span<const int32_t> ids,
                    std::span<float> logits) = 0;
  // Makes `to` hold the first num_positions positions of `from`; from == to cuts the slot back to
  // them.
  virtual void copy_slot(int64_t from, int64_t to, int64_t num_positions) = 0;
  // function(i) once for each of [0, count), on as many threads as a step of the model takes, in
  // any order: the draws of a step, which do not touch each other. Passes on what it throws.
  virtual void for_each(int64_t count, const std::function<void(int64_t)>& function) {
    for (int64_t i = 0; i < count; ++i) function(i);
  }
};

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

struct SampleRequest {
  std::string id;  // hashed into the generator's key
  int64_t sample_idx = 0;
  std::vector<int32_t> prompt;
  int64_t max_new_tokens = 0;  // >= 0; 0: the settings'
};

enum class FinishReason { kStop, kLength };
const char* finish_reason_name(FinishReason reason);  // "stop", "length"

struct Sample {
  size_t request_idx = 0;       // in the span given to sample_all
  std::vector<int32_t> ids;     // every sampled id, the stop id too
  std::vector<float> logprobs;  // of each sampled id, natural log
  FinishReason finish_reason = FinishReason::kLength;
};

struct SamplerProgress {
  size_t num_finished = 0;
  size_t num_running = 0;
  int64_t num_tokens = 0;  // sampled so far
};

struct SamplerCallbacks {
  // Never called by two threads at once.
  std::function<void(Sample&&)> on_sample;  // in order of finishing
  std::function<bool(const SamplerProgress&)>
      keep_going;  // once a step; false ends the run early. May be empty.
};

// Samples every request. Returns false when keep_going said stop: what was running is then dropped.
// Consecutive requests with equal prompts are prefilled once (here below: once by each model).
bool sample_all(StepModel& model, std::span<const SampleRequest> requests,
                const SamplingSettings& settings, const SamplerCallbacks& callbacks);

// The same with a thread for each model, which take requests from one queue; models differ in
// nothing but their slots. Samples are those of a single model; the order of finishing is not.
bool sample_all(std::span<StepModel* const> models, std::span<const SampleRequest> requests,
                const SamplingSettings& settings, const SamplerCallbacks& callbacks);

// Error(kUsage) naming the setting that is out of range.
void check_sampling_settings(const SamplingSettings& settings);

// One draw from logits [V]; exposed for tests and for the server. `uniform` in [0, 1): the id is
// the first, in ascending order, whose cumulative probability exceeds it.
struct Draw {
  int32_t id = 0;
  float logprob = 0;
};
Draw draw_token(std::span<const float> logits, const SamplingSettings& settings, double uniform);

}  // namespace laconic
