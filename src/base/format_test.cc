// SPDX-License-Identifier: Apache-2.0
#include "base/format.h"

#include <gtest/gtest.h>

#include <vector>

namespace laconic {
namespace {

TEST(Format, Pieces) {
  EXPECT_EQ(fixed(2.0 / 3, 2), "0.67");
  EXPECT_EQ(fixed(-0.04, 1), "-0.0");
  EXPECT_EQ(fixed(1e300, 0).substr(0, 3), "100");
  EXPECT_EQ(joined({}), "");
  EXPECT_EQ(joined(std::vector<std::string>{"", "a", "b"}), ", a, b");
  EXPECT_EQ(joined(std::vector<std::string>{"a", "b"}, " "), "a b");
  EXPECT_EQ(shape_text({}), "[]");
  EXPECT_EQ(shape_text(std::vector<int64_t>{2, 30}), "[2, 30]");
  EXPECT_TRUE(is_digit('0') && is_digit('9') && !is_digit('/') && !is_digit('\xb2'));
  EXPECT_TRUE(is_letter('a') && is_letter('Z') && !is_letter('@') && !is_letter('\xe4'));
}

}  // namespace
}  // namespace laconic
