// SPDX-License-Identifier: Apache-2.0
#include "base/progress.h"

#include <gtest/gtest.h>

namespace laconic {
namespace {

TEST(Progress, SaysRateAndTimeLeft) {
  const ProgressState state = {"train", "steps", "loss 1.2", 10, 5, 2.0};
  EXPECT_EQ(progress_text(state, false), "train: 5/10 steps, 2.5 steps/s, 0:02 left, loss 1.2");
  EXPECT_EQ(progress_text(state, true), "train: 5/10 steps, 2.5 steps/s, 0:02 taken, loss 1.2");
}

TEST(Progress, ResumedWorkIsNotCountedIntoTheRate) {
  const ProgressState state = {"train", "steps", "", 1000, 904, 2.0, 900};
  EXPECT_EQ(progress_text(state, false), "train: 904/1000 steps, 2.0 steps/s, 0:48 left");
}

TEST(Progress, UnknownTotalAndNothingDone) {
  EXPECT_EQ(progress_text({"read", "rows", "", 0, 300, 2.0}, false),
            "read: 300 rows, 150 rows/s, 0:02 taken");
  EXPECT_EQ(progress_text({"read", "rows", "", 7, 0, 2.0}, false), "read: 0/7 rows, 0.0 rows/s");
}

TEST(Progress, Durations) {
  EXPECT_EQ(duration_text(65.4), "1:05");
  EXPECT_EQ(duration_text(7384), "2:03:04");
  EXPECT_EQ(duration_text(-1), "0:00");
}

TEST(Progress, BarHasItsWidth) {
  EXPECT_EQ(progress_bar(5, 10, 12), "[#####.....]");
  EXPECT_EQ(progress_bar(20, 10, 12), "[##########]");
  EXPECT_EQ(progress_bar(5, 0, 12), "");
}

}  // namespace
}  // namespace laconic
