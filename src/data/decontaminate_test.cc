// SPDX-License-Identifier: Apache-2.0
#include "data/decontaminate.h"

#include <gtest/gtest.h>

namespace laconic {
namespace {

TEST(Decontaminate, ARunOfWordsIsFoundThroughCaseSpacingAndSigns) {
  NgramIndex index(4);
  index.add("Let $x$ and $y$ be positive integers.", "bench:1");
  const NgramIndex::Match match = index.find("Now let X, and Y  be\npositive numbers");
  ASSERT_TRUE(match);
  EXPECT_EQ(*match.place, "bench:1");
  EXPECT_EQ(match.words, "let x and y");
  EXPECT_FALSE(index.find("let x or y be positive"));  // three in a row at most
}

TEST(Decontaminate, TheNumberOfWordsDecides) {
  for (const int64_t n : {3, 5}) {
    NgramIndex index(n);
    index.add("one two three four five six", "b");
    EXPECT_EQ(static_cast<bool>(index.find("zero two three four nine")), n == 3) << n;
  }
}

TEST(Decontaminate, AShortTextIsFoundOnlyWhole) {
  NgramIndex index(13);
  index.add("What is 2 + 3?", "b:7");
  EXPECT_TRUE(index.find("what is 2+3"));
  EXPECT_FALSE(index.find("what is 2+3 in base 7"));
  EXPECT_FALSE(index.find("what is 23"));
  EXPECT_FALSE(index.find(""));
  EXPECT_FALSE(NgramIndex(13).find("anything"));
}

TEST(Decontaminate, OtherAlphabetsAreWordsToo) {
  NgramIndex index(2);
  index.add("\xE6\xB1\x82 \xE5\x80\xBC 7", "b");
  EXPECT_TRUE(index.find("x \xE5\x80\xBC, 7"));
  EXPECT_FALSE(index.find("\xE5\x80\xBC 8"));
}

}  // namespace
}  // namespace laconic
