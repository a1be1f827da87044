// Low-rank adapters in training: pairs A [r, in], B [out, r] beside frozen matrices, forward and
// backward, and the flat buffer of what is trained.
//
//   LoRA   y = W x + s B A x'                          x' = dropout(x)
//   DoRA   y = W x + (g - 1) W x' + g s B A x'         g = m / ||W + s B A||, row by row
//
// In DoRA the norm is a constant of the step: no gradient flows through it. Dropout is on the input
// of A, each module with a mask of its own: element c of a token is kept iff the Philox draw of
// (seed and step, row of the step, position, module, c) says so, whatever the cut into
// micro-batches, threads or processes; evaluation does not drop. Frozen weights have no gradients
// and no moments: Weights with an adapter share their tensors with the base and only `lora->flat`
// (A, B, magnitudes, modules_to_save) is trained. Source: PEFT 0.21 (tuners/lora/layer.py,
// dora.py), arXiv 2106.09685, 2402.09353. Initialisation: A uniform in +-1/sqrt(in) as PEFT's
// kaiming_uniform(a = sqrt 5), B zero, m = ||W||. Errors: Error(kModel) for what cannot be trained.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "nn/adapter.h"
#include "nn/operators.h"
#include "nn/weights.h"

namespace laconic {

// The masks of one batch.
struct LoraDropout {
  double rate = 0;
  uint64_t key = 0;            // of the seed and the step
  std::vector<uint64_t> rows;  // [T]: row of the step << 32 | position in the row
};

struct LoraWeights : FlatTensors {
  AdapterConfig config;
  AdapterPlan plan;
};

// `base` with an adapter beside it, as a new one begins; matrices are shared, tensors of
// modules_to_save copied into the trained buffer. REQUIRES: base has no adapter.
Weights attach_adapter(const Weights& base, const AdapterConfig& config, uint64_t seed);
// The same with an adapter's values.
Weights attach_adapter(const Weights& base, const Adapter& adapter);
// Error(kModel) where attach_adapter would throw one; allocates nothing of the adapter's size.
void check_trainable(const Weights& base, const AdapterConfig& config);
// The adapter as it is now, sharing memory. REQUIRES: weights.lora.
Adapter adapter_of(const Weights& weights);
// To be called after A or B changed: the norms of DoRA.
void refresh_norms(Weights& weights);

// What is trained: the adapter where there is one, else all weights.
FlatTensors& trained_tensors(Weights& weights);
const FlatTensors& trained_tensors(const Weights& weights);
// The layout of the trained tensors over `flat`, which is shared: gradients. Frozen matrices are
// undefined; the gradients of frozen vectors go to memory that nobody reads.
Weights view_gradients(const Weights& weights, const at::Tensor& flat);
Weights make_gradients(const Weights& weights);  // over zeros

// The linear operator where has_lora; forward is called by nn/operators.h.
inline bool has_lora(const LinearWeight& weight) { return weight.lora && !weight.lora->empty(); }
void lora_forward(const at::Tensor& x, const LinearWeight& weight, const at::Tensor& out);
// dx = the gradient of x. Returns that of A x' for each pair [T, r], in memory of weight.workspace
// that the next call overwrites.
std::vector<at::Tensor> lora_backward_input(const at::Tensor& dout, const LinearWeight& weight,
                                            const at::Tensor& dx);
struct LoraRows {
  at::Tensor dout, x;            // [T, out], [T, in]
  std::vector<at::Tensor> dlow;  // of lora_backward_input for the same dout
};
// Adds to the gradients of the pairs, in the order of weight.lora.
void lora_backward_weight(const LoraRows& rows, const LinearWeight& weight,
                          const LoraLinear& gradients);

}  // namespace laconic
