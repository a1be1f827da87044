// What every method reports of a model: accuracy and mean length on the development set, with their
// standard errors; and the two reference models' between which TL;DR's gains are measured.
//
// Values only: eval/statistics.h computes them from sampled replies. Accuracy in [0, 1], length in
// sampled tokens a reply; all four under one sampler setting, or they do not compare.
// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace laconic {

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

}  // namespace laconic
