// Threads that stay together through many small parallel steps.
//
// Waking threads for each operator of a decode step costs more than the operator: at one sequence a
// step has some two hundred of them. A team starts once, all its threads walk the same code, and
// meet at a spinning barrier after each step. They give way to others after a while, so a busy
// machine loses time and not its progress. The body must not throw, and must decide alike on every
// thread. Not nested; one team runs at a time on an object.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <utility>

namespace laconic {

struct Range {
  int64_t begin = 0;
  int64_t end = 0;
  int64_t size() const { return end - begin; }
};

// What one thread does of [0, count): a range, or pieces for whichever thread asks first, each half
// of a thread's share of what is left (Polychronopoulos and Kuck's guided self-scheduling, 1987),
// so that threads end together although one is slower or was interrupted.
class Pieces {
 public:
  explicit Pieces(Range range) : rest_(range) {}
  // `claimed` is all threads', and zero when the first of them begins. No piece exceeds `most`.
  Pieces(std::atomic<int64_t>& claimed, int64_t count, int64_t num_threads, int64_t most)
      : rest_{0, count}, claimed_(&claimed), num_threads_(num_threads), most_(most) {}
  // False when there is none left.
  bool next(Range& piece) {
    if (claimed_ == nullptr) {
      piece = std::exchange(rest_, {});
      return piece.size() > 0;
    }
    int64_t begin = claimed_->load(std::memory_order_relaxed), size = 0;
    do {
      if (begin >= rest_.end) return false;
      size = std::clamp<int64_t>((rest_.end - begin) / (2 * num_threads_), 1, most_);
    } while (!claimed_->compare_exchange_weak(begin, begin + size, std::memory_order_relaxed));
    piece = {begin, begin + size};
    return true;
  }

 private:
  Range rest_;
  std::atomic<int64_t>* claimed_ = nullptr;
  int64_t num_threads_ = 1, most_ = 0;
};

class Team {
 public:
  // Runs `body` once on each of ATen's intra-op threads (on this one alone inside another parallel
  // region).
  void run(const std::function<void()>& body);

  // Within run(). function(pieces) with this thread's part of [0, count), the same each time; then
  // all meet.
  template <typename Function>
  void share(int64_t count, const Function& function) {
    Pieces part(Range{count * index_ / size_, count * (index_ + 1) / size_});
    function(part);
    meet();
  }
  // The same with pieces that threads claim: who gets which differs from run to run, so what a
  // piece computes must not depend on it.
  template <typename Function>
  void claim(int64_t count, int64_t most, const Function& function) {
    Pieces pieces(claimed_, count, size_, most);
    function(pieces);
    meet();
  }
  bool running() const { return size_ > 0; }
  static int64_t index() { return index_; }  // of this thread; 0 outside run()

 private:
  void meet();

  static thread_local int64_t index_;
  int64_t size_ = 0;
  alignas(64) std::atomic<int64_t> claimed_ = 0;
  alignas(64) std::atomic<int64_t> arrived_ = 0;
  alignas(64) std::atomic<int64_t> phase_ = 0;
};

}  // namespace laconic
