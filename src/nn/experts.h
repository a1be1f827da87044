// The sparse MLP: a router sends each token to k of X experts, forward and backward.
//
//   p = softmax(x Wr^T);  y = sum over the k largest p_e of w_e Down_e(SwiGLU(x GateUp_e^T))
//
// with w_e = p_e, or p_e over the sum of the chosen ones. Tokens are sorted by expert, so that each
// expert's product is one of consecutive rows; the experts' matrices are never gathered. Ties
// between probabilities fall as in libtorch's topk. Source: transformers' Qwen3MoeSparseMoeBlock.
// Shapes: nn/shapes.h, k = experts_per_token. Deterministic: sums over experts run in the order of
// falling probability, sums over tokens in token order within an expert.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "nn/layer.h"

namespace laconic {

// Memory for one layer's routing and products.
ExpertActivations take_expert_activations(const LayerContext& context, Workspace::Slot slot);

// out = residual + y(x). x, residual, out [T, D].
struct ExpertRows {
  at::Tensor x, residual, out;
};
void experts_forward(const LayerContext& context, const LayerWeights& weights,
                     const ExpertActivations& activations, const ExpertRows& rows);

// dout [T, D] -> dx [T, D], overwritten; `gradients` are added to. Overwrites what forward kept.
struct ExpertGradient {
  at::Tensor x, dout, dx;
};
void experts_backward(const LayerContext& context, const LayerWeights& weights,
                      const ExpertActivations& activations, const LayerWeights& gradients,
                      const ExpertGradient& rows);

}  // namespace laconic
