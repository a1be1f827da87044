// SPDX-License-Identifier: Apache-2.0
#include "sample/sampler.h"

#include <algorithm>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

#include "base/error.h"
#include "base/hash.h"
#include "base/philox.h"
#include "base/profile.h"

namespace laconic {
namespace {

int64_t cap_of(const SampleRequest& request, const SamplingSettings& settings) {
  return request.max_new_tokens > 0 ? request.max_new_tokens : settings.max_new_tokens;
}

void check_request(const SampleRequest& request, const StepModel& model,
                   const SamplingSettings& settings) {
  const std::string place = cat("request \"", request.id, "\"");
  require(!request.prompt.empty(), ErrorKind::kUsage, place,
          ": expected a prompt of at least 1 token, got none");
  const auto num_prompt_tokens = static_cast<int64_t>(request.prompt.size());
  require(request.max_new_tokens >= 0, ErrorKind::kUsage, place,
          ": expected max_new_tokens of 0 (the settings') or more, got ", request.max_new_tokens);
  const int64_t cap = cap_of(request, settings);
  require(num_prompt_tokens + cap <= model.max_positions(), ErrorKind::kUsage, place,
          ": expected prompt and max_new_tokens within ", model.max_positions(), " positions, got ",
          num_prompt_tokens, " + ", cap, " (lower --max-new-tokens)");
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

// What the schedules of one run share. All of it under one lock, taken a few times a step.
class Queue {
 public:
  Queue(std::span<const SampleRequest> requests, const SamplerCallbacks& callbacks)
      : requests_(requests), callbacks_(callbacks) {}

  struct Part {
    size_t begin = 0, end = 0;
  };
  // The next requests: as many as have one prompt, `max_count` at most. Empty when none is left.
  Part take(size_t max_count) {
    const std::lock_guard lock(mutex_);
    Part part{next_, next_};
    while (part.end < requests_.size() && part.end - part.begin < max_count &&
           requests_[part.end].prompt == requests_[part.begin].prompt)
      ++part.end;
    next_ = part.end;
    progress_.num_running += part.end - part.begin;
    return part;
  }
  void finish(Sample&& sample) {
    const std::lock_guard lock(mutex_);
    ++progress_.num_finished;
    --progress_.num_running;
    if (callbacks_.on_sample) callbacks_.on_sample(std::move(sample));
  }
  bool may_go_on(int64_t num_new_tokens) {
    const std::lock_guard lock(mutex_);
    progress_.num_tokens += num_new_tokens;
    if (!stopped_ && callbacks_.keep_going) stopped_ = !callbacks_.keep_going(progress_);
    return !stopped_;
  }
  bool stopped() const { return stopped_; }  // once all schedules have ended
  void stop() {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }

 private:
  std::mutex mutex_;
  std::span<const SampleRequest> requests_;
  const SamplerCallbacks& callbacks_;
  size_t next_ = 0;
  SamplerProgress progress_;
  bool stopped_ = false;
};

class Schedule {
 public:
  Schedule(StepModel& model, std::span<const SampleRequest> requests,
           const SamplingSettings& settings, Queue& queue)
      : model_(model),
        requests_(requests),
        settings_(settings),
        queue_(queue),
        vocab_size_(static_cast<size_t>(model.vocab_size())),
        logits_(static_cast<size_t>(model.num_slots()) * vocab_size_) {
    for (int64_t slot = model.num_slots() - 1; slot >= 0; --slot)
      free_slots_.push_back(static_cast<int32_t>(slot));
    slots_.reserve(free_slots_.size());
    ids_.reserve(free_slots_.size());
  }

  // Until no request is left. Returns at once when the queue says stop.
  void run() {
    while (true) {
      const Queue::Part part = queue_.take(free_slots_.size());
      for (size_t request = part.begin; request < part.end; ++request) {
        if (!queue_.may_go_on(num_new_tokens())) return;
        admit(request);
      }
      if (part.begin < part.end && !free_slots_.empty()) continue;
      if (running_.empty()) return;
      if (!queue_.may_go_on(num_new_tokens())) return;
      step();
    }
  }

 private:
  int64_t num_new_tokens() { return std::exchange(num_new_tokens_, 0); }

  // Fills a free slot with a request and draws its first token from the prompt's logits.
  void admit(size_t request_idx) {
    const SampleRequest& request = requests_[request_idx];
    const int32_t slot = free_slots_.back();
    free_slots_.pop_back();
    // The slot admitted last still holds its prompt, even where it has finished: only an admission
    // overwrites a slot.
    if (prompt_ && *prompt_ == request.prompt) {
      model_.copy_slot(prompt_slot_, slot, static_cast<int64_t>(request.prompt.size()));
    } else {
      prompt_logits_.resize(vocab_size_);
      model_.prefill(slot, request.prompt, prompt_logits_);
    }
    prompt_ = &request.prompt;
    prompt_slot_ = slot;
    Running running{slot, key_of(request, settings_.seed), {}};
    running.sample.request_idx = request_idx;
    if (!append(running, draw(running, prompt_logits_))) running_.push_back(std::move(running));
  }

  Draw draw(const Running& running, std::span<const float> logits) const {
    const ProfileScope scope("draw of a token");
    const Sample& sample = running.sample;
    const auto sample_idx = static_cast<uint64_t>(requests_[sample.request_idx].sample_idx);
    const double uniform = philox_uniform(running.key, sample.ids.size(), sample_idx);
    return draw_token(logits, settings_, uniform);
  }

  // Where the id ends the sample, hands it out, frees its slot and returns true.
  bool append(Running& running, const Draw& drawn) {
    Sample& sample = running.sample;
    sample.ids.push_back(drawn.id);
    sample.logprobs.push_back(drawn.logprob);
    ++num_new_tokens_;
    const auto& stops = settings_.stop_ids;
    const bool stopped = std::find(stops.begin(), stops.end(), drawn.id) != stops.end();
    const int64_t cap = cap_of(requests_[sample.request_idx], settings_);
    if (!stopped && std::ssize(sample.ids) < cap) return false;
    sample.finish_reason = stopped ? FinishReason::kStop : FinishReason::kLength;
    free_slots_.push_back(running.slot);
    queue_.finish(std::move(sample));
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
    drawn_.resize(running_.size());
    model_.for_each(std::ssize(running_), [&](int64_t i) {
      const auto row = static_cast<size_t>(i);
      drawn_[row] = draw(running_[row], std::span(logits_).subspan(row * vocab_size_, vocab_size_));
    });
    size_t kept = 0;
    for (size_t row = 0; row < running_.size(); ++row) {
      if (append(running_[row], drawn_[row])) continue;
      if (kept != row) running_[kept] = std::move(running_[row]);
      ++kept;
    }
    running_.resize(kept);
  }

  StepModel& model_;
  std::span<const SampleRequest> requests_;
  const SamplingSettings& settings_;
  Queue& queue_;
  const size_t vocab_size_;
  std::vector<float> logits_;         // [S, V]
  std::vector<float> prompt_logits_;  // [V], of the prompt admitted last
  const std::vector<int32_t>* prompt_ = nullptr;
  int32_t prompt_slot_ = 0;  // which holds that prompt
  std::vector<int32_t> free_slots_, slots_, ids_;
  std::vector<Running> running_;
  std::vector<Draw> drawn_;     // by the last step
  int64_t num_new_tokens_ = 0;  // not reported yet
};

// One schedule a thread; the first error of any of them.
void run_schedules(std::span<StepModel* const> models, std::span<const SampleRequest> requests,
                   const SamplingSettings& settings, Queue& queue) {
  std::vector<std::exception_ptr> errors(models.size());
  const auto work = [&](size_t i) {
    try {
      Schedule(*models[i], requests, settings, queue).run();
    } catch (...) {
      errors[i] = std::current_exception();
      queue.stop();
    }
  };
  std::vector<std::jthread> threads;
  for (size_t i = 1; i < models.size(); ++i) threads.emplace_back(work, i);
  work(0);
  threads.clear();  // joins
  for (const std::exception_ptr& error : errors)
    if (error) std::rethrow_exception(error);
}

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

bool sample_all(std::span<StepModel* const> models, std::span<const SampleRequest> requests,
                const SamplingSettings& settings, const SamplerCallbacks& callbacks) {
  LACONIC_CHECK(!models.empty());
  check_sampling_settings(settings);
  for (const SampleRequest& request : requests) check_request(request, *models[0], settings);
  Queue queue(requests, callbacks);
  run_schedules(models, requests, settings, queue);
  return !queue.stopped();
}

bool sample_all(StepModel& model, std::span<const SampleRequest> requests,
                const SamplingSettings& settings, const SamplerCallbacks& callbacks) {
  StepModel* const models[] = {&model};
  return sample_all(models, requests, settings, callbacks);
}

}  // namespace laconic
