// A loop over independent rows on several threads.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace laconic {

// Calls visit(i) for each i in [0, count) on `threads` threads (0: one a core); returns when all
// are done. Rows are handed out one at a time, so one large row delays no other. The first
// exception of a visit is thrown again here, after the others have stopped.
template <typename Visit>
void for_rows_in_parallel(int64_t count, int64_t threads, const Visit& visit) {
  if (threads == 0)
    threads = static_cast<int64_t>(std::max(1u, std::thread::hardware_concurrency()));
  std::atomic<int64_t> next = 0;
  std::exception_ptr failure;
  std::mutex lock;
  const auto work = [&] {
    try {
      for (int64_t i = next++; i < count; i = next++) visit(i);
    } catch (...) {
      next = count;
      const std::lock_guard guard(lock);
      if (!failure) failure = std::current_exception();
    }
  };
  std::vector<std::thread> others;
  for (int64_t t = 1; t < std::min(threads, count); ++t) others.emplace_back(work);
  work();
  for (std::thread& other : others) other.join();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace laconic
