// 95 % intervals of shares and of quantiles that hold for few problems and at 0 and 1, with the
// samples of one problem as one cluster.
//
// Shares: Clopper and Pearson's exact interval when every problem has one sample. With several
// samples: the same formula at the effective number of samples p (1 - p) / se^2 with the clustered
// s.e., reduced by (t_{N-1} / t_{G-1})^2, as Korn and Graubard (1998) do for surveys (R's
// svyciprop, method "beta"); at p = 0 or 1 every problem counts once, whatever its samples.
// Quantiles: Woodruff (1952): the interval of the share of values up to the quantile, mapped back
// through the empirical quantiles. Mean: Student's t with G - 1 degrees of freedom. Nothing known
// (no problem, or one with several samples): the whole range. Deterministic; no errors.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "eval/statistics.h"

namespace laconic {

// Exact for `successes` of `trials`; 0 <= successes <= trials, which need not be whole numbers.
Interval clopper_pearson(double successes, double trials);

// Clusters of values 0 and 1.
Interval share_interval(std::span<const Cluster> clusters);

struct QuantileEstimate {
  double value = 0;
  Interval interval;
};

// The values of one problem each; empty problems take no part. REQUIRES: at least one value.
QuantileEstimate clustered_quantile(std::span<const std::vector<double>> problems, double share);

// Lengths in tokens with everything that is said about them.
struct LengthStatistics {
  Estimate mean;  // num_samples 0: there are none, the rest means nothing
  Interval mean_interval;
  QuantileEstimate median, p90;
};
LengthStatistics length_statistics(std::span<const std::vector<double>> problems);

}  // namespace laconic
