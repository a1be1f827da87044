// SPDX-License-Identifier: Apache-2.0
#include "base/signals.h"

#include <gtest/gtest.h>

#include <csignal>

namespace laconic {
namespace {

// In a child, because the flag stays set and the second signal kills.
TEST(SignalsDeathTest, FirstSetsTheFlagSecondEndsTheProcess) {
  EXPECT_EXIT(
      {
        install_signal_handlers();
        if (stop_requested()) std::_Exit(1);
        std::raise(SIGTERM);
        std::_Exit(stop_requested() ? kExitSavedOnSignal : 2);
      },
      testing::ExitedWithCode(75), "");
  EXPECT_EXIT(
      {
        install_signal_handlers();
        std::raise(SIGINT);
        std::raise(SIGTERM);  // another kind: still only the flag
        std::raise(SIGINT);
        std::_Exit(0);
      },
      testing::KilledBySignal(SIGINT), "");
}

}  // namespace
}  // namespace laconic
