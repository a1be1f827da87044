// The head and its loss at chosen rows, in chunks, so that no [T, V] matrix is ever made. Where the
// factors depend on what the whole batch's rows give (base/token_loss.h), it is run twice: without
// gradients for `nll`, then with them, which computes the logits again.
//
// Rows [R, D] are those with a target, already normalised. Loss is natural-log negative
// log-likelihood; sums are taken in double, in row order. Gradients of the head are accumulated in
// fp32.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "nn/kernels.h"
#include "nn/operators.h"
#include "nn/workspace.h"

namespace laconic {

struct HeadLoss {
  at::Tensor rows;     // [R, D]
  LinearWeight head;   // [V, D]
  at::Tensor targets;  // [R] int32
  at::Tensor factors;  // [R]: d(loss)/d(nll); read with gradients only
  at::Tensor nll;      // [R], overwritten
  at::Tensor drows;    // [R, D], overwritten; undefined: no gradients
  at::Tensor dhead;    // [V, D], added to; undefined: no gradients
  double softcap = 0;  // of the logits; 0: none
};

// Rows of a chunk: `chunk`, or fewer (but 12 at least) where their
// logits would take more than 192 MiB.
int64_t head_rows(int64_t chunk, int64_t vocab_size);

// Works through the rows in parts of like size, head_rows(chunk, V) at most; `workspace` holds
// their logits.
void head_loss(const HeadLoss& loss, int64_t chunk, const Kernels& kernels, Workspace& workspace);

}  // namespace laconic
