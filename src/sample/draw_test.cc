// Draws from one row: kept sets against transformers, frequencies against the exact distribution.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/philox.h"
#include "nn/testing.h"
#include "sample/filters.h"
#include "sample/sampler.h"
#include "sample/softmax_kernels.h"

namespace laconic {
namespace {

std::vector<float> random_logits(size_t size, double scale, uint64_t key) {
  std::vector<float> logits(size);
  for (size_t i = 0; i < size; ++i)
    logits[i] =
        static_cast<float>(scale * (philox_uniform(key, i, 0) + philox_uniform(key, i, 1) - 1));
  return logits;
}

std::vector<double> weights_of(const std::vector<float>& logits, double temperature) {
  const double max = *std::max_element(logits.begin(), logits.end());
  std::vector<double> weights;
  for (float logit : logits) weights.push_back(std::exp((logit - max) / temperature));
  return weights;
}

// The same definitions, by sorting everything in double.
std::vector<double> naive_probabilities(const std::vector<float>& logits,
                                        const SamplingSettings& settings) {
  auto weights = weights_of(logits, settings.temperature);
  std::vector<size_t> order(weights.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return logits[a] > logits[b]; });
  if (settings.top_k > 0 && static_cast<size_t>(settings.top_k) < order.size()) {
    const float kth = logits[order[static_cast<size_t>(settings.top_k) - 1]];
    for (size_t id = 0; id < weights.size(); ++id)
      if (logits[id] < kth) weights[id] = 0;
  }
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  double before = 0;
  for (size_t id : order) {
    const double weight = weights[id];
    if (before > 0 && before >= settings.top_p * total && settings.top_p < 1) weights[id] = 0;
    before += weight;
  }
  for (double& weight : weights)
    if (weight < settings.min_p) weight = 0;
  const double kept = std::accumulate(weights.begin(), weights.end(), 0.0);
  for (double& weight : weights) weight /= kept;
  return weights;
}

std::vector<int32_t> kept_ids(const std::vector<float>& logits, const SamplingSettings& settings) {
  std::vector<float> weights(logits.size());
  std::vector<double> block_sums((weights.size() + kSoftmaxBlock - 1) / kSoftmaxBlock);
  const double total =
      write_exp(logits, finite_max(logits), static_cast<float>(1 / settings.temperature),
                {weights, block_sums});
  std::vector<int32_t> ids;
  for (const TokenWeight& candidate : filter_candidates(weights, total, settings))
    ids.push_back(candidate.id);
  return ids;
}

TEST(FiltersTest, KeepWhatTransformersKeeps) {
  const std::string path = LACONIC_SOURCE_DIR "/tests/golden/sampling_filters.jsonl";
  std::istringstream lines(read_file(path));
  std::string line;
  std::getline(lines, line);  // versions
  int num_rows = 0;
  while (std::getline(lines, line)) {
    const Json row = Json::parse(line, path);
    SamplingSettings settings;
    settings.temperature = row.at("temperature", path).as_number(path);
    settings.top_k = row.at("top_k", path).as_integer(path);
    settings.top_p = row.at("top_p", path).as_number(path);
    settings.min_p = row.at("min_p", path).as_number(path);
    std::vector<float> logits;
    for (const Json& value : row.at("logits", path).as_array(path))
      logits.push_back(static_cast<float>(value.as_number(path)));
    std::vector<int32_t> expected;
    for (const Json& id : row.at("kept", path).as_array(path))
      expected.push_back(static_cast<int32_t>(id.as_integer(path)));
    EXPECT_EQ(kept_ids(logits, settings), expected) << line;
    ++num_rows;
  }
  EXPECT_GT(num_rows, 150);
}

TEST(FiltersTest, TiesOfTopPGoToTheLowerId) {
  SamplingSettings settings;
  settings.top_p = 0.5;
  EXPECT_EQ(kept_ids({1, 1, 1, 1}, settings), (std::vector<int32_t>{0, 1}));
  settings.top_p = 0.51;
  EXPECT_EQ(kept_ids({1, 1, 1, 1}, settings), (std::vector<int32_t>{0, 1, 2}));
  settings.top_p = 1e-9;
  EXPECT_EQ(kept_ids({0, 2, 2, 1}, settings), (std::vector<int32_t>{1}));
}

TEST(FiltersTest, TopKOverALargeVocabularyIsExact) {
  auto logits = random_logits(50000, 8, 3);
  std::sort(logits.begin(), logits.end());  // the worst order for a shortlist
  SamplingSettings settings;
  for (int64_t top_k : {1, 50, 1000, 49999}) {
    settings.top_k = top_k;
    const auto kept = kept_ids(logits, settings);
    EXPECT_GE(kept.size(), static_cast<size_t>(top_k));
    EXPECT_EQ(kept.back(), 49999);
    EXPECT_LE(kept.size(), static_cast<size_t>(top_k) + 200) << "more than a few ties";
  }
}

// Sums by size: those of one instruction set are those of each.
void check_exponentials(std::map<size_t, double>& sums) {
  for (size_t size : {1, 2, 15, 16, 17, 255, 256, 257, 1000, 49152}) {
    const auto logits = random_logits(size, 20, size);
    const float max = *std::max_element(logits.begin(), logits.end());
    EXPECT_EQ(finite_max(logits), max);
    double expected = 0;
    for (float logit : logits) expected += std::exp((static_cast<double>(logit) - max) / 0.7);
    const double sum = sum_exp(logits, max, 1 / 0.7F);
    EXPECT_NEAR(sum / expected, 1, 2e-6) << size;
    EXPECT_EQ(sum, sums.try_emplace(size, sum).first->second) << size;
    std::vector<float> weights(size);
    std::vector<double> block_sums((size + kSoftmaxBlock - 1) / kSoftmaxBlock);
    EXPECT_EQ(write_exp(logits, max, 1 / 0.7F, {weights, block_sums}), sum);
    for (size_t i = 0; i < size; ++i)
      EXPECT_NEAR(weights[i], std::exp((logits[i] - max) / 0.7), 1e-5) << i;
    for (size_t i = 0; i < size; i += std::max<size_t>(1, size / 7)) {
      auto broken = logits;
      broken[i] = std::nanf("");
      EXPECT_TRUE(std::isnan(finite_max(broken))) << size << " " << i;
      broken[i] = std::numeric_limits<float>::infinity();
      EXPECT_TRUE(std::isnan(finite_max(broken))) << size << " " << i;
    }
  }
}

TEST(SoftmaxKernelsTest, AgreeWithDoubleAtEverySize) {
  std::map<size_t, double> sums;
  testing::for_each_target([&](const std::string&) { check_exponentials(sums); });
}

void check_runs() {
  for (size_t size : {1u, 15u, 16u, 17u, 40u, 300u}) {
    for (size_t where = 0; where < size; ++where) {
      std::vector<float> values(size, 1);
      EXPECT_EQ(find_run_at_least(values, 1, 0), 0u);
      EXPECT_GE(find_run_at_least(values, 2, 0), size);
      values[where] = 2;
      const size_t run = where / kSoftmaxRun * kSoftmaxRun;
      for (size_t begin = 0; begin <= run; begin += kSoftmaxRun)
        EXPECT_EQ(find_run_at_least(values, 2, begin), run) << size << " " << where;
      EXPECT_GE(find_run_at_least(values, 2, run + kSoftmaxRun), size);
    }
  }
}

TEST(SoftmaxKernelsTest, FindTheFirstRunAtLeastAsLarge) {
  testing::for_each_target([](const std::string&) { check_runs(); });
}

// Pearson's statistic of draws against probabilities; ids expected fewer than 5 times are pooled.
double chi_square(const std::vector<int>& counts, const std::vector<double>& probabilities,
                  int num_draws, int* degrees) {
  double statistic = 0, pooled_expected = 0, pooled_count = 0;
  int num_cells = 0;
  for (size_t id = 0; id < counts.size(); ++id) {
    const double expected = probabilities[id] * num_draws;
    if (expected < 5) {
      pooled_expected += expected;
      pooled_count += counts[id];
      continue;
    }
    statistic += (counts[id] - expected) * (counts[id] - expected) / expected;
    ++num_cells;
  }
  if (pooled_expected > 0) {
    statistic +=
        (pooled_count - pooled_expected) * (pooled_count - pooled_expected) / pooled_expected;
    ++num_cells;
  }
  *degrees = num_cells - 1;
  return statistic;
}

void check_frequencies(size_t vocab_size, const SamplingSettings& settings) {
  constexpr int kDraws = 20000;
  const auto logits = random_logits(vocab_size, 5, 11);
  const auto expected = naive_probabilities(logits, settings);
  std::vector<int> counts(vocab_size);
  for (int draw = 0; draw < kDraws; ++draw) {
    const auto uniform = philox_uniform(99, static_cast<uint64_t>(draw), vocab_size);
    ++counts[static_cast<size_t>(draw_token(logits, settings, uniform).id)];
  }
  for (size_t id = 0; id < vocab_size; ++id)
    ASSERT_TRUE(expected[id] > 0 || counts[id] == 0) << "id " << id << " was filtered out";
  int degrees = 0;
  const double statistic = chi_square(counts, expected, kDraws, &degrees);
  // Mean and variance of chi-square are n and 2n: five standard deviations.
  EXPECT_LT(statistic, degrees + 5 * std::sqrt(2.0 * std::max(degrees, 1)));
}

TEST(DrawTest, FrequenciesMatchTheFilteredDistribution) {
  for (size_t vocab_size : {3u, 40u, 700u}) {
    for (int mask = 0; mask < 16; ++mask) {
      SamplingSettings settings;
      if (mask & 1) settings.temperature = 0.7;
      if (mask & 2) settings.top_k = 12;
      if (mask & 4) settings.top_p = 0.85;
      if (mask & 8) settings.min_p = 0.1;
      SCOPED_TRACE(cat("vocabulary ", vocab_size, ", filters ", mask));
      check_frequencies(vocab_size, settings);
    }
  }
}

TEST(DrawTest, UniformWalksTheIdsInOrder) {
  SamplingSettings settings;
  const std::vector<float> logits = {0, std::log(2.0F), 0};  // 1/4, 1/2, 1/4
  const auto id_at = [&](double uniform) { return draw_token(logits, settings, uniform).id; };
  EXPECT_EQ(id_at(0), 0);
  EXPECT_EQ(id_at(0.249), 0);
  EXPECT_EQ(id_at(0.251), 1);
  EXPECT_EQ(id_at(0.749), 1);
  EXPECT_EQ(id_at(0.751), 2);
  EXPECT_EQ(id_at(std::nextafter(1.0, 0.0)), 2);
}

TEST(DrawTest, LogprobIsUnfilteredAtTemperatureOne) {
  const auto logits = random_logits(300, 6, 5);
  const auto weights = weights_of(logits, 1);
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  SamplingSettings settings;
  settings.temperature = 0.3;
  settings.top_k = 20;
  settings.top_p = 0.9;
  settings.allowed_ids = 250;
  for (double uniform : {0.0, 0.3, 0.9}) {
    const Draw draw = draw_token(logits, settings, uniform);
    EXPECT_NEAR(draw.logprob, std::log(weights[static_cast<size_t>(draw.id)] / total), 2e-6);
  }
}

// At temperature 1 one pass gives the draw and the log-probability; below it there are two.
TEST(DrawTest, LogprobIsTheSameAtEveryTemperature) {
  const auto logits = random_logits(49152, 6, 8);
  SamplingSettings settings;
  const Draw at_one = draw_token(logits, settings, 0.4);
  for (double temperature : {0.0, 0.5, 2.0}) {
    settings.temperature = temperature;
    for (double uniform : {0.0, 0.4, 0.999}) {
      const Draw draw = draw_token(logits, settings, uniform);
      const float difference =
          logits[static_cast<size_t>(draw.id)] - logits[static_cast<size_t>(at_one.id)];
      EXPECT_NEAR(draw.logprob, at_one.logprob + difference, 2e-6);
    }
  }
}

TEST(DrawTest, GreedyTakesTheLowestIdOnATie) {
  SamplingSettings settings;
  settings.temperature = 0;
  std::vector<float> logits = {0, 3, 1, 3, 3};
  EXPECT_EQ(draw_token(logits, settings, 0.9).id, 1);
  for (size_t size : {17u, 64u, 1001u}) {
    for (size_t first : {size_t{0}, size / 2, size - 1}) {
      logits.assign(size, -1);
      logits[first] = logits.back() = 5;
      EXPECT_EQ(draw_token(logits, settings, 0.9).id, static_cast<int32_t>(first));
      settings.allowed_ids = static_cast<int64_t>(first) + 1;
      logits.push_back(9);  // not allowed
      EXPECT_EQ(draw_token(logits, settings, 0.9).id, static_cast<int32_t>(first));
      settings.allowed_ids = 0;
    }
  }
}

TEST(DrawTest, NonFiniteLogitsAreAnError) {
  for (float bad : {std::nanf(""), std::numeric_limits<float>::infinity()}) {
    std::vector<float> logits(100, 1);
    logits[63] = bad;
    EXPECT_THROW(draw_token(logits, {}, 0.5), Error);
  }
}

}  // namespace
}  // namespace laconic
