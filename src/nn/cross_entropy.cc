// SPDX-License-Identifier: Apache-2.0
#include "nn/cross_entropy.h"

#include <algorithm>

namespace laconic {

namespace {
constexpr int64_t kMaxLogits = 192ll << 18;  // floats: 192 MiB
constexpr int64_t kLeastRows = 12;           // fewer leave a product's tile half empty
}  // namespace

int64_t head_rows(int64_t chunk, int64_t vocab_size) {
  return std::min(chunk, std::max(kMaxLogits / vocab_size, kLeastRows));
}

void head_loss(const HeadLoss& loss, int64_t chunk, const Kernels& kernels, Workspace& workspace) {
  const int64_t num_rows = loss.rows.size(0), vocab_size = loss.head.weight.size(0);
  // Chunks of like size: each packs the head again.
  const int64_t most = head_rows(chunk, vocab_size);
  const int64_t num_chunks = std::max<int64_t>(1, (num_rows + most - 1) / most);
  const int64_t step = (num_rows + num_chunks - 1) / num_chunks;
  for (int64_t begin = 0; begin < num_rows; begin += step) {
    const int64_t size = std::min(step, num_rows - begin);
    const auto part = [&](const at::Tensor& t) { return t.narrow(0, begin, size); };
    CrossEntropyRows rows;
    rows.logits = workspace.take("logits", {size, vocab_size}, loss.rows.options());
    rows.targets = part(loss.targets);
    rows.factors = part(loss.factors);
    rows.nll = part(loss.nll);
    rows.gradient = loss.drows.defined();
    rows.softcap = loss.softcap;
    linear(part(loss.rows), loss.head, rows.logits);
    kernels.cross_entropy(rows);
    if (!rows.gradient) continue;
    linear_backward_input(rows.logits, loss.head, part(loss.drows));
    if (loss.dhead.defined())
      linear_backward_weight(rows.logits, part(loss.rows), loss.dhead, loss.head.mode);
  }
}

}  // namespace laconic
