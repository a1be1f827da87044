// SPDX-License-Identifier: Apache-2.0
#include "method/choice.h"

#include <cstdio>
#include <tuple>

#include "base/error.h"
#include "base/format.h"

namespace laconic {
namespace {

// Empty: the candidate qualifies.
std::string why_not_accurate(const CheckpointCandidate& candidate, const Measurement& long_model,
                             const ChoiceSettings& settings) {
  if (settings.rule == ChoiceRule::kPaper) {
    const double wanted = settings.accuracy_share * long_model.accuracy;
    if (candidate.measured.accuracy > wanted) return "";
    return cat("accuracy ", fixed(candidate.measured.accuracy, 3), " is not above ",
               fixed(wanted, 3), " (", settings.accuracy_share, " of the long model's)");
  }
  // Written so that a NaN or an interval of unknown width does not pass.
  if (candidate.accuracy_difference_low >= -settings.margin) return "";
  return cat("accuracy may be ", fixed(-candidate.accuracy_difference_low, 3),
             " lower than the long model's, more than the margin of ", settings.margin);
}

std::tuple<double, double, int64_t> by_length(const CheckpointCandidate& c) {
  return {c.measured.tokens, -c.measured.accuracy, c.step};
}

std::tuple<double, double, int64_t> by_accuracy(const CheckpointCandidate& c) {
  return {-c.measured.accuracy, c.measured.tokens, c.step};
}

}  // namespace

ChoiceRule parse_choice_rule(const std::string& text) {
  if (text == "paired") return ChoiceRule::kPaired;
  if (text == "paper") return ChoiceRule::kPaper;
  fail(ErrorKind::kUsage, "choice rule: expected paired or paper, got \"", text, "\"");
}

Choice choose_checkpoint(const std::vector<CheckpointCandidate>& candidates,
                         const Measurement& long_model, const ChoiceSettings& settings) {
  LACONIC_CHECK(!candidates.empty(), "no candidates");
  Choice choice;
  std::vector<std::string> faults;
  for (size_t i = 0; i < candidates.size(); ++i) {
    faults.push_back(why_not_accurate(candidates[i], long_model, settings));
    if (!faults[i].empty()) continue;
    if (!choice.qualified || by_length(candidates[i]) < by_length(candidates[choice.index]))
      choice.index = i;
    choice.qualified = true;
  }
  for (size_t i = 1; i < candidates.size() && !choice.qualified; ++i) {
    if (by_accuracy(candidates[i]) < by_accuracy(candidates[choice.index])) choice.index = i;
  }
  const CheckpointCandidate& chosen = candidates[choice.index];
  size_t num_qualified = 0;
  for (size_t i = 0; i < candidates.size(); ++i) {
    num_qualified += faults[i].empty();
    if (i == choice.index) continue;
    const CheckpointCandidate& other = candidates[i];
    if (faults[i].empty())
      faults[i] = cat("accurate enough, but ", fixed(other.measured.tokens, 1),
                      " mean tokens are not fewer than ", fixed(chosen.measured.tokens, 1));
    choice.rejected.push_back({other.step, faults[i]});
  }
  const std::string what =
      cat("step ", chosen.step, " (accuracy ", fixed(chosen.measured.accuracy, 3), ", ",
          fixed(chosen.measured.tokens, 1), " mean tokens)");
  choice.explanation = choice.qualified
                           ? cat(what, " has the fewest mean tokens of the ", num_qualified,
                                 " accurate enough among ", candidates.size())
                           : cat(what, " is the most accurate of ", candidates.size(),
                                 "; none is accurate enough: its ", faults[choice.index]);
  return choice;
}

}  // namespace laconic
