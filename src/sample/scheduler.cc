// SPDX-License-Identifier: Apache-2.0
#include "sample/scheduler.h"

#include <deque>
#include <exception>
#include <thread>
#include <utility>
#include <vector>

#include "base/error.h"
#include "sample/request_queue.h"
#include "sample/slot_lane.h"

namespace laconic {
namespace {

void check_request(const SampleRequest& request, const StepModel& model,
                   const SamplingSettings& settings) {
  const std::string place = cat("request \"", request.id, "\"");
  require(!request.prompt.empty(), ErrorKind::kUsage, place,
          ": expected a prompt of at least 1 token, got none");
  const auto num_prompt_tokens = static_cast<int64_t>(request.prompt.size());
  require(request.max_new_tokens >= 0, ErrorKind::kUsage, place,
          ": expected max_new_tokens of 0 (the settings') or more, got ", request.max_new_tokens);
  const int64_t cap = request.max_new_tokens > 0 ? request.max_new_tokens : settings.max_new_tokens;
  require(num_prompt_tokens + cap <= model.max_positions(), ErrorKind::kUsage, place,
          ": expected prompt and max_new_tokens within ", model.max_positions(), " positions, got ",
          num_prompt_tokens, " + ", cap, " (lower --max-new-tokens)");
  for (int32_t id : request.prompt)
    require(id >= 0 && id < model.vocab_size(), ErrorKind::kUsage, place,
            ": expected prompt ids below ", model.vocab_size(), ", got ", id);
}

}  // namespace

struct Scheduler::State {
  explicit State(std::span<StepModel* const> models) : model(*models[0]) {
    for (StepModel* const each : models) lanes.emplace_back(*each, queue);
  }

  // Until no request is left anywhere, or stop.
  void run_lane(SlotLane& lane) {
    while (true) {
      const SlotLane::Turn turn = lane.turn();
      if (turn == SlotLane::Turn::kStopped) return;
      if (turn == SlotLane::Turn::kIdle && !queue.wait_for_work()) return;
    }
  }

  StepModel& model;
  RequestQueue queue;
  std::deque<SlotLane> lanes;
};

Scheduler::Scheduler(std::span<StepModel* const> models) {
  LACONIC_CHECK(!models.empty());
  state_ = std::make_unique<State>(models);
}

Scheduler::~Scheduler() = default;

Ticket Scheduler::submit(SampleRequest request, SamplingSettings settings, SampleListener& listener,
                         ControlMaker make_control) {
  return submit(std::make_shared<const SampleRequest>(std::move(request)),
                std::make_shared<const SamplingSettings>(std::move(settings)), listener,
                std::move(make_control));
}

Ticket Scheduler::submit(std::shared_ptr<const SampleRequest> request,
                         std::shared_ptr<const SamplingSettings> settings, SampleListener& listener,
                         ControlMaker make_control) {
  check_sampling_settings(*settings);
  check_request(*request, state_->model, *settings);
  auto entry = std::make_shared<ScheduledRequest>();
  entry->request = std::move(request);
  entry->settings = std::move(settings);
  entry->listener = &listener;
  entry->make_control = std::move(make_control);
  return state_->queue.add(std::move(entry));
}

void Scheduler::cancel(Ticket ticket) { state_->queue.cancel(ticket); }

bool Scheduler::step() {
  state_->queue.start(nullptr);
  std::exception_ptr error;
  bool worked = false;
  for (SlotLane& lane : state_->lanes) {
    try {
      worked |= lane.turn() == SlotLane::Turn::kWorked;
    } catch (...) {
      if (!error) error = std::current_exception();
    }
  }
  if (error) std::rethrow_exception(error);
  return worked;
}

bool Scheduler::run(const KeepGoing& keep_going) {
  State& state = *state_;
  state.queue.start(keep_going ? &keep_going : nullptr);
  std::vector<std::exception_ptr> errors(state.lanes.size());
  const auto work = [&](size_t i) {
    try {
      state.run_lane(state.lanes[i]);
    } catch (...) {
      errors[i] = std::current_exception();
      state.queue.stop();
    }
  };
  {
    std::vector<std::jthread> threads;
    for (size_t i = 1; i < state.lanes.size(); ++i) threads.emplace_back(work, i);
    work(0);
  }  // joins
  for (const std::exception_ptr& error : errors)
    if (error) std::rethrow_exception(error);
  return !state.queue.stopped();
}

}  // namespace laconic
