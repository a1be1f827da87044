// SPDX-License-Identifier: Apache-2.0
#include "eval/paired_tests.h"

#include <cmath>

#include "base/philox.h"
#include "eval/statistics_fixture.h"

namespace laconic {
namespace {

class PairedTests : public StatisticsGolden {
 protected:
  PairedTests() : comparison_(compare_samples(samples("long"), samples("now"))) {
    const ProblemMeans before = problem_means(samples("long")),
                       after = problem_means(samples("now"));
    for (size_t g = 0; g < before.ids.size(); ++g)
      tokens_.push_back(after.tokens[g] - before.tokens[g]);
  }
  double nested(const char* name, const char* field) const {
    return golden_.at(name, "").at(field, "").as_number("");
  }
  double nested(const char* name, const char* field, size_t i) const {
    return golden_.at(name, "").at(field, "").as_array("")[i].as_number("");
  }
  Comparison comparison_;
  std::vector<double> tokens_;
};

TEST_F(PairedTests, BootstrapAsSciPyOnTheSameDraws) {
  const Interval accuracy = bootstrap_interval(comparison_.accuracy_differences);
  EXPECT_NEAR(accuracy.low, nested("bootstrap", "accuracy", 0), 1e-9);
  EXPECT_NEAR(accuracy.high, nested("bootstrap", "accuracy", 1), 1e-9);
  const Interval tokens = bootstrap_interval(tokens_);
  EXPECT_NEAR(tokens.low, nested("bootstrap", "tokens", 0), 1e-7);
  EXPECT_NEAR(tokens.high, nested("bootstrap", "tokens", 1), 1e-7);
}

TEST_F(PairedTests, ExactPermutation) {
  const PermutationTest accuracy = permutation_test(comparison_.accuracy_differences);
  EXPECT_EQ(accuracy.method, "exact");
  EXPECT_NEAR(accuracy.p, nested("permutation", "accuracy"), 1e-12);
  std::vector<double> shifted = tokens_;
  for (double& value : shifted) value -= number("tokens_shift");
  EXPECT_NEAR(permutation_test(shifted).p, nested("permutation", "tokens"), 1e-12);
}

TEST_F(PairedTests, McNemar) {
  std::vector<double> signs;
  for (const Json& sign : golden_.at("signs", "").as_array("")) signs.push_back(sign.as_number(""));
  const PermutationTest got = permutation_test(signs);
  EXPECT_EQ(got.method, "binomial");
  EXPECT_NEAR(got.p, number("mcnemar"), 1e-12);
  EXPECT_EQ(permutation_test(std::vector<double>{0.25, -0.25}).p, 1);
  EXPECT_EQ(permutation_test(std::vector<double>{0, 0}).p, 1);
}

// 24 differences of 1 or 2: too many to enumerate; the exact p by another way (all sums, weighted)
// is within three standard errors of the random one.
TEST(PairedTestsRandom, RandomSignsComeNearTheExactP) {
  std::vector<double> differences;
  for (int i = 0; i < 24; ++i) differences.push_back((i % 2 + 1) * (i % 3 == 0 ? -1.0 : 1.0));
  std::vector<double> ways(145, 0);  // by sum + 72
  ways[72] = 1;
  double observed = 0;
  for (const double difference : differences) {
    const int size = std::abs(static_cast<int>(difference));
    std::vector<double> next(ways.size(), 0);
    for (size_t i = 0; i < ways.size(); ++i) {
      if (ways[i] == 0) continue;
      next[i + static_cast<size_t>(size)] += ways[i] / 2;
      next[i - static_cast<size_t>(size)] += ways[i] / 2;
    }
    ways = next;
    observed += difference;
  }
  double exact = 0;
  for (size_t i = 0; i < ways.size(); ++i)
    if (std::abs(static_cast<double>(i) - 72) >= observed) exact += ways[i];
  const PermutationTest got = permutation_test(differences);
  EXPECT_EQ(got.method, "random signs");
  EXPECT_NEAR(got.p, exact, 3 * std::sqrt(exact * (1 - exact) / 10000));
  EXPECT_EQ(got.p, permutation_test(differences).p);
  EXPECT_NE(got.p, permutation_test(differences, {.seed = 1}).p);
  EXPECT_NE(bootstrap_interval(differences).low,
            bootstrap_interval(differences, {.seed = 1, .num_draws = 99}).low);
}

TEST_F(PairedTests, NonInferiority) {
  EXPECT_NEAR(non_inferiority_p(comparison_.accuracy, 0.05), number("non_inferiority_p"), 1e-10);
  EXPECT_EQ(judge_margin({-0.01, 0.03}, 0.02), MarginVerdict::kNotInferior);
  EXPECT_EQ(judge_margin({-0.03, 0.03}, 0.02), MarginVerdict::kUndecided);
  EXPECT_EQ(judge_margin({-0.09, -0.03}, 0.02), MarginVerdict::kInferior);
  const PairedDifference one = {0, INFINITY, {-INFINITY, INFINITY}, 1};
  EXPECT_EQ(non_inferiority_p(one, 0.5), 1);
}

TEST_F(PairedTests, ProblemsNeeded) {
  for (const auto& row : rows("needed"))
    EXPECT_EQ(problems_needed(row[0], row[1], 0, row[2]), static_cast<int64_t>(row[3]));
  EXPECT_EQ(problems_needed(0.3, 0.05, -0.05), std::nullopt);
  EXPECT_EQ(problems_needed(0, 0.05), 2);
  EXPECT_LT(*problems_needed(0.3, 0.05, 0.02), *problems_needed(0.3, 0.05));
}

}  // namespace
}  // namespace laconic
