// SPDX-License-Identifier: Apache-2.0
#include "train/batch.h"

#include <unordered_set>

#include "base/error.h"

namespace laconic {
namespace {

void append_loss_weights(const TokenRow& row, TokenBatch& batch) {
  const size_t size = row.ids.size(), before = batch.ids.size() - size;
  if (row.loss_weights.empty() && batch.loss_weights.empty()) return;
  LACONIC_CHECK(row.loss_weights.empty() || row.loss_weights.size() == size,
                row.loss_weights.size(), " loss weights for ", size, " ids");
  batch.loss_weights.resize(before, 1.0f);  // of the rows before, if they had none
  batch.loss_weights.resize(before + size, 1.0f);
  for (size_t t = 0; t + 1 < row.loss_weights.size(); ++t)
    batch.loss_weights[before + t] = row.loss_weights[t + 1];
}

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
  append_loss_weights(row, batch);
  batch.cu_seqlens.push_back(static_cast<int32_t>(batch.ids.size()));
  batch.documents.push_back(number);
}

// The rows from `first` on that stay together: one, or a group.
size_t end_of_unit(TokenRows rows, size_t first) {
  size_t end = first + 1;
  while (rows[first]->group >= 0 && end < rows.size() && rows[end]->group == rows[first]->group)
    ++end;
  return end;
}

}  // namespace

int64_t count_groups(TokenRows rows) {
  int64_t count = 0;
  for (size_t first = 0; first < rows.size(); first = end_of_unit(rows, first)) ++count;
  return count;
}

std::vector<TokenBatch> make_batches(TokenRows rows, int64_t max_tokens) {
  std::vector<TokenBatch> batches;
  std::unordered_set<int64_t> groups;
  for (size_t first = 0, end = 0; first < rows.size(); first = end) {
    end = end_of_unit(rows, first);
    const int64_t group = rows[first]->group;
    LACONIC_CHECK(group < 0 || groups.insert(group).second, "rows of group ", group,
                  " are not side by side");
    int64_t size = 0;
    for (size_t i = first; i < end; ++i) size += static_cast<int64_t>(rows[i]->ids.size());
    require(end == first + 1 || size <= max_tokens, ErrorKind::kUsage,
            "micro_batch_tokens: expected room for a group of rows that the loss sees together (",
            end - first, " rows, ", size, " tokens), got ", max_tokens,
            " (raise --micro-batch-tokens, or make groups or rows smaller)");
    if (batches.empty() || batches.back().num_tokens() + size > max_tokens) {
      batches.emplace_back();
      batches.back().cu_seqlens.push_back(0);
    }
    for (size_t i = first; i < end; ++i)
      append_row(*rows[i], static_cast<int32_t>(i), batches.back());
  }
  return batches;
}

std::vector<std::vector<float>> row_logprobs(Decoder& decoder, TokenRows rows, int64_t max_tokens) {
  std::vector<std::vector<float>> all(rows.size());
  for (const TokenBatch& batch : make_batches(rows, max_tokens)) {
    const std::vector<float> logprobs = decoder.target_logprobs(batch);
    for (size_t d = 0; d < batch.documents.size(); ++d) {
      std::vector<float>& row = all[static_cast<size_t>(batch.documents[d])];
      for (int32_t t = batch.cu_seqlens[d]; t < batch.cu_seqlens[d + 1]; ++t)
        if (batch.targets[static_cast<size_t>(t)] >= 0)
          row.push_back(logprobs[static_cast<size_t>(t)]);
    }
  }
  return all;
}

}  // namespace laconic
