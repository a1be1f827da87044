// SPDX-License-Identifier: Apache-2.0
#include "nn/team.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>
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
        const auto neighbours = [&](Pieces& pieces) {
          for (Range piece; pieces.next(piece);)
            for (int64_t i = piece.begin; i < piece.end; ++i)
              to[i] = (from[i] + from[(i + 18) % kCount] + step) % 1009;
        };
        if (step % 3 == 0) team.share(kCount, neighbours);
        if (step % 3 == 1) team.claim(kCount, kCount, neighbours);
        if (step % 3 == 2) team.claim(kCount, 1, neighbours);
        team.share(kCount, [&](Pieces& pieces) {
          for (Range piece; pieces.next(piece);)
            std::copy_n(to.begin() + piece.begin, piece.size(), from.begin() + piece.begin);
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

std::vector<int64_t> sizes_of(Pieces pieces) {
  std::vector<int64_t> sizes;
  for (Range piece; pieces.next(piece);) sizes.push_back(piece.size());
  return sizes;
}

TEST(Pieces, EachIsHalfAShareOfWhatIsLeft) {
  std::atomic<int64_t> claimed = 0;
  EXPECT_EQ(sizes_of({claimed, 20, 2, 20}),
            (std::vector<int64_t>{5, 3, 3, 2, 1, 1, 1, 1, 1, 1, 1}));
  EXPECT_EQ(claimed, 20);
  EXPECT_TRUE(sizes_of({claimed, 20, 2, 20}).empty());
  claimed = 0;
  EXPECT_EQ(sizes_of({claimed, 9, 1, 3}), (std::vector<int64_t>{3, 3, 1, 1, 1}));
  EXPECT_EQ(sizes_of(Pieces(Range{3, 7})), std::vector<int64_t>{4});
  EXPECT_TRUE(sizes_of(Pieces(Range{3, 3})).empty());
}

// A thread that holds one piece until all others are done: with fixed parts it would wait for ever.
TEST(Team, OthersDoWhatASlowThreadDoesNot) {
  const int before = at::get_num_threads();
  at::set_num_threads(2);
  Team team;
  constexpr int64_t kCount = 50;
  std::atomic<int64_t> done = 0;
  std::atomic<bool> first = true;
  bool waited_in_vain = false;
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  team.run([&] {
    team.claim(kCount, 5, [&](Pieces& pieces) {
      for (Range piece; pieces.next(piece); done += piece.size()) {
        if (!first.exchange(false)) continue;
        while (done + piece.size() < kCount && !waited_in_vain) {
          waited_in_vain = std::chrono::steady_clock::now() > give_up;
          std::this_thread::yield();
        }
      }
    });
  });
  EXPECT_FALSE(waited_in_vain);
  EXPECT_EQ(done, kCount);
  at::set_num_threads(before);
}

TEST(Team, InsideAParallelRegionItIsOneThread) {
  at::parallel_for(0, 2, 1, [](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      Team team;
      int64_t sum = 0;
      const auto add = [&](Pieces& pieces) {
        for (Range piece; pieces.next(piece);) sum += piece.size();
      };
      team.run([&] {
        for (int step = 0; step < 3; ++step) {
          team.share(10, add);
          team.claim(10, 10, add);
        }
      });
      EXPECT_TRUE(at::in_parallel_region());
      EXPECT_EQ(sum, 60);
    }
  });
}

}  // namespace
}  // namespace laconic
