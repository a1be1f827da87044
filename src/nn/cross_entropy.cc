// SPDX-License-Identifier: Apache-2.0
#include "nn/cross_entropy.h"

#include <algorithm>

namespace laconic {

void head_loss(const HeadLoss& loss, int64_t chunk, const Kernels& kernels, Workspace& workspace) {
  const int64_t num_rows = loss.rows.size(0), vocab_size = loss.head.weight.size(0);
  for (int64_t begin = 0; begin < num_rows; begin += chunk) {
    const int64_t size = std::min(chunk, num_rows - begin);
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
      linear_backward_weight(rows.logits, part(loss.rows), loss.dhead, loss.head.precision);
  }
}

}  // namespace laconic
