// What the lanes of a scheduler share: who waits, who lives, what was counted, whether to stop.
// Internal to the scheduler.
//
// Thread-safe. No listener is called from here.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_map>
#include <vector>

#include "sample/scheduler.h"

namespace laconic {

struct ScheduledRequest {
  Ticket ticket = 0;
  std::shared_ptr<const SampleRequest> request;
  std::shared_ptr<const SamplingSettings> settings;
  SampleListener* listener = nullptr;
  ControlMaker make_control;
  std::atomic<bool> cancelled = false;

  int64_t max_new_tokens() const {
    return request->max_new_tokens > 0 ? request->max_new_tokens : settings->max_new_tokens;
  }
};

class RequestQueue {
 public:
  using Entry = std::shared_ptr<ScheduledRequest>;

  Ticket add(Entry entry);
  void cancel(Ticket ticket);

  // The next ones: as many as have one prompt, `max_count` at most. Empty when none waits.
  std::vector<Entry> take(size_t max_count);
  // To the front again, in their order.
  void give_back(std::span<const Entry> entries);
  // Cancelled while they waited: these have been taken.
  std::vector<Entry> take_cancelled();
  // One of those taken has left.
  void finish(const ScheduledRequest& entry);

  // A run begins. `keep_going` may be null.
  void start(const Scheduler::KeepGoing* keep_going);
  void stop();
  bool stopped() const;
  // Counts the tokens and asks keep_going; false once anything said stop.
  bool may_go_on(int64_t num_new_tokens);
  // For a lane without work: waits until there is some (true), or until none can come any more from
  // those that run, or stop (false).
  bool wait_for_work();

 private:
  mutable std::mutex mutex_;
  std::mutex asking_;  // of keep_going; taken before mutex_
  std::condition_variable changed_;
  std::deque<Entry> waiting_;
  std::unordered_map<Ticket, Entry> living_;  // from add to finish
  Ticket next_ticket_ = 0;
  SamplerProgress progress_;
  bool any_cancelled_ = false;  // of those that wait, perhaps
  bool stopped_ = false;
  const Scheduler::KeepGoing* keep_going_ = nullptr;
};

}  // namespace laconic
