// Continuous batching in an open world: requests come while others run, wait for a slot in the
// order of their arrival, give one token a step, and leave.
//
// Torch-free: the models are behind StepModel. A request's ids and log-probabilities are a function
// of (weights, prompt, its settings, id, sample index) alone, never of neighbours, slot, order of
// arrival or number of models: the draw for the p-th new token uses Philox keyed by (seed, hash of
// the id), counter (p, sample index). A Control (sample/control.h) may have its say in them.
//
// Threads: submit and cancel may be called from any thread, from a listener too. One thread at a
// time may call run or step; run takes a thread for each model. All calls of listeners come from
// within run or step. Those of one request come one after the other; those of requests on different
// models may come at the same time, so a listener of several requests locks for itself where there
// is more than one model.
//
// Errors: submit throws Error(kUsage) for settings out of range, an empty prompt, a prompt id
// outside the vocabulary and a request that cannot fit a slot. What a listener or keep_going throws
// comes out of run or step once the step at hand is done: its request is then gone without a
// further call, all others go on with the next run or step. What a model throws, and kFailure for
// logits that are not finite, comes out too: all requests in that model's slots are then gone
// without a further call.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "sample/control.h"
#include "sample/sample.h"
#include "sample/step_model.h"

namespace laconic {

using Ticket = uint64_t;  // 0, 1, 2, ... in the order of submission

struct SampledToken {
  int32_t id = 0;
  float logprob = 0;  // natural log
  // Among the request's new ids. Where a Control has taken ids back it is not beyond the last
  // one's: the ids from there on are gone.
  int64_t position = 0;
  bool forced = false;  // by a Control
};

// Who is told of a request. Must outlive its on_finish, or the scheduler.
class SampleListener {
 public:
  virtual ~SampleListener() = default;
  virtual void on_token(Ticket, const SampledToken&) {}
  // The last call, once, after a cancel too (kCancelled, with the ids so far). The sample's
  // request_idx is the ticket.
  virtual void on_finish(Ticket ticket, Sample&& sample) = 0;
};

// Of all that was submitted so far.
struct SamplerProgress {
  size_t num_finished = 0;  // the cancelled ones too
  size_t num_running = 0;
  int64_t num_tokens = 0;  // sampled so far
};

class Scheduler {
 public:
  // The models differ in nothing but their slots and outlive the scheduler.
  explicit Scheduler(std::span<StepModel* const> models);
  ~Scheduler();  // requests that have not finished are dropped without a call
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  Ticket submit(SampleRequest request, SamplingSettings settings, SampleListener& listener,
                ControlMaker make_control = {});
  // The same where many requests share settings, or belong to someone who keeps them.
  Ticket submit(std::shared_ptr<const SampleRequest> request,
                std::shared_ptr<const SamplingSettings> settings, SampleListener& listener,
                ControlMaker make_control = {});
  // Ends the request before its next token; its slot is then free. Nothing if it has finished.
  void cancel(Ticket ticket);

  // Once before each admission and each step, never by two threads at once.
  using KeepGoing = std::function<bool(const SamplerProgress&)>;
  // Until every request has finished, those submitted meanwhile too. false: keep_going said stop;
  // what runs and waits stays where it is, and goes on with the next run or step.
  bool run(const KeepGoing& keep_going = {});
  // What run does in one turn of its loop, for every model, on this thread: cancelled requests
  // leave, waiting ones are admitted, those that run get a token. false: there was nothing to do.
  bool step();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace laconic
