// SPDX-License-Identifier: Apache-2.0
#include "base/nearest.h"

#include <gtest/gtest.h>

namespace laconic {
namespace {

TEST(Nearest, CountsEdits) {
  EXPECT_EQ(edit_distance("", "abc"), 3);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3);
  EXPECT_EQ(edit_distance("same", "same"), 0);
}

TEST(Nearest, FindsTheCloseOneAndNothingFarAway) {
  const std::vector<std::string> names = {"learning-rate", "model", "max-length"};
  EXPECT_EQ(nearest("lerning-rate", names), "learning-rate");
  EXPECT_EQ(nearest("modle", names), "model");
  EXPECT_EQ(nearest("learn", names), "learning-rate");  // a beginning
  EXPECT_EQ(nearest("temperature", names), "");
  EXPECT_EQ(nearest("x", {"y"}), "");  // nothing in common
}

}  // namespace
}  // namespace laconic
