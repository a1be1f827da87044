// Training rows as the engine wants them: cut into flat micro-batches by a token budget.
//
// A row is whole or absent: nothing is truncated here. Targets are the ids after the prompt
// (completion and end of turn) but those of `context`, the turns of others between them; position t
// predicts ids[t+1], so the last position of a row has none.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/span.h"
#include "nn/decoder.h"  // TokenBatch

namespace laconic {

struct TrainRow {
  std::vector<int32_t> ids;
  int64_t num_prompt_tokens = 0;   // >= 1 and < ids.size()
  std::vector<Span> context = {};  // behind the prompt, in order, apart; mostly none
  int64_t num_targets() const;
};

// Rows in order, each micro-batch at most `max_tokens` long unless a single row is longer than
// that.
std::vector<TokenBatch> make_batches(std::span<const TrainRow* const> rows, int64_t max_tokens);

}  // namespace laconic
