// SPDX-License-Identifier: Apache-2.0
#include "base/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "base/machine.h"

namespace laconic {

void parallel_for(size_t count, const std::function<void(size_t)>& work, size_t num_threads) {
  static const auto usable_cores =
      static_cast<size_t>(std::max<int64_t>(1, read_machine().usable_cores));
  if (num_threads == 0) num_threads = usable_cores;
  std::atomic<size_t> next{0};
  std::mutex mutex;
  size_t fault_round = count;
  std::exception_ptr fault;
  const auto run = [&] {
    for (size_t i; (i = next.fetch_add(1)) < count;) {
      try {
        work(i);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (i < fault_round) fault = std::current_exception();
        fault_round = std::min(fault_round, i);
      }
    }
  };
  std::vector<std::jthread> helpers;
  for (size_t i = 1; i < std::min(num_threads, count); ++i) helpers.emplace_back(run);
  run();
  helpers.clear();  // joins them
  if (fault) std::rethrow_exception(fault);
}

}  // namespace laconic
