// A loss that is formed from the log-probabilities of targets: what a training method is to the
// trainer.
//
// The decoder runs forward, asks once for the value and its derivatives, and runs backward with
// them; of the forward pass only the head is repeated. So a method is plain arithmetic on spans: it
// knows no tensor, and the same class is tested by tables in the core. What a method needs beside
// the log-probabilities (advantages, a reference model's log-probabilities) it keeps by the numbers
// of the rows. Not for losses of whole distributions (divergences from a teacher): those need other
// products of the head.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace laconic {

// The N targets of one micro-batch, rows in order and whole; rows of one group (TokenRow::group)
// are all there.
struct TargetScores {
  std::span<const float> logprobs;      // [N], natural log
  std::span<const float> loss_weights;  // [N] of the rows, or empty (all 1)
  std::span<const int64_t> offsets;     // [B + 1]: row b's targets are [offsets[b], offsets[b + 1])
  std::span<const int32_t> rows;        // [B], each row's number in the step, from 0

  size_t num_rows() const { return rows.size(); }
  std::span<const float> row_logprobs(size_t b) const {
    return logprobs.subspan(static_cast<size_t>(offsets[b]),
                            static_cast<size_t>(offsets[b + 1] - offsets[b]));
  }
};

class TokenLoss {
 public:
  virtual ~TokenLoss() = default;
  // The loss of these rows, a sum that the caller normalises; `slopes` [N], not initialised, gets
  // its derivative by each log-probability. Called once for each micro-batch that has a target, in
  // order, from one thread. What is not finite makes the trainer skip the step.
  virtual double evaluate(const TargetScores& scores, std::span<float> slopes) = 0;
};

}  // namespace laconic
