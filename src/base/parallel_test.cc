// SPDX-License-Identifier: Apache-2.0
#include "base/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <vector>

namespace laconic {
namespace {

TEST(ParallelFor, RunsEveryRoundOnce) {
  for (const size_t num_threads : {0, 1, 3, 50}) {
    std::vector<int> calls(20);
    parallel_for(
        calls.size(), [&](size_t i) { ++calls[i]; }, num_threads);
    EXPECT_EQ(calls, std::vector<int>(20, 1));
  }
  parallel_for(0, [](size_t) { FAIL(); });
}

TEST(ParallelFor, RoundsRunAtTheSameTime) {
  std::mutex mutex;
  std::condition_variable changed;
  int waiting = 0;
  parallel_for(
      2,
      [&](size_t) {  // each waits for the other
        std::unique_lock lock(mutex);
        ++waiting;
        changed.notify_all();
        EXPECT_TRUE(changed.wait_for(lock, std::chrono::seconds(20), [&] { return waiting == 2; }));
      },
      2);
}

TEST(ParallelFor, ThrowsTheFirstFaultBehindAllRounds) {
  std::atomic<int> calls = 0;
  try {
    parallel_for(
        30,
        [&](size_t i) {
          ++calls;
          if (i % 10 == 7) throw std::runtime_error(std::to_string(i));
        },
        4);
    ADD_FAILURE() << "nothing was thrown";
  } catch (const std::runtime_error& fault) {
    EXPECT_STREQ(fault.what(), "7");
  }
  EXPECT_EQ(calls, 30);
}

}  // namespace
}  // namespace laconic
