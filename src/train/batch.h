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

using TokenRows = std::span<const TokenRow* const>;

// Rows in order, each micro-batch at most `max_tokens` long unless a single row is longer than
// that. Rows of one group, which stand side by side, stay together: Error(kUsage) where a group of
// several is longer.
std::vector<TokenBatch> make_batches(TokenRows rows, int64_t max_tokens);
// Rows without a group count as one each.
int64_t count_groups(TokenRows rows);

// log p of each row's targets, in the order of the rows and of their ids.
std::vector<std::vector<float>> row_logprobs(Decoder& decoder, TokenRows rows, int64_t max_tokens);

}  // namespace laconic
