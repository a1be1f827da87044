// The mixture of training domains and its re-weighting from measured accuracy and length: TL;DR's
// rule.
//
// Source: arXiv 2506.02678 and its published code (methods-compression 11.6); departures:
// everything the code leaves to NaN is an Error in words, and gains can be shrunk by their standard
// error. Arithmetic only; double precision; deterministic.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "data/measurement.h"
#include "data/records.h"  // SampleRecord

namespace laconic {

// Error(kCheck) in words when the bounds give no scale: acc_long <= acc_short, tok_long ==
// tok_short.
void check_bounds(const Bounds& bounds);

struct Gains {
  double short_gain = 0;  // max((tok - tok_short) / |tok_long - tok_short|, 0)
  double long_gain = 0;   // max((acc_long - acc) / |acc_long - acc_short|, 0)
};

// Standard errors of the raw gains.
struct GainErrors {
  double short_se = 0;
  double long_se = 0;
};

Gains raw_gains(const Bounds& bounds, const Measurement& now);
// With the bounds' own error, paired by problem: a gain is a ratio of means of per-problem
// differences, x_g / y_g; s.e. by the delta method. Error(kData) where the problems differ.
GainErrors gain_errors(std::span<const SampleRecord> long_model,
                       std::span<const SampleRecord> short_model,
                       std::span<const SampleRecord> now);
// The same from bounds that were given, not sampled: all errors taken as independent.
GainErrors gain_errors(const Bounds& bounds, const Measurement& now);
// max(0, raw - standard error).
Gains shrunk_gains(const Gains& raw, const GainErrors& errors);

struct MixtureSettings {
  double eta = 4.0;
  double smoothing = 1e-4;  // c
};

// alpha <- softmax(log alpha + eta * gain); alpha <- (1 - c) alpha + c / K. REQUIRES: sizes equal,
// alpha > 0, sum 1.
std::vector<double> update_mixture(const std::vector<double>& alpha,
                                   const std::vector<double>& gains,
                                   const MixtureSettings& settings);

// Parses "short=0.3,long=0.7" in the order of `names`; Error(kUsage) unless each is named once and
// they sum to 1 (1e-6).
std::vector<double> parse_mixture(const std::string& text, const std::vector<std::string>& names);

}  // namespace laconic
