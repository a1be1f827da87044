// One row that a model is trained on, as ids: what text makes and the trainer reads.
//
// Prompt, completion and end of turn are joined as ids, never cut. Not how a row came about: that
// is text/prompt_builder.h's, and a batch of rows is train/batch.h's.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "base/span.h"

namespace laconic {

struct TokenRow {
  std::vector<int32_t> ids;        // prompt, completion, end of turn
  int64_t num_prompt_tokens = 0;   // >= 1, < ids.size(): targets are the ids after them
  std::vector<Span> context = {};  // after the prompt and no targets; in order, apart; mostly none
  // [ids.size()] or empty (all 1): factor of each target's negative log-likelihood, of any sign.
  // Those of ids that are no targets are not read.
  std::vector<float> loss_weights = {};
  // Rows of one number, side by side in a step, are run in one micro-batch: a loss of several rows
  // sees them together (base/token_loss.h). -1: the row stands alone.
  int64_t group = -1;

  int64_t num_targets() const {
    int64_t count = static_cast<int64_t>(ids.size()) - num_prompt_tokens;
    for (const Span& span : context) count -= span.size();
    return count;
  }
  bool is_target(int64_t i) const {
    for (const Span& span : context)
      if (i >= span.begin && i < span.end) return false;
    return i >= num_prompt_tokens && i < static_cast<int64_t>(ids.size());
  }
};

}  // namespace laconic
