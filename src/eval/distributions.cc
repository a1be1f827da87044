// SPDX-License-Identifier: Apache-2.0
#include "eval/distributions.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace laconic {
namespace {

// Continued fraction of the incomplete beta function by Lentz's method.
double beta_fraction(double a, double b, double x) {
  constexpr double kTiny = 1e-300;
  double c = 1, d = 1 - (a + b) * x / (a + 1);
  d = 1 / (std::abs(d) < kTiny ? kTiny : d);
  double value = d;
  const auto step = [&](double numerator) {
    d = 1 + numerator * d;
    d = 1 / (std::abs(d) < kTiny ? kTiny : d);
    c = 1 + numerator / c;
    if (std::abs(c) < kTiny) c = kTiny;
    value *= c * d;
    return std::abs(c * d - 1);
  };
  for (int i = 1; i <= 2000; ++i) {  // about sqrt(max(a, b)) steps are needed
    const double m = i;
    step(m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)));
    if (step(-(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))) < 1e-15) break;
  }
  return value;
}

// The x in [low, high] where an increasing function reaches `target`.
template <typename Function>
double bisect(double low, double high, double target, const Function& increasing) {
  for (int i = 0; i < 200 && low < high; ++i) {
    const double middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) break;
    (increasing(middle) < target ? low : high) = middle;
  }
  return low + (high - low) / 2;
}

}  // namespace

double regularised_beta(double a, double b, double x) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const double front = std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) +
                                a * std::log(x) + b * std::log1p(-x));
  if (x < (a + 1) / (a + b + 2)) return front * beta_fraction(a, b, x) / a;
  return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

double beta_quantile(double p, double a, double b) {
  return bisect(0, 1, p, [&](double x) { return regularised_beta(a, b, x); });
}

double normal_cdf(double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); }

double normal_quantile(double p) {
  LACONIC_CHECK(p > 0 && p < 1, p);
  return bisect(-39, 39, p, normal_cdf);
}

double student_t_cdf(double t, double degrees_of_freedom) {
  const double v = degrees_of_freedom;
  const double tail = regularised_beta(v / 2, 0.5, v / (v + t * t)) / 2;
  return t < 0 ? tail : 1 - tail;
}

double student_t_quantile(double p, double degrees_of_freedom) {
  LACONIC_CHECK(p > 0 && p < 1 && degrees_of_freedom >= 1, p, ", ", degrees_of_freedom);
  double bound = 2;
  while (student_t_cdf(bound, degrees_of_freedom) < std::max(p, 1 - p)) bound *= 2;
  return bisect(-bound, bound, p, [&](double t) { return student_t_cdf(t, degrees_of_freedom); });
}

// T > t where Z + shift > t S, S = sqrt(chi^2_v / v): the mean of Phi(shift - t S) over S, by
// Simpson's rule over all but 1e-30 of the density of S.
double noncentral_t_upper(double t, double degrees_of_freedom, double noncentrality) {
  const double v = degrees_of_freedom, spread = 12 / std::sqrt(2 * v);
  const double low = std::max(0.0, 1 - spread), high = 1 + spread;
  const double log_scale =
      std::log(2.0) + v / 2 * std::log(v) - v / 2 * std::log(2.0) - std::lgamma(v / 2);
  const auto term = [&](double s) {
    if (s <= 0) return v > 1 ? 0.0 : std::exp(log_scale) * normal_cdf(noncentrality);
    const double density = std::exp(log_scale + (v - 1) * std::log(s) - v * s * s / 2);
    return density * normal_cdf(noncentrality - t * s);
  };
  constexpr int kIntervals = 2000;
  const double width = (high - low) / kIntervals;
  double sum = term(low) + term(high);
  for (int i = 1; i < kIntervals; ++i) sum += (i % 2 == 1 ? 4 : 2) * term(low + width * i);
  return sum * width / 3;
}

}  // namespace laconic
