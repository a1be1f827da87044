// SPDX-License-Identifier: Apache-2.0
#include "text/unicode_age.h"

#include <gtest/gtest.h>
#include <utf8proc.h>

#include "text/utf8.h"

namespace laconic {
namespace {

TEST(UnicodeAge, AStandInHasTheCategoryAndTheLengthOfWhatItStandsFor) {
  int num_replaced = 0, num_known = 0;
  for (char32_t c = 0; c < 0x110000; ++c) {
    const char32_t instead = stand_in(c);
    if (instead == c) continue;
    ++num_replaced;
    std::string one, other;
    append_utf8(c, one);
    append_utf8(instead, other);
    ASSERT_EQ(one.size(), other.size()) << static_cast<uint32_t>(c);
    ASSERT_EQ(stand_in(instead), instead) << static_cast<uint32_t>(c);
    const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
    if (category == UTF8PROC_CATEGORY_CN) continue;  // younger than this utf8proc
    ++num_known;
    ASSERT_EQ(category, utf8proc_category(static_cast<utf8proc_int32_t>(instead)))
        << static_cast<uint32_t>(c);
  }
  // Unicode 15, 15.1 and 16 added 4,489 + 627 + 5,185 characters.
  EXPECT_EQ(num_replaced, 4489 + 627 + 5185);
  EXPECT_GE(num_known, 4489);
}

TEST(UnicodeAge, ReplacesInPlace) {
  std::string out;
  EXPECT_FALSE(replace_by_stand_ins("plain \u00e9 \u4f60 \U0001F642", out));
  EXPECT_TRUE(replace_by_stand_ins("a\U00031350b\u4f60\U0001E4F0", out));
  EXPECT_EQ(out, "a\U00020000b\u4f60\U0001D7CE");
}

}  // namespace
}  // namespace laconic
