// SPDX-License-Identifier: Apache-2.0
#include "sample/request_queue.h"

#include <algorithm>
#include <utility>

namespace laconic {

Ticket RequestQueue::add(Entry entry) {
  const std::lock_guard lock(mutex_);
  const Ticket ticket = next_ticket_++;
  entry->ticket = ticket;
  living_.emplace(ticket, entry);
  waiting_.push_back(std::move(entry));
  changed_.notify_one();
  return ticket;
}

void RequestQueue::cancel(Ticket ticket) {
  const std::lock_guard lock(mutex_);
  const auto found = living_.find(ticket);
  if (found == living_.end()) return;
  found->second->cancelled = true;
  any_cancelled_ = true;
  changed_.notify_one();
}

std::vector<RequestQueue::Entry> RequestQueue::take(size_t max_count) {
  const std::lock_guard lock(mutex_);
  std::vector<Entry> taken;
  while (!waiting_.empty() && taken.size() < max_count &&
         (taken.empty() || waiting_.front()->request->prompt == taken[0]->request->prompt)) {
    taken.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  progress_.num_running += taken.size();
  return taken;
}

void RequestQueue::give_back(std::span<const Entry> entries) {
  const std::lock_guard lock(mutex_);
  waiting_.insert(waiting_.begin(), entries.begin(), entries.end());
  progress_.num_running -= entries.size();
  any_cancelled_ = true;
}

std::vector<RequestQueue::Entry> RequestQueue::take_cancelled() {
  const std::lock_guard lock(mutex_);
  std::vector<Entry> taken;
  if (!std::exchange(any_cancelled_, false)) return taken;
  std::erase_if(waiting_, [&](Entry& entry) {
    if (entry->cancelled) taken.push_back(entry);
    return entry->cancelled.load();
  });
  progress_.num_running += taken.size();
  return taken;
}

void RequestQueue::finish(const ScheduledRequest& entry) {
  const std::lock_guard lock(mutex_);
  living_.erase(entry.ticket);
  ++progress_.num_finished;
  if (--progress_.num_running == 0) changed_.notify_all();
}

void RequestQueue::start(const Scheduler::KeepGoing* keep_going) {
  const std::lock_guard lock(mutex_);
  stopped_ = false;
  keep_going_ = keep_going;
}

void RequestQueue::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
}

bool RequestQueue::stopped() const {
  const std::lock_guard lock(mutex_);
  return stopped_;
}

bool RequestQueue::may_go_on(int64_t num_new_tokens) {
  const std::lock_guard asking(asking_);
  SamplerProgress progress;
  {
    const std::lock_guard lock(mutex_);
    progress_.num_tokens += num_new_tokens;
    if (stopped_ || !keep_going_) return !stopped_;
    progress = progress_;
  }
  if ((*keep_going_)(progress)) return true;
  stop();
  return false;
}

bool RequestQueue::wait_for_work() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] {
    return stopped_ || any_cancelled_ || !waiting_.empty() || progress_.num_running == 0;
  });
  return !stopped_ && (any_cancelled_ || !waiting_.empty());
}

}  // namespace laconic
