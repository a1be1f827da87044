// SPDX-License-Identifier: Apache-2.0
#include "train/batch.h"

#include "base/error.h"

namespace laconic {
namespace {

void append_row(const TokenRow& row, int32_t number, TokenBatch& batch) {
  const int64_t size = static_cast<int64_t>(row.ids.size());
  LACONIC_CHECK(row.num_prompt_tokens >= 1 && row.num_prompt_tokens < size, "row of ", size,
                " ids with a prompt of ", row.num_prompt_tokens);
  batch.ids.insert(batch.ids.end(), row.ids.begin(), row.ids.end());
  const size_t first = batch.targets.size();
  for (int64_t t = 0; t < size; ++t) {
    const bool has_target = t + 1 >= row.num_prompt_tokens && t + 1 < size;
    batch.targets.push_back(has_target ? row.ids[static_cast<size_t>(t + 1)] : -1);
  }
  for (const Span& span : row.context) {
    LACONIC_CHECK(span.begin >= row.num_prompt_tokens && span.begin < span.end && span.end < size,
                  "context [", span.begin, ", ", span.end, ") in a row of ", size, " ids");
    for (int64_t t = span.begin; t < span.end; ++t)
      batch.targets[first + static_cast<size_t>(t) - 1] = -1;
  }
  batch.cu_seqlens.push_back(static_cast<int32_t>(batch.ids.size()));
  batch.documents.push_back(number);
}

}  // namespace

std::vector<TokenBatch> make_batches(std::span<const TokenRow* const> rows, int64_t max_tokens) {
  std::vector<TokenBatch> batches;
  int32_t number = 0;
  for (const TokenRow* row : rows) {
    const int64_t size = static_cast<int64_t>(row->ids.size());
    if (batches.empty() || batches.back().num_tokens() + size > max_tokens) {
      batches.emplace_back();
      batches.back().cu_seqlens.push_back(0);
    }
    append_row(*row, number++, batches.back());
  }
  return batches;
}

}  // namespace laconic
