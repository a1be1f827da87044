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

#include "base/token_row.h"
#include "nn/decoder.h"  // TokenBatch

namespace laconic {

// Rows in order, each micro-batch at most `max_tokens` long unless a single row is longer than
// that.
std::vector<TokenBatch> make_batches(std::span<const TokenRow* const> rows, int64_t max_tokens);

}  // namespace laconic
