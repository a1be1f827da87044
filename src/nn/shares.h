// A batch in shares of whole documents, for small models: one thread takes a share through forward
// and backward on its own, so that threads meet once in a step and not at every operator.
//
// The split depends on the batch alone, and shares' gradients are added in order: the result does
// not depend on the number of threads.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <functional>
#include <vector>

#include "nn/decoder.h"

namespace laconic {

// Models up to this size are trained in shares of the batch; larger ones share each operator
// instead, since every share needs a gradient buffer of its own.
inline constexpr int64_t kMaxSharedWeights = 4 << 20;

// At most 16 shares of about equal token counts, none (but the last) under 512 tokens. One share:
// empty result.
std::vector<TokenBatch> split_batch(const TokenBatch& batch);

// body(share, worker) for shares 0 .. count - 1, the next free thread taking the next one. No two
// calls that run at the same time have the same worker, a number below num_workers().
void for_shares(size_t count, const std::function<void(size_t, size_t)>& body);
size_t num_workers();

// total [N] += each row of rows [R, N], in order.
void add_rows(const at::Tensor& rows, const at::Tensor& total);

}  // namespace laconic
