// SPDX-License-Identifier: Apache-2.0
#include "eval/statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "base/error.h"
#include "eval/distributions.h"

namespace laconic {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::infinity();

double mean_of(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

std::vector<double> minus(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> out(a.size());
  for (size_t g = 0; g < a.size(); ++g) out[g] = a[g] - b[g];
  return out;
}

}  // namespace

Estimate clustered_mean(std::span<const Cluster> clusters) {
  Estimate out;
  double sum = 0;
  for (const Cluster& cluster : clusters) {
    if (cluster.count == 0) continue;
    ++out.num_problems;
    out.num_samples += cluster.count;
    sum += cluster.sum;
  }
  if (out.num_samples == 0) return out;
  const auto n = static_cast<double>(out.num_samples),
             groups = static_cast<double>(out.num_problems);
  out.mean = sum / n;
  if (out.num_problems < 2) {
    out.se = kUnknown;
    return out;
  }
  double squares = 0;
  for (const Cluster& cluster : clusters) {
    const double rest = cluster.sum - static_cast<double>(cluster.count) * out.mean;
    if (cluster.count > 0) squares += rest * rest;
  }
  out.se = std::sqrt(groups / (groups - 1) * squares) / n;
  return out;
}

double student_t_975(double degrees_of_freedom) {
  return student_t_quantile(0.975, degrees_of_freedom);
}

Interval interval_95(const Estimate& estimate) {
  if (estimate.num_problems < 2) return {-kUnknown, kUnknown};
  const double half = student_t_975(static_cast<double>(estimate.num_problems - 1)) * estimate.se;
  return {estimate.mean - half, estimate.mean + half};
}

double quantile(std::vector<double> values, double share) {
  LACONIC_CHECK(!values.empty() && share >= 0 && share <= 1, values.size(), ", ", share);
  std::sort(values.begin(), values.end());
  const double at = share * static_cast<double>(values.size() - 1);
  const auto below = static_cast<size_t>(at);
  const size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (at - static_cast<double>(below)) * (values[above] - values[below]);
}

PairedDifference paired_difference(std::span<const double> first, std::span<const double> second) {
  LACONIC_CHECK(first.size() == second.size() && !first.empty(), first.size(), ", ", second.size());
  std::vector<Cluster> differences;
  for (size_t g = 0; g < first.size(); ++g) differences.push_back({second[g] - first[g], 1});
  const Estimate estimate = clustered_mean(differences);
  return {estimate.mean, estimate.se, interval_95(estimate), estimate.num_problems};
}

TokenRatio token_ratio(std::span<const double> first, std::span<const double> second) {
  LACONIC_CHECK(first.size() == second.size() && !first.empty(), first.size(), ", ", second.size());
  const double ratio = mean_of(second) / mean_of(first);
  if (first.size() < 2) return {ratio, {0, kUnknown}};
  const double half =
      student_t_975(static_cast<double>(first.size() - 1)) * ratio_se(second, first) / ratio;
  return {ratio, {ratio * std::exp(-half), ratio * std::exp(half)}};
}

double ratio_se(std::span<const double> x, std::span<const double> y) {
  const auto num = static_cast<double>(x.size());
  if (x.size() < 2) return kUnknown;
  const double mean_y = mean_of(y), ratio = mean_of(x) / mean_y;
  double sum = 0;
  for (size_t g = 0; g < x.size(); ++g) sum += (x[g] - ratio * y[g]) * (x[g] - ratio * y[g]);
  return std::sqrt(sum / (num * (num - 1))) / std::abs(mean_y);
}

ProblemMeans problem_means(std::span<const SampleRecord> records) {
  require(!records.empty(), ErrorKind::kData, "statistics: expected samples, got none");
  struct Sums {
    double right = 0, tokens = 0, count = 0;
  };
  std::map<std::string, Sums> by_id;
  for (const SampleRecord& record : records) {
    Sums& sums = by_id[record.id];
    sums.right += record.right();
    sums.tokens += static_cast<double>(record.num_tokens);
    sums.count += 1;
  }
  ProblemMeans out;
  for (const auto& [id, sums] : by_id) {
    out.ids.push_back(id);
    out.accuracy.push_back(sums.right / sums.count);
    out.tokens.push_back(sums.tokens / sums.count);
  }
  return out;
}

void check_same_problems(const ProblemMeans& first, const ProblemMeans& second) {
  if (first.ids == second.ids) return;
  std::vector<std::string> only;
  std::set_symmetric_difference(first.ids.begin(), first.ids.end(), second.ids.begin(),
                                second.ids.end(), std::back_inserter(only));
  fail(ErrorKind::kData, "comparison: expected samples of the same problems, got ", only.size(),
       " of ", first.ids.size(), " and ", second.ids.size(), " on one side only (\"", only.front(),
       "\")");
}

Comparison compare_samples(std::span<const SampleRecord> first,
                           std::span<const SampleRecord> second) {
  const ProblemMeans a = problem_means(first), b = problem_means(second);
  check_same_problems(a, b);
  return {paired_difference(a.accuracy, b.accuracy), paired_difference(a.tokens, b.tokens),
          token_ratio(a.tokens, b.tokens), minus(b.accuracy, a.accuracy)};
}

Measurement measure(std::span<const SampleRecord> records) {
  require(!records.empty(), ErrorKind::kData, "statistics: expected samples, got none");
  std::map<std::string, std::pair<Cluster, Cluster>> by_id;
  for (const SampleRecord& record : records) {
    auto& [right, tokens] = by_id[record.id];
    right.sum += record.right();
    tokens.sum += static_cast<double>(record.num_tokens);
    ++right.count;
    ++tokens.count;
  }
  std::vector<Cluster> right, tokens;
  for (const auto& [id, clusters] : by_id) {
    right.push_back(clusters.first);
    tokens.push_back(clusters.second);
  }
  const Estimate accuracy = clustered_mean(right), length = clustered_mean(tokens);
  return {accuracy.mean, accuracy.se, length.mean, length.se};
}

}  // namespace laconic
