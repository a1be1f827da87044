// Accuracy under a sliding token budget, from one set of samples: what a cap of b tokens would have
// given.
//
// A sampler's cap does not change what is sampled before it, so a reply of t tokens is under the
// budget b exactly the same reply when t <= b, and is cut to b tokens otherwise. A cut reply counts
// as wrong: a lower bound, since one that had boxed its answer before the cut could still be judged
// right by a rule that reads unfinished replies. Budgets beyond the cap that the samples were made
// under say nothing new. s.e. clustered by problem. O(N log N + budgets x problems). Deterministic.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "data/records.h"
#include "eval/statistics.h"

namespace laconic {

struct BudgetPoint {
  int64_t budget_tokens = 0;
  Estimate accuracy;
  double tokens = 0;  // mean of min(tokens, budget) over all replies
};

// One point a budget. REQUIRES: budgets ascending.
std::vector<BudgetPoint> budget_curve(std::span<const SampleRecord> records,
                                      std::span<const int64_t> budgets);

// Tokens of the longest reply; 0 without any.
int64_t longest_reply(std::span<const SampleRecord> records);

// At most `count` ascending budgets from `low` to `high`, in equal ratios. REQUIRES: low > 0, count
// >= 2.
std::vector<int64_t> budget_grid(int64_t low, int64_t high, int64_t count = 48);

// The last `count` of least, 2 least, 4 least, ... up to the first that is not below `longest`; the
// largest int64 where doubling would pass it. REQUIRES: least > 0, count > 0.
std::vector<int64_t> doubling_budgets(int64_t longest, int64_t least = 64, int64_t count = 8);

}  // namespace laconic
