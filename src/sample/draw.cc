// One draw from a row of logits.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <vector>

#include "base/error.h"
#include "sample/filters.h"
#include "sample/sample.h"
#include "sample/softmax_kernels.h"

namespace laconic {
namespace {

// The first id whose cumulative weight exceeds `target`; block sums spare most of the additions.
int32_t find_by_cumulative(std::span<const float> weights, std::span<const double> block_sums,
                           double target) {
  double before = 0;
  size_t block = 0;
  while (block + 1 < block_sums.size() && before + block_sums[block] <= target)
    before += block_sums[block++];
  // Where rounding carries the target past the block's last id, the last id of non-zero weight so
  // far is taken.
  const size_t end = std::min(weights.size(), (block + 1) * kSoftmaxBlock);
  size_t found = 0;
  for (size_t id = block * kSoftmaxBlock; id < end; ++id) {
    if (weights[id] == 0) continue;
    found = id;
    before += weights[id];
    if (before > target) break;
  }
  return static_cast<int32_t>(found);
}

int32_t find_by_cumulative(std::span<const TokenWeight> candidates, double uniform) {
  double total = 0;
  for (const TokenWeight& candidate : candidates) total += candidate.weight;
  double cumulative = 0;
  for (const TokenWeight& candidate : candidates) {
    cumulative += candidate.weight;
    if (cumulative > uniform * total) return candidate.id;
  }
  return candidates.back().id;
}

float require_finite_max(std::span<const float> logits) {
  const float max = finite_max(logits);
  require(std::isfinite(max), ErrorKind::kFailure,
          "sampler: expected finite logits, got NaN or infinity (the model has diverged or its "
          "weights are damaged)");
  return max;
}

// exp_sum: of all logits at temperature 1.
float logprob_of(float logit, float max, double exp_sum) {
  return static_cast<float>(static_cast<double>(logit) - static_cast<double>(max) -
                            std::log(exp_sum));
}

}  // namespace

float token_logprob(std::span<const float> logits, int32_t id) {
  const float max = require_finite_max(logits);
  return logprob_of(logits[static_cast<size_t>(id)], max, sum_exp(logits, max, 1.0F));
}

Draw draw_token(std::span<const float> logits, const SamplingSettings& settings, double uniform) {
  const size_t num_allowed =
      settings.allowed_ids > 0 ? std::min(static_cast<size_t>(settings.allowed_ids), logits.size())
                               : logits.size();
  const std::span<const float> allowed = logits.first(num_allowed);
  const float max = require_finite_max(logits);
  const bool all = num_allowed == logits.size();
  const float allowed_max = all ? max : finite_max(allowed);
  const auto drawn = [&](int32_t id, double exp_sum) {
    return Draw{id, logprob_of(logits[static_cast<size_t>(id)], max, exp_sum)};
  };

  if (settings.temperature == 0) {
    const auto run = find_run_at_least(allowed, allowed_max, 0);
    const auto from = allowed.begin() + static_cast<std::ptrdiff_t>(run);
    const auto best = std::find(from, allowed.end(), allowed_max) - allowed.begin();
    return drawn(static_cast<int32_t>(best), sum_exp(logits, max, 1.0F));
  }
  thread_local std::vector<float> weights;
  thread_local std::vector<double> block_sums;
  weights.resize(num_allowed);
  block_sums.resize((num_allowed + kSoftmaxBlock - 1) / kSoftmaxBlock);
  const double total = write_exp(
      allowed, allowed_max, static_cast<float>(1.0 / settings.temperature), {weights, block_sums});
  int32_t id = 0;
  if (filters_are_on(settings, static_cast<int64_t>(num_allowed))) {
    id = find_by_cumulative(filter_candidates(weights, total, settings), uniform);
  } else {
    id = find_by_cumulative(weights, block_sums, uniform * total);
  }
  return drawn(id, all && settings.temperature == 1 ? total : sum_exp(logits, max, 1.0F));
}

}  // namespace laconic
