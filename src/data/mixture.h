// The mixture of training domains and its re-weighting from measured accuracy and length: TL;DR's
// rule.
//
// Source: arXiv 2506.02678 and its published code (methods-compression 11.6); departures:
// everything the code leaves to NaN is an Error in words, and gains can be shrunk by their standard
// error. Arithmetic only; double precision; deterministic.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace laconic {

// Accuracy in [0, 1] and mean tokens of one model on the development set, under one sampler
// setting.
struct Measurement {
  double accuracy = 0;
  double accuracy_se = 0;  // clustered by problem
  double tokens = 0;
  double tokens_se = 0;
};

struct Bounds {
  Measurement long_model;   // --model
  Measurement short_model;  // --short-model
};

// Error(kCheck) in words when the bounds give no scale: acc_long <= acc_short, tok_long ==
// tok_short.
void check_bounds(const Bounds& bounds);

struct Gains {
  double short_gain = 0;  // max((tok - tok_short) / |tok_long - tok_short|, 0)
  double long_gain = 0;   // max((acc_long - acc) / |acc_long - acc_short|, 0)
};

struct GainErrors {
  double short_se = 0;
  double long_se = 0;
};

Gains raw_gains(const Bounds& bounds, const Measurement& now);
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
