// SPDX-License-Identifier: Apache-2.0
#include "sample/sampler.h"

#include <algorithm>

#include "base/error.h"
#include "base/hash.h"
#include "base/philox.h"

namespace laconic {
namespace {

void check_request(const SampleRequest& request, const StepModel& model,
                   const SamplingSettings& settings) {
  const std::string place = cat("request \"", request.id, "\"");
  require(!request.prompt.empty(), ErrorKind::kUsage, place,
          ": expected a prompt of at least 1 token, got none");
  const auto num_prompt_tokens = static_cast<int64_t>(request.prompt.size());
  require(num_prompt_tokens + settings.max_new_tokens <= model.max_positions(), ErrorKind::kUsage,
          place, ": expected prompt and max_new_tokens within ", model.max_positions(),
          " positions, got ", num_prompt_tokens, " + ", settings.max_new_tokens,
          " (lower --max-new-tokens)");
  for (int32_t id : request.prompt)
    require(id >= 0 && id < model.vocab_size(), ErrorKind::kUsage, place,
            ": expected prompt ids below ", model.vocab_size(), ", got ", id);
}

// The generator's key of a request: seed and id both mixed in, so that neither two seeds nor two
// ids share a stream.
uint64_t key_of(const SampleRequest& request, uint64_t seed) {
  const auto bits = philox(seed, hash64(request.id), 0);
  return uint64_t{bits[0]} << 32 | bits[1];
}

// A slot at work. `sample.ids.back()` is the id that the next step feeds.
struct Running {
  int32_t slot = 0;
  uint64_t key = 0;
  Sample sample;
};

class Schedule {
 public:
  Schedule(StepModel& model, std::span<const SampleRequest> requests,
           const SamplingSettings& settings, const SamplerCallbacks& callbacks)
      : model_(model),
        requests_(requests),
        settings_(settings),
        callbacks_(callbacks),
        vocab_size_(static_cast<size_t>(model.vocab_size())),
        logits_(static_cast<size_t>(model.num_slots()) * vocab_size_) {
    for (int64_t slot = model.num_slots() - 1; slot >= 0; --slot)
      free_slots_.push_back(static_cast<int32_t>(slot));
    slots_.reserve(free_slots_.size());
    ids_.reserve(free_slots_.size());
  }

  bool run() {
    while (true) {
      while (next_request_ < requests_.size() && !free_slots_.empty()) {
        if (!may_go_on()) return false;
        admit();
      }
      if (running_.empty()) return true;
      if (!may_go_on()) return false;
      step();
    }
  }

 private:
  bool may_go_on() {
    progress_.num_running = running_.size();
    return !callbacks_.keep_going || callbacks_.keep_going(progress_);
  }

  // Fills a free slot with the next request and draws its first token from the prompt's logits.
  void admit() {
    const SampleRequest& request = requests_[next_request_];
    const int32_t slot = free_slots_.back();
    free_slots_.pop_back();
    // The slot admitted last still holds its prompt, even where it has finished: only an admission
    // overwrites a slot.
    const bool same_prompt =
        next_request_ > 0 && requests_[next_request_ - 1].prompt == request.prompt;
    if (same_prompt) {
      model_.copy_slot(prompt_slot_, slot, static_cast<int64_t>(request.prompt.size()));
    } else {
      prompt_logits_.resize(vocab_size_);
      model_.prefill(slot, request.prompt, prompt_logits_);
    }
    prompt_slot_ = slot;
    Running running{slot, key_of(request, settings_.seed), {}};
    running.sample.request_idx = next_request_++;
    std::copy(prompt_logits_.begin(), prompt_logits_.end(), logits_.begin());
    if (!draw(running, std::span(logits_).first(vocab_size_)))
      running_.push_back(std::move(running));
  }

  // Appends one id; where that ends the sample, hands it out, frees its slot and returns true.
  bool draw(Running& running, std::span<float> logits) {
    Sample& sample = running.sample;
    const auto sample_idx = static_cast<uint64_t>(requests_[sample.request_idx].sample_idx);
    const double uniform = philox_uniform(running.key, sample.ids.size(), sample_idx);
    const Draw drawn = draw_token(logits, settings_, uniform);
    sample.ids.push_back(drawn.id);
    sample.logprobs.push_back(drawn.logprob);
    ++progress_.num_tokens;
    const auto& stops = settings_.stop_ids;
    const bool stopped = std::find(stops.begin(), stops.end(), drawn.id) != stops.end();
    if (!stopped && static_cast<int64_t>(sample.ids.size()) < settings_.max_new_tokens)
      return false;
    sample.finish_reason = stopped ? FinishReason::kStop : FinishReason::kLength;
    free_slots_.push_back(running.slot);
    ++progress_.num_finished;
    if (callbacks_.on_sample) callbacks_.on_sample(std::move(sample));
    return true;
  }

  void step() {
    slots_.clear();
    ids_.clear();
    for (const Running& running : running_) {
      slots_.push_back(running.slot);
      ids_.push_back(running.sample.ids.back());
    }
    model_.step(slots_, ids_, std::span(logits_).first(running_.size() * vocab_size_));
    size_t kept = 0;
    for (size_t row = 0; row < running_.size(); ++row) {
      if (draw(running_[row], std::span(logits_).subspan(row * vocab_size_, vocab_size_))) continue;
      if (kept != row) running_[kept] = std::move(running_[row]);
      ++kept;
    }
    running_.resize(kept);
  }

  StepModel& model_;
  std::span<const SampleRequest> requests_;
  const SamplingSettings& settings_;
  const SamplerCallbacks& callbacks_;
  const size_t vocab_size_;
  std::vector<float> logits_;         // [S, V]
  std::vector<float> prompt_logits_;  // [V], of the prompt admitted last
  int32_t prompt_slot_ = 0;           // which holds that prompt
  std::vector<int32_t> free_slots_, slots_, ids_;
  std::vector<Running> running_;
  size_t next_request_ = 0;
  SamplerProgress progress_;
};

}  // namespace

const char* finish_reason_name(FinishReason reason) {
  return reason == FinishReason::kStop ? "stop" : "length";
}

void check_sampling_settings(const SamplingSettings& settings) {
  const auto check = [](bool ok, const char* name, const char* expected, auto got) {
    require(ok, ErrorKind::kUsage, name, ": expected ", expected, ", got ", got);
  };
  check(settings.temperature >= 0 && settings.temperature <= 1e6, "temperature",
        "a number from 0 to 1e6", settings.temperature);
  check(settings.temperature == 0 || settings.temperature >= 1e-6, "temperature",
        "0 (greedy) or at least 1e-6", settings.temperature);
  check(settings.top_k >= 0, "top_k", "0 (off) or more", settings.top_k);
  check(settings.top_p > 0 && settings.top_p <= 1, "top_p", "more than 0, at most 1",
        settings.top_p);
  check(settings.min_p >= 0 && settings.min_p <= 1, "min_p", "a number from 0 to 1",
        settings.min_p);
  check(settings.max_new_tokens >= 1, "max_new_tokens", "1 or more", settings.max_new_tokens);
  check(settings.allowed_ids >= 0, "allowed_ids", "0 (all) or more", settings.allowed_ids);
}

bool sample_all(StepModel& model, std::span<const SampleRequest> requests,
                const SamplingSettings& settings, const SamplerCallbacks& callbacks) {
  check_sampling_settings(settings);
  for (const SampleRequest& request : requests) check_request(request, model, settings);
  return Schedule(model, requests, settings, callbacks).run();
}

}  // namespace laconic
