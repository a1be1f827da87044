// A closed set of requests under one setting, on the scheduler: what evaluations and `laconic
// generate` do.
//
// Samples, determinism and errors are the scheduler's (sample/scheduler.h); every error of a
// setting or a request comes before the first step.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <span>

#include "sample/control.h"
#include "sample/sample.h"
#include "sample/scheduler.h"  // SamplerProgress
#include "sample/step_model.h"

namespace laconic {

struct SamplerCallbacks {
  // Never called by two threads at once.
  std::function<void(Sample&&)> on_sample;  // in order of finishing
  Scheduler::KeepGoing keep_going;          // false ends the run early. May be empty.
  ControlMaker make_control = {};           // of each request
};

// Samples every request. Returns false when keep_going said stop: what was running is then dropped.
// Consecutive requests with equal prompts are prefilled once (here below: once by each model).
bool sample_all(StepModel& model, std::span<const SampleRequest> requests,
                const SamplingSettings& settings, const SamplerCallbacks& callbacks);

// The same with a thread for each model, which take requests from one queue; models differ in
// nothing but their slots. Samples are those of a single model; the order of finishing is not.
bool sample_all(std::span<StepModel* const> models, std::span<const SampleRequest> requests,
                const SamplingSettings& settings, const SamplerCallbacks& callbacks);

}  // namespace laconic
