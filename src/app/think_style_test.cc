// SPDX-License-Identifier: Apache-2.0
#include "app/think_style.h"

#include <gtest/gtest.h>

namespace laconic {
namespace {

// "answer[thinking]answer" of a reply that comes in pieces of `size` bytes.
std::string styled(std::string_view reply, size_t size, bool starts_thinking) {
  ThinkStyle style(starts_thinking);
  std::string out;
  bool thinking = false;
  const auto add = [&](const std::vector<StyledText>& parts) {
    for (const StyledText& part : parts) {
      if (part.is_thinking != thinking) out += part.is_thinking ? "[" : "]";
      thinking = part.is_thinking;
      out += part.text;
    }
  };
  for (size_t i = 0; i < reply.size(); i += size) add(style.push(reply.substr(i, size)));
  add(style.finish());
  return out + (thinking ? "]" : "");
}

TEST(ThinkStyle, PiecesOfAnySizeAreStyledAlike) {
  for (size_t size = 1; size < 12; ++size) {
    EXPECT_EQ(styled("<think>\na<b\n</think>\n4", size, false), "[<think>\na<b\n</think>]\n4");
    EXPECT_EQ(styled("a < b, <thin air", size, false), "a < b, <thin air");
    EXPECT_EQ(styled("hm</think>4", size, true), "[hm</think>]4");
    EXPECT_EQ(styled("x<think>y", size, false), "x[<think>y]");
    EXPECT_EQ(styled("", size, true), "");
  }
}

TEST(ThinkStyle, OnlyWhatCouldBeATagWaits) {
  ThinkStyle style(false);
  EXPECT_EQ(style.push("ab<th"), (std::vector<StyledText>{{"ab", false}}));
  EXPECT_EQ(style.push("e"), (std::vector<StyledText>{{"<the", false}}));
}

}  // namespace
}  // namespace laconic
