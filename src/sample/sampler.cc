// SPDX-License-Identifier: Apache-2.0
#include "sample/sampler.h"

#include <mutex>
#include <utility>

#include "base/error.h"

namespace laconic {
namespace {

// The callbacks of one sample_all, under one lock.
class Collector : public SampleListener {
 public:
  explicit Collector(const SamplerCallbacks& callbacks) : callbacks_(callbacks) {}
  void on_finish(Ticket, Sample&& sample) override {
    const std::lock_guard lock(mutex_);
    if (callbacks_.on_sample) callbacks_.on_sample(std::move(sample));
  }
  bool keep_going(const SamplerProgress& progress) {
    const std::lock_guard lock(mutex_);
    return !callbacks_.keep_going || callbacks_.keep_going(progress);
  }

 private:
  const SamplerCallbacks& callbacks_;
  std::mutex mutex_;
};

// A pointer to what the caller keeps.
template <typename T>
std::shared_ptr<const T> borrowed(const T& value) {
  return {std::shared_ptr<const T>(), &value};
}

}  // namespace

bool sample_all(std::span<StepModel* const> models, std::span<const SampleRequest> requests,
                const SamplingSettings& settings, const SamplerCallbacks& callbacks) {
  check_sampling_settings(settings);
  Collector collector(callbacks);
  Scheduler scheduler(models);
  for (const SampleRequest& request : requests)
    scheduler.submit(borrowed(request), borrowed(settings), collector, callbacks.make_control);
  return scheduler.run(
      [&](const SamplerProgress& progress) { return collector.keep_going(progress); });
}

bool sample_all(StepModel& model, std::span<const SampleRequest> requests,
                const SamplingSettings& settings, const SamplerCallbacks& callbacks) {
  StepModel* const models[] = {&model};
  return sample_all(models, requests, settings, callbacks);
}

}  // namespace laconic
