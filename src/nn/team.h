// Threads that stay together through many small parallel steps.
//
// Waking threads for each operator of a decode step costs more than the operator: at one sequence a
// step has some two hundred of them. A team starts once, all its threads walk the same code, and
// meet at a spinning barrier after each step. They give way to others after a while, so a busy
// machine loses time and not its progress. The body must not throw, and must decide alike on every
// thread. Not nested; one team runs at a time on an object.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>

namespace laconic {

class Team {
 public:
  // Runs `body` once on each of ATen's intra-op threads (on this one alone inside another parallel
  // region).
  void run(const std::function<void()>& body);

  // Within run(). function(begin, end) for this thread's part of [0, count); then all meet.
  template <typename Function>
  void share(int64_t count, const Function& function) {
    const int64_t begin = count * index_ / size_, end = count * (index_ + 1) / size_;
    if (begin < end) function(begin, end);
    meet();
  }
  // The same with every size()-th index for this thread: for work that grows with its index.
  template <typename Function>
  void deal(int64_t count, const Function& function) {
    for (int64_t i = index_; i < count; i += size_) function(i, i + 1);
    meet();
  }
  bool running() const { return size_ > 0; }

 private:
  void meet();

  static thread_local int64_t index_;
  int64_t size_ = 0;
  alignas(64) std::atomic<int64_t> arrived_ = 0;
  alignas(64) std::atomic<int64_t> phase_ = 0;
};

}  // namespace laconic
