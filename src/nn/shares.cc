// SPDX-License-Identifier: Apache-2.0
#include "nn/shares.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>

#include "nn/kernels_rows.h"

namespace laconic {
namespace {

constexpr int64_t kMaxShares = 16;
constexpr int64_t kMinTokens = 512;
constexpr int64_t kAddBlock = 1 << 14;

// Documents [first, last) of a batch.
TokenBatch cut_documents(const TokenBatch& batch, size_t first, size_t last) {
  const int32_t begin = batch.cu_seqlens[first], end = batch.cu_seqlens[last];
  TokenBatch part;
  part.ids.assign(batch.ids.begin() + begin, batch.ids.begin() + end);
  part.targets.assign(batch.targets.begin() + begin, batch.targets.begin() + end);
  if (!batch.loss_weights.empty()) {
    part.loss_weights.assign(batch.loss_weights.begin() + begin, batch.loss_weights.begin() + end);
  }
  for (size_t d = first; d < last; ++d)
    part.documents.push_back(batch.documents.empty() ? static_cast<int32_t>(d)
                                                     : batch.documents[d]);
  for (size_t d = first; d <= last; ++d) part.cu_seqlens.push_back(batch.cu_seqlens[d] - begin);
  return part;
}

}  // namespace

std::vector<TokenBatch> split_batch(const TokenBatch& batch) {
  const int64_t T = batch.num_tokens();
  const int64_t num_shares = std::clamp<int64_t>(T / kMinTokens, 1, kMaxShares);
  if (num_shares == 1) return {};
  const int64_t size = (T + num_shares - 1) / num_shares;
  const size_t num_documents = batch.cu_seqlens.size() - 1;
  std::vector<TokenBatch> shares;
  size_t first = 0;
  for (size_t d = 0; d < num_documents; ++d) {
    if (batch.cu_seqlens[d + 1] - batch.cu_seqlens[first] < size && d + 1 < num_documents) continue;
    shares.push_back(cut_documents(batch, first, d + 1));
    first = d + 1;
  }
  if (shares.size() == 1) shares.clear();
  return shares;
}

void for_shares(size_t count, const std::function<void(size_t, size_t)>& body) {
  std::atomic<size_t> next{0};
  // A thread gets one range, so that where it begins is a thread's number.
  at::parallel_for(0, static_cast<int64_t>(num_workers()), 1, [&](int64_t begin, int64_t) {
    for (size_t share = next++; share < count; share = next++)
      body(share, static_cast<size_t>(begin));
  });
}

size_t num_workers() { return static_cast<size_t>(at::get_num_threads()); }

void add_rows(const at::Tensor& rows, const at::Tensor& total) {
  const int64_t size = total.numel();
  const auto* from = static_cast<const float*>(rows.data_ptr());
  auto* to = static_cast<float*>(total.data_ptr());
  at::parallel_for(0, (size + kAddBlock - 1) / kAddBlock, 1, [&](int64_t begin, int64_t end) {
    for (int64_t block = begin; block < end; ++block) {
      const int64_t first = block * kAddBlock;
      const auto count = static_cast<size_t>(std::min(kAddBlock, size - first));
      for (int64_t row = 0; row < rows.size(0); ++row) {
        rows::add(from + row * size + first, to + first, count);
      }
    }
  });
}

}  // namespace laconic
