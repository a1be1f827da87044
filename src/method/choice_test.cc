// SPDX-License-Identifier: Apache-2.0
#include "method/choice.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/error.h"

namespace laconic {
namespace {

CheckpointCandidate candidate(int64_t step, double accuracy, double tokens, double low) {
  return {step, {accuracy, 0.01, tokens, 5}, low};
}

const Measurement kLong = {0.80, 0.01, 1000, 10};

TEST(Choice, FewestTokensOfThoseWithinTheMargin) {
  const std::vector<CheckpointCandidate> candidates = {candidate(32, 0.80, 900, -0.02),
                                                       candidate(64, 0.79, 500, -0.04),
                                                       candidate(96, 0.76, 300, -0.07)};
  const Choice choice = choose_checkpoint(candidates, kLong, {});
  EXPECT_EQ(choice.index, 1u);
  EXPECT_TRUE(choice.qualified);
  ASSERT_EQ(choice.rejected.size(), 2u);
  EXPECT_EQ(choice.rejected[0].step, 32);
  EXPECT_EQ(choice.rejected[0].reason,
            "accurate enough, but 900.0 mean tokens are not fewer than 500.0");
  EXPECT_EQ(choice.rejected[1].reason,
            "accuracy may be 0.070 lower than the long model's, more than the margin of 0.05");
  EXPECT_EQ(choice.explanation,
            "step 64 (accuracy 0.790, 500.0 mean tokens) has the fewest mean tokens of the 2 "
            "accurate enough among 3");
}

TEST(Choice, ThePapersRule) {
  // 0.7 * 0.80 = 0.56, to be exceeded.
  const std::vector<CheckpointCandidate> candidates = {
      candidate(32, 0.57, 900, -1), candidate(64, 0.55, 500, 0), candidate(96, 0.60, 700, -1)};
  const Choice choice = choose_checkpoint(
      candidates, kLong, {.rule = ChoiceRule::kPaper, .margin = 0, .accuracy_share = 0.7});
  EXPECT_EQ(choice.index, 2u);
}

TEST(Choice, TiesGoToTheMoreAccurateThenTheEarlier) {
  EXPECT_EQ(
      choose_checkpoint({candidate(32, 0.7, 500, 0), candidate(64, 0.8, 500, 0)}, kLong, {}).index,
      1u);
  EXPECT_EQ(
      choose_checkpoint({candidate(64, 0.8, 500, 0), candidate(32, 0.8, 500, 0)}, kLong, {}).index,
      1u);
}

TEST(Choice, NoneQualifies) {
  const std::vector<CheckpointCandidate> candidates = {candidate(32, 0.6, 300, -0.3),
                                                       candidate(64, 0.7, 500, -0.2)};
  const Choice choice = choose_checkpoint(candidates, kLong, {});
  EXPECT_EQ(choice.index, 1u);
  EXPECT_FALSE(choice.qualified);
  EXPECT_NE(choice.explanation.find("none is accurate enough"), std::string::npos);
  EXPECT_EQ(choice.rejected.size(), 1u);
}

TEST(Choice, AnUnknownIntervalDoesNotQualify) {
  for (const double low :
       {-std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()})
    EXPECT_FALSE(choose_checkpoint({candidate(32, 0.9, 300, low)}, kLong, {}).qualified);
}

TEST(Choice, RuleNames) {
  EXPECT_EQ(parse_choice_rule("paper"), ChoiceRule::kPaper);
  EXPECT_THROW(parse_choice_rule("best"), Error);
}

}  // namespace
}  // namespace laconic
