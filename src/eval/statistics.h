// Accuracy and length of sampled replies with honest errors: the samples of one problem are one
// cluster.
//
// Definitions (docs/statistics.md derives them):
//   mean over all samples, s.e. clustered by problem: G/(G-1) * sum_g u_g^2 / N^2, u_g = sum_g -
//   n_g * mean; paired comparison: per-problem means, their differences, Student's t with G - 1
//   degrees of freedom; ratio of tokens: delta method on its logarithm. 95 % two-sided everywhere.
// Fewer than two problems: the s.e. is infinite (unknown), never 0. An undecided verdict counts as
// not right. Errors: Error(kData) when two sets are not about the same problems, or a set is empty.
// Deterministic.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "data/measurement.h"
#include "data/records.h"

namespace laconic {

struct Estimate {
  double mean = 0;
  double se = 0;            // clustered by problem
  int64_t num_samples = 0;  // 0: there are none, mean and se mean nothing
  int64_t num_problems = 0;
};

struct Interval {
  double low = 0, high = 0;
};

// Sum and count of the values of one problem; a count of 0 takes no part.
struct Cluster {
  double sum = 0;
  int64_t count = 0;
};

Estimate clustered_mean(std::span<const Cluster> clusters);

// Quantile 0.975 of Student's t.
double student_t_975(double degrees_of_freedom);
Interval interval_95(const Estimate& estimate);

// By linear interpolation between order statistics, as numpy does it. REQUIRES: not empty, 0 <=
// share <= 1.
double quantile(std::vector<double> values, double share);

struct PairedDifference {
  double mean = 0;  // second minus first, mean over problems
  double se = 0;
  Interval interval;
  int64_t num_problems = 0;
};

// Per-problem values of the first and of the second set, in the same order.
PairedDifference paired_difference(std::span<const double> first, std::span<const double> second);

struct TokenRatio {
  double ratio = 0;  // second / first
  Interval interval;
};
TokenRatio token_ratio(std::span<const double> first, std::span<const double> second);

// s.e. of mean(x) / mean(y) by the delta method, x_g and y_g paired; infinite for fewer than two.
double ratio_se(std::span<const double> x, std::span<const double> y);

struct Comparison {
  PairedDifference accuracy;  // second minus first
  PairedDifference tokens;
  TokenRatio token_ratio;
  std::vector<double> accuracy_differences;  // a problem each, for paired_tests.h
  bool within_margin(double margin) const { return accuracy.interval.low >= -margin; }
};
Comparison compare_samples(std::span<const SampleRecord> first,
                           std::span<const SampleRecord> second);

// Per-problem mean accuracy and tokens, sorted by problem id.
struct ProblemMeans {
  std::vector<std::string> ids;
  std::vector<double> accuracy, tokens;
};
ProblemMeans problem_means(std::span<const SampleRecord> records);

// Error(kData) that names a problem of one side only.
void check_same_problems(const ProblemMeans& first, const ProblemMeans& second);

Measurement measure(std::span<const SampleRecord> records);

}  // namespace laconic
