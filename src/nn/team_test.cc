// SPDX-License-Identifier: Apache-2.0
#include "nn/team.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <vector>

namespace laconic {
namespace {

// Each step reads what the other threads wrote in the step before.
TEST(Team, AStepSeesAllOfTheStepBefore) {
  const int before = at::get_num_threads();
  for (const int num_threads : {1, 2, 3, 5}) {
    at::set_num_threads(num_threads);
    Team team;
    EXPECT_FALSE(team.running());
    constexpr int64_t kCount = 37;
    std::vector<int64_t> from(kCount, 1), to(kCount);
    team.run([&] {
      for (int step = 0; step < 200; ++step) {
        const auto neighbours = [&](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i)
            to[i] = (from[i] + from[(i + 18) % kCount] + step) % 1009;
        };
        step % 2 == 0 ? team.share(kCount, neighbours) : team.deal(kCount, neighbours);
        team.share(kCount, [&](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i) from[i] = to[i];
        });
      }
    });
    std::vector<int64_t> want(kCount, 1), next(kCount);
    for (int step = 0; step < 200; ++step) {
      for (int64_t i = 0; i < kCount; ++i)
        next[i] = (want[i] + want[(i + 18) % kCount] + step) % 1009;
      want = next;
    }
    EXPECT_EQ(from, want) << num_threads << " threads";
  }
  at::set_num_threads(before);
}

TEST(Team, InsideAParallelRegionItIsOneThread) {
  at::parallel_for(0, 2, 1, [](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      Team team;
      int64_t sum = 0;
      team.run([&] { team.share(10, [&](int64_t b, int64_t e) { sum += e - b; }); });
      EXPECT_TRUE(at::in_parallel_region());
      EXPECT_EQ(sum, 10);
    }
  });
}

}  // namespace
}  // namespace laconic
