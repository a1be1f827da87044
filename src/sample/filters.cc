// SPDX-License-Identifier: Apache-2.0
#include "sample/filters.h"

#include <algorithm>
#include <functional>
#include <limits>

#include "sample/sample.h"  // SamplingSettings
#include "sample/softmax_kernels.h"

namespace laconic {
namespace {

bool better(const TokenWeight& a, const TokenWeight& b) {
  return a.weight > b.weight || (a.weight == b.weight && a.id < b.id);
}

// function(id) in ascending order, at least for the ids that weigh `floor` or more, which may rise
// meanwhile: few ids do, so most are passed over in runs.
template <typename Function>
void for_runs(std::span<const float> weights, const float& floor, const Function& function) {
  for (size_t run = 0; (run = find_run_at_least(weights, floor, run)) < weights.size();
       run += kSoftmaxRun) {
    const size_t end = std::min(run + kSoftmaxRun, weights.size());
    for (size_t id = run; id < end; ++id) function(id);
  }
}

// The k-th largest weight.
float kth_largest(std::span<const float> weights, size_t k) {
  // A shortlist of those that beat the k-th largest seen so far; it is cut back whenever it has
  // doubled.
  std::vector<float> shortlist;
  float threshold = -1;
  size_t limit = 4 * k + 256;
  const auto cut = [&] {
    if (shortlist.size() <= k) return;
    const auto kth = shortlist.begin() + static_cast<std::ptrdiff_t>(k) - 1;
    std::nth_element(shortlist.begin(), kth, shortlist.end(), std::greater<>());
    threshold = *kth;
    shortlist.resize(k);
  };
  shortlist.reserve(limit + 1);
  for_runs(weights, threshold, [&](size_t id) {
    if (weights[id] <= threshold) return;
    shortlist.push_back(weights[id]);
    if (shortlist.size() > limit) cut();
  });
  cut();
  return *std::min_element(shortlist.begin(), shortlist.end());
}

std::vector<TokenWeight> at_least(std::span<const float> weights, float floor) {
  std::vector<TokenWeight> kept;
  for_runs(weights, floor, [&](size_t id) {
    if (weights[id] >= floor) kept.push_back({static_cast<int32_t>(id), weights[id]});
  });
  return kept;
}

// The last candidate, in descending order, that top-p keeps. Halves the part where it must lie by
// nth_element, so that only a few are ever sorted.
TokenWeight last_of_top_p(std::vector<TokenWeight> candidates, double total, double top_p) {
  auto begin = candidates.begin(), end = candidates.end();
  double before = 0;  // weight of those before `begin`, all kept
  while (end - begin > 16) {
    const auto middle = begin + (end - begin) / 2;
    std::nth_element(begin, middle, end, better);
    double sum = 0;
    for (auto c = begin; c != middle; ++c) sum += c->weight;
    if (before + sum < top_p * total) {
      before += sum;
      begin = middle;
    } else {
      end = middle;
    }
  }
  std::sort(begin, end, better);
  while (begin + 1 < end && before + begin->weight < top_p * total) before += (begin++)->weight;
  return *begin;
}

}  // namespace

bool filters_are_on(const SamplingSettings& settings, int64_t num_allowed) {
  return (settings.top_k > 0 && settings.top_k < num_allowed) || settings.top_p < 1 ||
         settings.min_p > 0;
}

std::vector<TokenWeight> filter_candidates(std::span<const float> weights, double total,
                                           const SamplingSettings& settings) {
  const auto size = static_cast<double>(weights.size());
  const bool use_top_k =
      settings.top_k > 0 && settings.top_k < static_cast<int64_t>(weights.size());
  // An id of weight zero is never drawn: it need not be listed.
  const float min_weight =
      std::max(static_cast<float>(settings.min_p), std::numeric_limits<float>::denorm_min());
  const float top_k_floor =
      use_top_k ? kth_largest(weights, static_cast<size_t>(settings.top_k)) : 0.0F;
  if (settings.top_p >= 1) return at_least(weights, std::max(min_weight, top_k_floor));

  std::vector<TokenWeight> candidates;
  if (use_top_k) {
    candidates = at_least(weights, top_k_floor);
    total = 0;
    for (const TokenWeight& candidate : candidates) total += candidate.weight;
  } else {
    // Ids below w hold less than size * w: where that is under the share that top-p drops, they are
    // dropped. Half of it leaves room for rounding.
    const auto droppable = static_cast<float>(0.5 * (1 - settings.top_p) * total / size);
    candidates = at_least(weights, std::min(droppable, 1.0F));
  }
  const TokenWeight last = last_of_top_p(candidates, total, settings.top_p);
  std::erase_if(candidates, [&](const TokenWeight& candidate) {
    return better(last, candidate) || candidate.weight < min_weight;
  });
  return candidates;
}

}  // namespace laconic
