// Which ids may be drawn: top-k, top-p and min-p on the weights exp((logit - max) / temperature).
//
// Semantics are those of transformers' warpers;
// ties that torch.topk and torch.sort leave open are settled:
//   top-k  keeps every id whose weight is at least the k-th largest; ids that tie with it all stay.
//   top-p  in descending order (equal weights: lower id first) keeps an id while the probability
//          before it is below p. The best id always stays. Probabilities are those after top-k.
//   min-p  keeps an id whose weight is at least p times the largest; renormalising changes nothing.
// No full sort: top-k by nth_element on a growing shortlist, top-p by halving what can possibly
// stay. Order and rounding are fixed: the result is a function of the weights alone.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace laconic {

struct SamplingSettings;

struct TokenWeight {
  int32_t id = 0;
  float weight = 0;  // in [0, 1], the best id's is 1; not normalised
};

// `weights` [number of allowed ids], the largest is 1; `total` is their sum. Returns the kept ids
// in ascending order. REQUIRES: at least one of top_k, top_p, min_p is on.
std::vector<TokenWeight> filter_candidates(std::span<const float> weights, double total,
                                           const SamplingSettings& settings);

bool filters_are_on(const SamplingSettings& settings, int64_t num_allowed);

}  // namespace laconic
