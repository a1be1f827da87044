// SPDX-License-Identifier: Apache-2.0
#include "base/profile.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace laconic {
namespace {

void spin_ms(int ms) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(ms);
  while (std::chrono::steady_clock::now() < end) {
  }
}

TEST(Profile, AScopeCountsItsOwnTimeOnlyAndThreadsAddUp) {
  set_profiling(true);
  const auto work = [] {
    const ProfileScope outer("outer");
    const ProfileScope inner("inner");
    spin_ms(30);
  };
  std::thread other(work);
  work();
  other.join();
  set_profiling(false);
  const std::string table = profile_table();
  // The inner scope is first: the outer one spent no time outside it.
  EXPECT_LT(table.find("inner"), table.find("outer")) << table;
  EXPECT_NE(table.find("2  inner"), std::string::npos) << table;
}

TEST(Profile, NothingIsCountedWhileItIsOffAndTurningItOnStartsAnew) {
  set_profiling(true);
  { const ProfileScope scope("before"); }
  set_profiling(true);
  set_profiling(false);
  { const ProfileScope scope("while off"); }
  EXPECT_EQ(profile_table(), "");
}

}  // namespace
}  // namespace laconic
