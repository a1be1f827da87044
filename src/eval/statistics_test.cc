// SPDX-License-Identifier: Apache-2.0
#include "eval/statistics.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "base/philox.h"
#include "eval/statistics_fixture.h"

namespace laconic {
namespace {

// Two problems with two samples each: right 2/2 and 0/2. Means 1 and 0, sd of means sqrt(1/2), s.e.
// 0.5.
TEST(Statistics, ClusteredErrorByHand) {
  const std::vector<SampleRecord> rows = {record("a", true, 10), record("a", true, 10),
                                          record("b", false, 30), record("b", false, 30)};
  const Measurement got = measure(rows);
  EXPECT_DOUBLE_EQ(got.accuracy, 0.5);
  EXPECT_DOUBLE_EQ(got.accuracy_se, 0.5);
  EXPECT_DOUBLE_EQ(got.tokens, 20);
  EXPECT_DOUBLE_EQ(got.tokens_se, 10);
}

// The same answers as four problems: s.e. sqrt(1/3 / 4).
TEST(Statistics, ClusteringMatters) {
  const std::vector<SampleRecord> rows = {record("a", true, 10), record("b", true, 10),
                                          record("c", false, 30), record("d", false, 30)};
  EXPECT_NEAR(measure(rows).accuracy_se, 0.28867513459481287, 1e-15);
}

TEST(Statistics, OneProblemHasAnUnknownError) {
  const std::vector<SampleRecord> rows = {record("a", true, 10), record("a", false, 10)};
  EXPECT_TRUE(std::isinf(measure(rows).accuracy_se));
  EXPECT_TRUE(std::isinf(compare_samples(rows, rows).accuracy.interval.high));
  EXPECT_FALSE(compare_samples(rows, rows).within_margin(0.5));
}

TEST(Statistics, OtherProblemsCannotBePaired) {
  const std::vector<SampleRecord> a = {record("a", true, 1), record("b", true, 1)};
  const std::vector<SampleRecord> b = {record("a", true, 1), record("c", true, 1)};
  EXPECT_THROW(compare_samples(a, b), Error);
  EXPECT_THROW(measure(std::vector<SampleRecord>{}), Error);
}

TEST(Statistics, ASetAgainstItselfDoesNotDiffer) {
  const std::vector<SampleRecord> a = {record("a", true, 5), record("b", false, 9),
                                       record("c", true, 7)};
  const Comparison got = compare_samples(a, a);
  EXPECT_EQ(got.accuracy.mean, 0);
  EXPECT_EQ(got.accuracy.se, 0);
  EXPECT_DOUBLE_EQ(got.token_ratio.ratio, 1);
  EXPECT_NEAR(got.token_ratio.interval.low, 1, 1e-12);
}

TEST_F(StatisticsGolden, Measurement) {
  const Measurement got = measure(samples("now"));
  EXPECT_NEAR(got.accuracy, number("accuracy", 0), 1e-12);
  EXPECT_NEAR(got.accuracy_se, number("accuracy", 1), 1e-12);
  EXPECT_NEAR(got.tokens, number("tokens", 0), 1e-10);
  EXPECT_NEAR(got.tokens_se, number("tokens", 1), 1e-10);
}

TEST_F(StatisticsGolden, Quantiles) {
  std::vector<double> tokens;
  for (const SampleRecord& one : samples("now"))
    tokens.push_back(static_cast<double>(one.num_tokens));
  EXPECT_NEAR(quantile(tokens, 0.5), golden_.at("median", "").as_number(""), 1e-10);
  EXPECT_NEAR(quantile(tokens, 0.9), golden_.at("p90", "").as_number(""), 1e-10);
}

TEST_F(StatisticsGolden, PairedComparison) {
  const Comparison got = compare_samples(samples("long"), samples("now"));
  expect_difference(got.accuracy, "accuracy_difference");
  expect_difference(got.tokens, "tokens_difference");
  EXPECT_NEAR(got.token_ratio.ratio, number("token_ratio", 0), 1e-12);
  EXPECT_NEAR(got.token_ratio.interval.low, number("token_ratio", 1), 1e-10);
  EXPECT_NEAR(got.token_ratio.interval.high, number("token_ratio", 2), 1e-10);
}

TEST_F(StatisticsGolden, StudentT) {
  for (const Json& pair : golden_.at("student_t_975", "").as_array(""))
    EXPECT_NEAR(student_t_975(pair.as_array("")[0].as_number("")),
                pair.as_array("")[1].as_number(""), 1e-8);
}

// 95 % intervals of simulated paired differences cover the truth about 95 % of the time (clustered
// samples, 20 problems).
TEST(Statistics, IntervalsCover) {
  int covered = 0;
  const int kRuns = 2000;
  for (int run = 0; run < kRuns; ++run) {
    PhiloxStream random(11, static_cast<uint64_t>(run));
    std::vector<SampleRecord> first, second;
    for (int g = 0; g < 20; ++g) {
      const double difficulty = random.uniform() * 0.6;
      for (int i = 0; i < 4; ++i) {
        first.push_back(record(std::to_string(g), random.uniform() < difficulty + 0.3, 10));
        second.push_back(record(std::to_string(g), random.uniform() < difficulty + 0.2, 10));
      }
    }
    const Interval interval = compare_samples(first, second).accuracy.interval;
    covered += interval.low <= -0.1 && -0.1 <= interval.high;
  }
  EXPECT_GT(covered, 0.93 * kRuns);
  EXPECT_LT(covered, 0.97 * kRuns);
}

}  // namespace
}  // namespace laconic
