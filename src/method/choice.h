// Which checkpoint of a run is the result: the shortest of those that are accurate enough.
//
// Rules: kPaired (default): the lower end of the 95 % interval of the paired accuracy difference to
// the long bound is not below -margin (the interval comes from eval/statistics.h); kPaper (arXiv
// 2506.02678): accuracy above 0.7 of the long bound's. Among those the fewest mean tokens; ties:
// higher accuracy, then the earlier step. Where none qualifies, the most accurate one (ties: fewer
// tokens, earlier step), and the explanation says so. Deterministic.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "method/mixture.h"

namespace laconic {

struct CheckpointCandidate {
  int64_t step = 0;
  Measurement measured;  // on the development set
  double accuracy_difference_low =
      0;  // of the checkpoint minus the long bound: lower end of the 95 % interval
};

enum class ChoiceRule { kPaired, kPaper };

// "paired" or "paper"; anything else is Error(kUsage).
ChoiceRule parse_choice_rule(const std::string& text);

struct ChoiceSettings {
  ChoiceRule rule = ChoiceRule::kPaired;
  double margin = 0.05;         // kPaired: accuracy that may be lost, in [0, 1]
  double accuracy_share = 0.7;  // kPaper: of the long bound's accuracy, to be exceeded
};

struct Rejection {
  int64_t step = 0;
  std::string
      reason;  // "accuracy may be 0.081 lower than the long model's, more than the margin of 0.05"
};

struct Choice {
  size_t index = 0;                 // into the candidates
  bool qualified = false;           // false: none did, this is the most accurate
  std::vector<Rejection> rejected;  // every other candidate, in the order given
  std::string explanation;          // one sentence
};

// REQUIRES: at least one candidate.
Choice choose_checkpoint(const std::vector<CheckpointCandidate>& candidates,
                         const Measurement& long_model, const ChoiceSettings& settings);

}  // namespace laconic
