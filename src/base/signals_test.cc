// SPDX-License-Identifier: Apache-2.0
#include "base/signals.h"

#include <gtest/gtest.h>
#include <unistd.h>

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

// In a child, because the handler stays.
TEST(SignalsDeathTest, AnInterruptBeforeTheWaitIsNotLost) {
  EXPECT_EXIT(
      {
        int input[2];
        if (pipe(input) != 0) std::_Exit(1);
        install_interrupt_handler();
        std::raise(SIGINT);
        if (!interrupted_before_input(input[0])) std::_Exit(2);  // without a byte to read
        if (!take_interrupt() || take_interrupt()) std::_Exit(3);
        if (write(input[1], "x", 1) != 1) std::_Exit(4);
        std::_Exit(interrupted_before_input(input[0]) ? 5 : 0);
      },
      testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace laconic
