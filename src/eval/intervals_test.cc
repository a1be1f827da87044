// SPDX-License-Identifier: Apache-2.0
#include "eval/intervals.h"

#include <map>

#include "base/philox.h"
#include "eval/distributions.h"
#include "eval/statistics_fixture.h"

namespace laconic {
namespace {

TEST_F(StatisticsGolden, Distributions) {
  for (const auto& row : rows("beta")) {
    EXPECT_NEAR(regularised_beta(row[1], row[2], row[0]), row[3], 1e-12);
    EXPECT_NEAR(beta_quantile(row[3], row[1], row[2]), row[0], 1e-12);
  }
  for (const auto& row : rows("normal")) {
    EXPECT_NEAR(normal_quantile(row[0]), row[1], 1e-9);
    EXPECT_NEAR(normal_cdf(row[1]), row[0], 1e-12);
  }
  for (const auto& row : rows("noncentral_t"))
    EXPECT_NEAR(noncentral_t_upper(row[0], row[1], row[2]), row[3], 1e-8) << row[1];
}

TEST_F(StatisticsGolden, ClopperPearson) {
  for (const auto& row : rows("clopper_pearson")) {
    const Interval got = clopper_pearson(row[0], row[1]);
    EXPECT_NEAR(got.low, row[2], 1e-10);
    EXPECT_NEAR(got.high, row[3], 1e-10);
    std::vector<Cluster> problems;
    for (double i = 0; i < row[1]; ++i) problems.push_back({i < row[0] ? 1.0 : 0.0, 1});
    EXPECT_NEAR(share_interval(problems).low, row[2], 1e-10);
  }
}

TEST_F(StatisticsGolden, ClusteredShareAndQuantiles) {
  std::map<std::string, Cluster> right;
  std::map<std::string, std::vector<double>> tokens;
  for (const SampleRecord& one : samples("now")) {
    right[one.id].sum += one.right();
    ++right[one.id].count;
    tokens[one.id].push_back(static_cast<double>(one.num_tokens));
  }
  std::vector<Cluster> clusters;
  std::vector<std::vector<double>> problems;
  for (const auto& [id, cluster] : right) clusters.push_back(cluster);
  for (const auto& [id, values] : tokens) problems.push_back(values);
  EXPECT_NEAR(share_interval(clusters).low, number("korn_graubard", 0), 1e-9);
  EXPECT_NEAR(share_interval(clusters).high, number("korn_graubard", 1), 1e-9);
  const LengthStatistics got = length_statistics(problems);
  EXPECT_NEAR(got.median.interval.low, rows("woodruff")[0][0], 1e-7);
  EXPECT_NEAR(got.median.interval.high, rows("woodruff")[0][1], 1e-7);
  EXPECT_NEAR(got.p90.interval.low, rows("woodruff")[1][0], 1e-7);
  EXPECT_NEAR(got.p90.interval.high, rows("woodruff")[1][1], 1e-7);
  EXPECT_NEAR(got.mean.mean, number("tokens", 0), 1e-10);
}

// All right in 10 problems of 4 samples: 10 problems' worth of evidence, not 40.
TEST(Intervals, AtTheEndsAProblemCountsOnce) {
  const std::vector<Cluster> all(10, Cluster{4, 4}), none(10, Cluster{0, 4});
  EXPECT_NEAR(share_interval(all).low, clopper_pearson(10, 10).low, 1e-12);
  EXPECT_EQ(share_interval(all).high, 1);
  EXPECT_NEAR(share_interval(none).high, clopper_pearson(0, 10).high, 1e-12);
}

TEST(Intervals, NothingKnownIsTheWholeRange) {
  const std::vector<Cluster> one = {{2, 4}};
  EXPECT_EQ(share_interval(one).low, 0);
  EXPECT_EQ(share_interval(one).high, 1);
  EXPECT_EQ(share_interval({}).high, 1);
  EXPECT_EQ(length_statistics({}).mean.num_samples, 0);
}

// 30 problems, 4 samples each, problems of very different difficulty: both intervals hold what they
// promise.
TEST(Intervals, Cover) {
  int shares = 0, medians = 0;
  const int kRuns = 1000;
  for (int run = 0; run < kRuns; ++run) {
    PhiloxStream random(5, static_cast<uint64_t>(run));
    std::vector<Cluster> clusters;
    std::vector<std::vector<double>> lengths;
    for (int g = 0; g < 30; ++g) {
      const double level = random.uniform();  // accuracy; its mean is 0.5
      Cluster& cluster = clusters.emplace_back();
      std::vector<double>& values = lengths.emplace_back();
      for (int i = 0; i < 4; ++i) {
        cluster.sum += random.uniform() < level;
        ++cluster.count;
        values.push_back(level + random.uniform());  // triangular around 1
      }
    }
    const Interval share = share_interval(clusters);
    const Interval median = clustered_quantile(lengths, 0.5).interval;
    shares += share.low <= 0.5 && 0.5 <= share.high;
    medians += median.low <= 1 && 1 <= median.high;
  }
  EXPECT_GT(shares, 0.93 * kRuns);
  EXPECT_LT(shares, 0.98 * kRuns);
  EXPECT_GT(medians, 0.92 * kRuns);
  EXPECT_LT(medians, 0.98 * kRuns);
}

}  // namespace
}  // namespace laconic
