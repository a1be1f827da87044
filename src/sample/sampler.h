// Continuous batching: requests wait, take a free slot, give one token a step, leave.
//
// Torch-free: the model is behind StepModel. A sample's ids are a function of (weights, prompt,
// settings, seed, request id, sample index) alone: the draw at position p uses Philox keyed by
// (seed, hash of the request id), counter (sample index, p). Order of the filters: temperature,
// top-k, top-p, min-p (the order of transformers' warpers); temperature 0 is argmax, lowest id on a
// tie. Log-probabilities are those of the unfiltered distribution at temperature 1.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace laconic {

// What the sampler needs of a model; DecodeModel fits (sample/decode_step_model.h), tests use a
// mock.
class StepModel {
 public:
  virtual ~StepModel() = default;
  virtual int64_t num_slots() const = 0;
  virtual int64_t vocab_size() const = 0;
  virtual void prefill(int64_t slot, std::span<const int32_t> prompt, std::span<float> logits) = 0;
  virtual void step(std::span<const int32_t> slots, std::span<const int32_t> ids,
                    std::span<float> logits) = 0;
  virtual void copy_slot(int64_t from, int64_t to) = 0;
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
};

enum class FinishReason { kStop, kLength };

struct Sample {
  size_t request_idx = 0;       // in the span given to sample_all
  std::vector<int32_t> ids;     // every sampled id, the stop id too
  std::vector<float> logprobs;  // of each sampled id
  FinishReason finish_reason = FinishReason::kLength;
};

struct SamplerProgress {
  size_t num_finished = 0;
  size_t num_running = 0;
  int64_t num_tokens = 0;  // sampled so far
};

struct SamplerCallbacks {
  std::function<void(Sample&&)> on_sample;  // in order of finishing
  std::function<bool(const SamplerProgress&)>
      keep_going;  // once a step; false ends the run early. May be empty.
};

// Samples every request. Returns false when keep_going said stop. Consecutive requests with equal
// prompts are prefilled once. A prompt of max_new_tokens beyond the model's capacity is
// Error(kUsage) before the first step.
bool sample_all(StepModel& model, std::span<const SampleRequest> requests,
                const SamplingSettings& settings, const SamplerCallbacks& callbacks);

// One draw from logits [V]; exposed for tests and for the server. `logits` is scratch and is
// overwritten.
struct Draw {
  int32_t id = 0;
  float logprob = 0;
};
Draw draw_token(std::span<float> logits, const SamplingSettings& settings, double uniform);

}  // namespace laconic
