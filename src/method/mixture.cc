// SPDX-License-Identifier: Apache-2.0
#include "method/mixture.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/error.h"
#include "eval/statistics.h"

namespace laconic {
namespace {

void check_measurement(const Measurement& value, const char* name) {
  require(std::isfinite(value.accuracy) && value.accuracy >= 0 && value.accuracy <= 1,
          ErrorKind::kCheck, "mixture: expected an accuracy in [0, 1] of ", name, ", got ",
          value.accuracy);
  require(std::isfinite(value.tokens) && value.tokens > 0, ErrorKind::kCheck,
          "mixture: expected mean tokens above 0 of ", name, ", got ", value.tokens);
}

double parse_share(std::string_view text, const std::string& whole) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, code] = std::from_chars(text.data(), end, value);
  require(code == std::errc() && stop == end && value >= 0 && value <= 1, ErrorKind::kUsage,
          "mixture: expected a share in [0, 1], got \"", text, "\" in \"", whole, "\"");
  return value;
}

std::vector<double> minus(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> out(a.size());
  for (size_t g = 0; g < a.size(); ++g) out[g] = a[g] - b[g];
  return out;
}

double independent_gain_se(double gain, double now, double near_zero, double near_one) {
  return std::sqrt(now * now + (1 - gain) * (1 - gain) * near_zero * near_zero +
                   gain * gain * near_one * near_one);
}

}  // namespace

void check_bounds(const Bounds& bounds) {
  check_measurement(bounds.long_model, "the long model");
  check_measurement(bounds.short_model, "the short model");
  require(bounds.long_model.accuracy > bounds.short_model.accuracy, ErrorKind::kCheck,
          "mixture: expected the long model to be more accurate than the short one, got ",
          bounds.long_model.accuracy, " and ", bounds.short_model.accuracy,
          " (accuracy lost has no scale; choose another short model or harder problems)");
  require(bounds.long_model.tokens != bounds.short_model.tokens, ErrorKind::kCheck,
          "mixture: expected bounds of different lengths, got ", bounds.long_model.tokens,
          " mean tokens twice (length saved has no scale)");
}

Gains raw_gains(const Bounds& bounds, const Measurement& now) {
  check_bounds(bounds);
  check_measurement(now, "the model in training");
  const double tokens_scale = std::abs(bounds.long_model.tokens - bounds.short_model.tokens);
  const double accuracy_scale = std::abs(bounds.long_model.accuracy - bounds.short_model.accuracy);
  return {.short_gain = std::max((now.tokens - bounds.short_model.tokens) / tokens_scale, 0.0),
          .long_gain = std::max((bounds.long_model.accuracy - now.accuracy) / accuracy_scale, 0.0)};
}

GainErrors gain_errors(std::span<const SampleRecord> long_model,
                       std::span<const SampleRecord> short_model,
                       std::span<const SampleRecord> now) {
  const ProblemMeans l = problem_means(long_model), s = problem_means(short_model),
                     n = problem_means(now);
  check_same_problems(l, s);
  check_same_problems(l, n);
  return {.short_se = ratio_se(minus(n.tokens, s.tokens), minus(l.tokens, s.tokens)),
          .long_se = ratio_se(minus(l.accuracy, n.accuracy), minus(l.accuracy, s.accuracy))};
}

GainErrors gain_errors(const Bounds& bounds, const Measurement& now) {
  const Measurement &l = bounds.long_model, &s = bounds.short_model;
  const double tokens_scale = l.tokens - s.tokens, accuracy_scale = l.accuracy - s.accuracy;
  const double short_gain = (now.tokens - s.tokens) / tokens_scale;
  const double long_gain = (l.accuracy - now.accuracy) / accuracy_scale;
  return {.short_se = independent_gain_se(short_gain, now.tokens_se, s.tokens_se, l.tokens_se) /
                      std::abs(tokens_scale),
          .long_se = independent_gain_se(long_gain, now.accuracy_se, l.accuracy_se, s.accuracy_se) /
                     std::abs(accuracy_scale)};
}

Gains shrunk_gains(const Gains& raw, const GainErrors& errors) {
  // Written so that an error that is unknown (infinite, NaN) leaves no gain.
  const auto shrunk = [](double gain, double se) { return gain > se ? gain - se : 0.0; };
  return {.short_gain = shrunk(raw.short_gain, errors.short_se),
          .long_gain = shrunk(raw.long_gain, errors.long_se)};
}

std::vector<double> update_mixture(const std::vector<double>& alpha,
                                   const std::vector<double>& gains,
                                   const MixtureSettings& settings) {
  LACONIC_CHECK(!alpha.empty() && alpha.size() == gains.size(), alpha.size(), " weights, ",
                gains.size(), " gains");
  std::vector<double> logits(alpha.size());
  for (size_t k = 0; k < alpha.size(); ++k) {
    LACONIC_CHECK(alpha[k] > 0 && std::isfinite(gains[k]), "weight ", alpha[k], ", gain ",
                  gains[k]);
    logits[k] = std::log(alpha[k]) + settings.eta * gains[k];
  }
  const double highest = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (double& value : logits) sum += value = std::exp(value - highest);
  const double share = settings.smoothing / static_cast<double>(alpha.size());
  for (double& value : logits) value = (1 - settings.smoothing) * (value / sum) + share;
  return logits;
}

std::vector<double> parse_mixture(const std::string& text, const std::vector<std::string>& names) {
  std::vector<double> shares(names.size(), -1);
  std::string_view rest = text;
  while (!rest.empty()) {
    const size_t comma = rest.find(',');
    const std::string_view part = rest.substr(0, comma);
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    const size_t equals = part.find('=');
    const std::string_view name = part.substr(0, equals);
    const auto found = std::find(names.begin(), names.end(), name);
    require(equals != std::string_view::npos && found != names.end(), ErrorKind::kUsage,
            "mixture: expected NAME=SHARE with a known name, got \"", part, "\" in \"", text, "\"");
    double& share = shares[static_cast<size_t>(found - names.begin())];
    require(share < 0, ErrorKind::kUsage, "mixture: expected each name once, got \"", name,
            "\" again in \"", text, "\"");
    share = parse_share(part.substr(equals + 1), text);
  }
  double sum = 0;
  for (size_t k = 0; k < names.size(); ++k) {
    require(shares[k] >= 0, ErrorKind::kUsage, "mixture: expected a share of \"", names[k],
            "\", got none in \"", text, "\"");
    sum += shares[k];
  }
  require(std::abs(sum - 1) <= 1e-6, ErrorKind::kUsage,
          "mixture: expected shares that sum to 1, got ", sum, " in \"", text, "\"");
  for (double& share : shares) share /= sum;
  return shares;
}

}  // namespace laconic
