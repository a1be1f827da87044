// SPDX-License-Identifier: Apache-2.0
#include "eval/intervals.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "eval/distributions.h"

namespace laconic {
namespace {

// Of N samples in G > 1 problems: how many independent ones carry as much about a share p whose
// clustered s.e. is `se`.
double effective_samples(double p, double se, double num_samples, double num_problems) {
  if (p <= 0 || p >= 1) return num_problems;
  const double raw = se > 0 ? std::min(num_samples, p * (1 - p) / (se * se)) : num_samples;
  const double reduction = student_t_975(num_samples - 1) / student_t_975(num_problems - 1);
  return raw * reduction * reduction;
}

Interval effective_interval(double p, const Estimate& estimate) {
  const auto n = static_cast<double>(estimate.num_samples),
             groups = static_cast<double>(estimate.num_problems);
  if (estimate.num_problems == estimate.num_samples) return clopper_pearson(p * n, n);
  if (estimate.num_problems < 2) return {0, 1};
  const double effective = effective_samples(p, estimate.se, n, groups);
  return clopper_pearson(p * effective, effective);
}

}  // namespace

Interval clopper_pearson(double successes, double trials) {
  if (trials <= 0) return {0, 1};
  const double failures = std::max(0.0, trials - successes);
  constexpr double kSmall = 1e-12;  // a product of shares that should be a whole number
  return {successes <= kSmall ? 0 : beta_quantile(0.025, successes, failures + 1),
          failures <= kSmall ? 1 : beta_quantile(0.975, successes + 1, failures)};
}

Interval share_interval(std::span<const Cluster> clusters) {
  const Estimate estimate = clustered_mean(clusters);
  if (estimate.num_samples == 0) return {0, 1};
  return effective_interval(estimate.mean, estimate);
}

QuantileEstimate clustered_quantile(std::span<const std::vector<double>> problems, double share) {
  std::vector<double> all;
  for (const auto& values : problems) all.insert(all.end(), values.begin(), values.end());
  QuantileEstimate out;
  out.value = quantile(all, share);
  std::vector<Cluster> below;
  for (const auto& values : problems) {
    Cluster& cluster = below.emplace_back();
    for (const double value : values) cluster.sum += value <= out.value ? 1 : 0;
    cluster.count = static_cast<int64_t>(values.size());
  }
  const Interval shares = effective_interval(share, clustered_mean(below));
  out.interval = {quantile(all, shares.low), quantile(all, shares.high)};
  return out;
}

LengthStatistics length_statistics(std::span<const std::vector<double>> problems) {
  LengthStatistics out;
  std::vector<Cluster> clusters;
  for (const auto& values : problems) {
    Cluster& cluster = clusters.emplace_back();
    for (const double value : values) cluster.sum += value;
    cluster.count = static_cast<int64_t>(values.size());
  }
  out.mean = clustered_mean(clusters);
  if (out.mean.num_samples == 0) return out;
  out.mean_interval = interval_95(out.mean);
  out.median = clustered_quantile(problems, 0.5);
  out.p90 = clustered_quantile(problems, 0.9);
  return out;
}

}  // namespace laconic
