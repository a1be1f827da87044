// SPDX-License-Identifier: Apache-2.0
#include "method/mixture.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "base/philox.h"
#include "eval/statistics_fixture.h"

namespace laconic {
namespace {

Measurement measured(double accuracy, double tokens) { return {accuracy, 0, tokens, 0}; }

// Dev bounds of the paper's 7B run: R1-distill 0.756 @ 7380 tokens, Qwen2.5-Instruct 0.289 @ 1121.
const Bounds kPaperBounds = {measured(0.756, 7380), measured(0.289, 1121)};

TEST(Mixture, GainsAtTheBounds) {
  const Gains at_long = raw_gains(kPaperBounds, kPaperBounds.long_model);
  EXPECT_DOUBLE_EQ(at_long.short_gain, 1);
  EXPECT_DOUBLE_EQ(at_long.long_gain, 0);
  const Gains at_short = raw_gains(kPaperBounds, kPaperBounds.short_model);
  EXPECT_DOUBLE_EQ(at_short.short_gain, 0);
  EXPECT_DOUBLE_EQ(at_short.long_gain, 1);
}

TEST(Mixture, GainsByHand) {
  // (3000 - 1121) / 6259 and (0.756 - 0.70) / 0.467.
  const Gains gains = raw_gains(kPaperBounds, measured(0.70, 3000));
  EXPECT_NEAR(gains.short_gain, 0.300207700910689, 1e-12);
  EXPECT_NEAR(gains.long_gain, 0.119914346895075, 1e-12);
}

TEST(Mixture, GainsAreNotNegative) {
  const Gains gains = raw_gains(kPaperBounds, measured(0.80, 900));
  EXPECT_EQ(gains.short_gain, 0);
  EXPECT_EQ(gains.long_gain, 0);
}

TEST(Mixture, ShrinkingSubtractsOneErrorAndStopsAtZero) {
  const Gains used = shrunk_gains({0.5, 0.1}, {0.2, 0.3});
  EXPECT_DOUBLE_EQ(used.short_gain, 0.3);
  EXPECT_EQ(used.long_gain, 0);
}

TEST(Mixture, UnknownErrorLeavesNoGain) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  const Gains used = shrunk_gains({0.5, 0.1}, {kInfinity, kNan});
  EXPECT_EQ(used.short_gain, 0);
  EXPECT_EQ(used.long_gain, 0);
}

// methods-compression 13: alpha (.5, .5), gains (1, 0), eta 4, c 1e-4 -> 0.98197, 0.01803.
TEST(Mixture, UpdateOfThePublishedExample) {
  const auto next = update_mixture({0.5, 0.5}, {1, 0}, {});
  EXPECT_NEAR(next[0], 0.98197, 5e-6);
  EXPECT_NEAR(next[1], 0.01803, 5e-6);
  // In full: (1 - c) / (1 + e^-4) + c / 2.
  EXPECT_NEAR(next[0], (1 - 1e-4) / (1 + std::exp(-4.0)) + 0.5e-4, 1e-15);
}

TEST(Mixture, UpdateKeepsADistribution) {
  PhiloxStream random(7, 0);
  std::vector<double> alpha = {0.2, 0.5, 0.3};
  for (int i = 0; i < 1000; ++i) {
    alpha = update_mixture(alpha,
                           {3 * random.uniform(), 3 * random.uniform(), 3 * random.uniform()}, {});
    EXPECT_NEAR(std::accumulate(alpha.begin(), alpha.end(), 0.0), 1, 1e-12);
    for (const double share : alpha) EXPECT_GE(share, 1e-4 / 3 * (1 - 1e-9));
  }
}

TEST(Mixture, EqualGainsOnlySmooth) {
  const auto next = update_mixture({0.9, 0.1}, {0.7, 0.7}, {});
  EXPECT_NEAR(next[0], 0.9 * (1 - 1e-4) + 0.5e-4, 1e-14);
}

TEST(Mixture, LargeGainsDoNotOverflow) {
  const auto next = update_mixture({0.5, 0.5}, {1e6, 0}, {});
  EXPECT_NEAR(next[0], 1 - 0.5e-4, 1e-12);
}

TEST(Mixture, BoundsWithoutAScaleAreRefused) {
  const auto message = [](const Bounds& bounds) {
    try {
      check_bounds(bounds);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kCheck);
      return std::string(error.what());
    }
    return std::string("no error");
  };
  EXPECT_NE(message({measured(0.3, 900), measured(0.3, 100)}).find("more accurate"),
            std::string::npos);
  EXPECT_NE(message({measured(0.2, 900), measured(0.3, 100)}).find("more accurate"),
            std::string::npos);
  EXPECT_NE(message({measured(0.5, 100), measured(0.3, 100)}).find("different lengths"),
            std::string::npos);
  EXPECT_NE(message({measured(std::nan(""), 100), measured(0.3, 90)}).find("[0, 1]"),
            std::string::npos);
  EXPECT_EQ(message(kPaperBounds), "no error");
}

TEST(Mixture, ParsesSharesInTheOrderOfTheNames) {
  const std::vector<std::string> names = {"short", "long"};
  EXPECT_EQ(parse_mixture("long=0.75,short=0.25", names), (std::vector<double>{0.25, 0.75}));
  EXPECT_EQ(parse_mixture("short=0,long=1", names), (std::vector<double>{0, 1}));
  for (const char* bad :
       {"", "short=1", "short=0.5,long=0.6", "short=0.5,short=0.5", "a=0.5,long=0.5",
        "short=x,long=1", "short=-1,long=2", "short,long", "short=nan,long=1"}) {
    EXPECT_THROW(parse_mixture(bad, names), Error) << bad;
  }
}

TEST_F(StatisticsGolden, GainErrors) {
  const GainErrors got = gain_errors(samples("long"), samples("short"), samples("now"));
  EXPECT_NEAR(got.short_se, number("gain_se", 0), 1e-10);
  EXPECT_NEAR(got.long_se, number("gain_se", 1), 1e-10);
}

TEST(Mixture, GainErrorsOfOneProblemAreUnknown) {
  const std::vector<SampleRecord> rows = {record("a", true, 10), record("a", false, 10)};
  EXPECT_TRUE(std::isinf(gain_errors(rows, rows, rows).short_se));
}

// Bounds without error leave only that of the model in training.
TEST(Mixture, GainErrorsFromGivenBounds) {
  const Bounds bounds = {{0.8, 0, 1000, 0}, {0.4, 0, 200, 0}};
  const GainErrors got = gain_errors(bounds, {0.7, 0.02, 600, 16});
  EXPECT_DOUBLE_EQ(got.short_se, 16.0 / 800);
  EXPECT_NEAR(got.long_se, 0.02 / 0.4, 1e-15);
  // At the long bound (short gain 1) only its own error and the model's count.
  const Bounds noisy = {{0.8, 0.01, 1000, 12}, {0.4, 0.01, 200, 5}};
  EXPECT_NEAR(gain_errors(noisy, {0.8, 0, 1000, 16}).short_se, 20.0 / 800, 1e-15);
}

}  // namespace
}  // namespace laconic
