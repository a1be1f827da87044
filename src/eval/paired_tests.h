// Tests on the differences of two runs over the same problems, one number a problem: bootstrap
// interval, permutation test, non-inferiority, and the number of problems that a margin needs.
//
//   bootstrap    problems drawn with replacement, 10,000 times; bias-corrected and accelerated
//                (Efron 1987), as scipy.stats.bootstrap(method="BCa") does it.
//   permutation  the sign of each difference is free under "no difference" (Fisher's test on
//   pairs);
//                two-sided p of the mean. Exact by enumeration up to 20 non-zero differences; exact
//                by the binomial (McNemar's exact test) when all have one size; else 10,000 random
//                signs, p = (1 + as extreme) / (1 + draws).
//   margin       one-sided at 2.5 % with Student's t, equal to asking that the two-sided 95 %
//                interval ends above -margin.
//
// Random numbers: Philox (base/philox.h) keyed by (seed, draw, position): the same bits everywhere.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "eval/statistics.h"

namespace laconic {

struct Resampling {
  uint64_t seed = 42;
  int64_t num_draws = 10000;
};

// REQUIRES: not empty. One difference: unbounded. All differences equal: that value twice.
Interval bootstrap_interval(std::span<const double> differences, const Resampling& setting = {});

struct PermutationTest {
  double p = 1;
  std::string method;  // "exact", "binomial", "random signs"
};
PermutationTest permutation_test(std::span<const double> differences,
                                 const Resampling& setting = {});

enum class MarginVerdict {
  kNotInferior,  // the interval ends above -margin: "equal accuracy"
  kInferior,     // the interval ends below -margin
  kUndecided     // -margin lies inside: more problems are needed
};
const char* margin_verdict_name(MarginVerdict verdict);
MarginVerdict judge_margin(const Interval& interval, double margin);

// One-sided p of "worse than -margin" for a mean difference; 1 where the s.e. is unknown.
double non_inferiority_p(const PairedDifference& difference, double margin);

// Fewest problems at which non-inferiority is shown with probability `power` when the differences
// have standard deviation `sd` and mean `true_difference`. Nothing when no number suffices
// (true_difference <= -margin).
std::optional<int64_t> problems_needed(double sd, double margin, double true_difference = 0,
                                       double power = 0.8);

}  // namespace laconic
