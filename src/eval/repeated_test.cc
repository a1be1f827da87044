// SPDX-License-Identifier: Apache-2.0
#include "eval/repeated.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/format.h"
#include "eval/budget.h"
#include "eval/statistics_fixture.h"

namespace laconic {
namespace {

TEST_F(StatisticsGolden, PassAtKIsTheMeanOverAllSubsets) {
  for (const auto& row : rows("pass_at_k")) {
    const auto got = pass_at_k(samples("long"), static_cast<int64_t>(row[0]));
    ASSERT_TRUE(got);
    EXPECT_NEAR(got->mean, row[1], 1e-12);
    EXPECT_NEAR(got->se, row[2], 1e-12);
  }
  EXPECT_EQ(pass_at_k(samples("long"), 5), std::nullopt);
  EXPECT_EQ(samples_per_problem(samples("long")), 4);
}

TEST_F(StatisticsGolden, BudgetCurve) {
  std::vector<int64_t> budgets;
  for (const auto& row : rows("budget")) budgets.push_back(static_cast<int64_t>(row[0]));
  const std::vector<BudgetPoint> got = budget_curve(samples("now"), budgets);
  for (size_t i = 0; i < got.size(); ++i) {
    EXPECT_NEAR(got[i].accuracy.mean, rows("budget")[i][1], 1e-12);
    EXPECT_NEAR(got[i].accuracy.se, rows("budget")[i][2], 1e-12);
    EXPECT_NEAR(got[i].tokens, rows("budget")[i][3], 1e-9);
  }
}

TEST(Budget, GridReachesTheLongestReply) {
  std::vector<SampleRecord> replies;
  for (int i = 0; i < 500; ++i) replies.push_back(record("p", true, i * i));
  const std::vector<int64_t> grid = budget_grid(1, longest_reply(replies), 20);
  EXPECT_EQ(grid.front(), 1);
  EXPECT_EQ(grid.back(), 499 * 499);
  EXPECT_LE(grid.size(), 20u);
  EXPECT_EQ(budget_curve(replies, grid).back().accuracy.mean, 1);
}

SampleRecord vote(int64_t sample, bool right, const std::string& answer) {
  SampleRecord out = record("p", right, 1);
  out.sample_idx = sample;
  out.extracted = answer;
  return out;
}

// Written answers that are equal as numbers vote together; none has no vote.
TEST(Majority, EqualAnswersVoteTogether) {
  const std::vector<SampleRecord> replies = {vote(0, false, "0.5"), vote(1, false, "\\frac12"),
                                             vote(2, true, "3"), vote(3, false, "")};
  EXPECT_EQ(majority_at_k(replies, 4)->mean, 0);
  const std::vector<SampleRecord> right = {vote(0, false, "0.5"), vote(1, true, "3"),
                                           vote(2, true, "3.0"), vote(3, false, "7")};
  EXPECT_EQ(majority_at_k(right, 4)->mean, 1);
}

TEST(Majority, TiesAreAFairDraw) {
  const std::vector<SampleRecord> replies = {vote(0, true, "3"), vote(1, false, "4"),
                                             vote(2, false, "5"), vote(3, false, "4")};
  EXPECT_EQ(majority_at_k(replies, 1)->mean, 1);
  EXPECT_EQ(majority_at_k(replies, 2)->mean, 0.5);
  EXPECT_NEAR(majority_at_k(replies, 3)->mean, 1.0 / 3, 1e-15);
  EXPECT_EQ(majority_at_k(replies, 4)->mean, 0);
  EXPECT_EQ(majority_at_k(std::vector<SampleRecord>{vote(0, false, "")}, 1)->mean, 0);
}

// 60 % equals 60 and 0.6, which are not equal: who comes first must not matter.
TEST(Majority, OrderOfVotesDoesNotMatter) {
  std::vector<std::string> answers = {"60\\%", "60", "0.6", "7", "7"};
  std::sort(answers.begin(), answers.end());
  do {
    std::vector<SampleRecord> replies;
    for (size_t i = 0; i < answers.size(); ++i)
      replies.push_back(vote(static_cast<int64_t>(i), answers[i] == "7", answers[i]));
    EXPECT_EQ(majority_at_k(replies, 5)->mean, 0) << joined(answers);
  } while (std::next_permutation(answers.begin(), answers.end()));
  // A tie: 60 with 60 % has three votes, and so has the right answer.
  answers = {"60\\%", "60", "60", "7", "7", "7"};
  std::sort(answers.begin(), answers.end());
  do {
    std::vector<SampleRecord> replies;
    for (size_t i = 0; i < answers.size(); ++i)
      replies.push_back(vote(static_cast<int64_t>(i), answers[i] == "7", answers[i]));
    EXPECT_EQ(majority_at_k(replies, 6)->mean, 0.5) << joined(answers);
  } while (std::next_permutation(answers.begin(), answers.end()));
}

// The first k by sample number, whatever the order of rows.
TEST(Majority, OrderOfRowsDoesNotMatter) {
  const std::vector<SampleRecord> replies = {vote(2, false, "4"), vote(1, false, "4"),
                                             vote(0, true, "3")};
  EXPECT_EQ(majority_at_k(replies, 1)->mean, 1);
  EXPECT_THROW(average_at_k({}), Error);
}

}  // namespace
}  // namespace laconic
