// SPDX-License-Identifier: Apache-2.0
#include "eval/paired_tests.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/error.h"
#include "base/philox.h"
#include "eval/distributions.h"

namespace laconic {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::infinity();
constexpr size_t kMaxEnumerated = 20;  // 2^20 sums: a hundredth of a second
// Streams of one seed: a bootstrap and a permutation test never share draws.
constexpr uint64_t kBootstrapStream = uint64_t{1} << 62, kSignStream = uint64_t{2} << 62;

double sum_of(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum;
}

// Sorted means of resamples: index i of draw b is word i mod 4 of Philox(seed, i / 4, stream + b).
std::vector<double> bootstrap_means(std::span<const double> values, const Resampling& setting) {
  const auto n = static_cast<uint64_t>(values.size());
  std::vector<double> means;
  for (int64_t draw = 0; draw < setting.num_draws; ++draw) {
    double sum = 0;
    for (uint64_t i = 0; i < n; i += 4) {
      const auto words =
          philox(setting.seed, i / 4, kBootstrapStream + static_cast<uint64_t>(draw));
      for (uint64_t j = i; j < std::min(i + 4, n); ++j) sum += values[(words[j - i] * n) >> 32];
    }
    means.push_back(sum / static_cast<double>(n));
  }
  std::sort(means.begin(), means.end());
  return means;
}

// How skewed the mean is, from the values' third moment (the jackknife's acceleration).
double acceleration(std::span<const double> values, double mean) {
  double squares = 0, cubes = 0;
  for (const double value : values) {
    squares += (value - mean) * (value - mean);
    cubes += (value - mean) * (value - mean) * (value - mean);
  }
  return squares > 0 ? cubes / (6 * std::pow(squares, 1.5)) : 0;
}

double sorted_quantile(const std::vector<double>& sorted, double share) {
  const double at = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(at);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (at - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

// All sign patterns, each one flip away from the one before (Gray code).
double enumerated_p(std::span<const double> sizes, double observed, double tolerance) {
  double sum = 0;
  for (const double size : sizes) sum += size;
  std::vector<double> signs(sizes.size(), 1.0);
  const uint64_t patterns = uint64_t{1} << sizes.size();
  uint64_t extreme = 0;
  for (uint64_t pattern = 0; pattern < patterns; ++pattern) {
    extreme += std::abs(sum) >= observed - tolerance;
    const auto flip = static_cast<size_t>(__builtin_ctzll(pattern + 1));
    if (flip >= sizes.size()) break;
    signs[flip] = -signs[flip];
    sum += 2 * signs[flip] * sizes[flip];
  }
  return static_cast<double>(extreme) / static_cast<double>(patterns);
}

// m pairs of one size, `plus` of them positive: twice the binomial tail at the rarer sign.
double binomial_p(size_t m, size_t plus) {
  const auto n = static_cast<double>(m), few = static_cast<double>(std::min(plus, m - plus));
  if (2 * std::min(plus, m - plus) == m) return 1;
  return std::min(1.0, 2 * regularised_beta(n - few, few + 1, 0.5));
}

double random_sign_p(std::span<const double> sizes, double observed, double tolerance,
                     const Resampling& setting) {
  int64_t extreme = 0;
  for (int64_t draw = 0; draw < setting.num_draws; ++draw) {
    double sum = 0;
    for (size_t i = 0; i < sizes.size(); i += 128) {
      const auto words = philox(setting.seed, i / 128, kSignStream + static_cast<uint64_t>(draw));
      for (size_t j = i; j < std::min(i + 128, sizes.size()); ++j)
        sum += words[(j - i) / 32] >> ((j - i) % 32) & 1 ? sizes[j] : -sizes[j];
    }
    extreme += std::abs(sum) >= observed - tolerance;
  }
  return static_cast<double>(extreme + 1) / static_cast<double>(setting.num_draws + 1);
}

double power_at(int64_t n, double sd, double distance) {
  const auto problems = static_cast<double>(n);
  return noncentral_t_upper(student_t_975(problems - 1), problems - 1,
                            distance * std::sqrt(problems) / sd);
}

}  // namespace

Interval bootstrap_interval(std::span<const double> differences, const Resampling& setting) {
  LACONIC_CHECK(!differences.empty() && setting.num_draws > 0, differences.size());
  if (differences.size() < 2) return {-kUnknown, kUnknown};
  const double mean = sum_of(differences) / static_cast<double>(differences.size());
  const std::vector<double> means = bootstrap_means(differences, setting);
  const auto below = std::lower_bound(means.begin(), means.end(), mean) - means.begin();
  const auto up_to = std::upper_bound(means.begin(), means.end(), mean) - means.begin();
  const auto draws = static_cast<double>(means.size());
  const double share =
      std::clamp(static_cast<double>(below + up_to) / (2 * draws), 0.5 / draws, 1 - 0.5 / draws);
  const double bias = normal_quantile(share), skew = acceleration(differences, mean);
  const auto corrected = [&](double p) {
    const double z = bias + normal_quantile(p);
    return normal_cdf(bias + z / (1 - skew * z));
  };
  return {sorted_quantile(means, corrected(0.025)), sorted_quantile(means, corrected(0.975))};
}

PermutationTest permutation_test(std::span<const double> differences, const Resampling& setting) {
  std::vector<double> sizes;
  size_t plus = 0;
  for (const double difference : differences) {
    if (difference == 0) continue;
    sizes.push_back(std::abs(difference));
    plus += difference > 0;
  }
  if (sizes.empty()) return {1, "exact"};
  const double observed = std::abs(sum_of(differences));
  const double tolerance = 1e-9 * sum_of(sizes);
  const auto [least, most] = std::minmax_element(sizes.begin(), sizes.end());
  if (*most - *least <= 1e-12 * *most) return {binomial_p(sizes.size(), plus), "binomial"};
  if (sizes.size() <= kMaxEnumerated) return {enumerated_p(sizes, observed, tolerance), "exact"};
  return {random_sign_p(sizes, observed, tolerance, setting), "random signs"};
}

const char* margin_verdict_name(MarginVerdict verdict) {
  switch (verdict) {
    case MarginVerdict::kNotInferior:
      return "equal accuracy";
    case MarginVerdict::kInferior:
      return "accuracy is lost";
    case MarginVerdict::kUndecided:
      break;
  }
  return "equal accuracy is not shown";
}

MarginVerdict judge_margin(const Interval& interval, double margin) {
  if (interval.low >= -margin) return MarginVerdict::kNotInferior;
  return interval.high < -margin ? MarginVerdict::kInferior : MarginVerdict::kUndecided;
}

double non_inferiority_p(const PairedDifference& difference, double margin) {
  if (difference.num_problems < 2) return 1;
  const double distance = difference.mean + margin;
  if (difference.se <= 0) return distance >= 0 ? 0 : 1;
  return 1 -
         student_t_cdf(distance / difference.se, static_cast<double>(difference.num_problems - 1));
}

std::optional<int64_t> problems_needed(double sd, double margin, double true_difference,
                                       double power) {
  const double distance = margin + true_difference;
  if (distance <= 0 || !std::isfinite(sd)) return std::nullopt;
  int64_t enough = 2;
  if (sd <= 0) return enough;
  while (power_at(enough, sd, distance) < power) {
    if (enough > int64_t{1} << 40) return std::nullopt;
    enough *= 2;
  }
  int64_t too_few = std::max<int64_t>(1, enough / 2);
  while (enough - too_few > 1) {
    const int64_t middle = too_few + (enough - too_few) / 2;
    (middle >= 2 && power_at(middle, sd, distance) >= power ? enough : too_few) = middle;
  }
  return enough;
}

}  // namespace laconic
