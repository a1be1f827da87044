// One decoder layer, forward and backward: the operators in order and in reverse.
//
//   x1 = x + Attention(RoPE(RMSNorm(x) Wqkv^T + b)) Wo^T
//   y  = x1 + SwiGLU(RMSNorm(x1) Wgu^T) Wdown^T
//
// and with what ModelConfig adds: norms of the heads of q and k before RoPE, biases on the other
// products, GeGLU, a norm on each branch's output before it is added to x (sandwich norms), experts
// for the MLP. Source: transformers' decoder layers. Shapes: nn/shapes.h.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "nn/kernels.h"
#include "nn/operators.h"
#include "nn/weights.h"
#include "nn/workspace.h"

namespace laconic {

// Packed matrices of a model, for the length of one call that uses them many times.
struct PackedLinear {
  GemmPanels forward, backward;
  void pack(const at::Tensor& weight, bool with_backward, Precision precision);
  int64_t num_bytes() const { return forward.num_bytes() + backward.num_bytes(); }
};
struct PackedLayer {
  PackedLinear qkv, o, gate_up, down;
  void pack(const LayerWeights& weights, bool with_backward, Precision precision);
};

// What a layer needs to know of its surroundings; one for a whole pass.
struct LayerContext {
  const Kernels& kernels;
  Workspace& workspace;
  const ModelConfig& config;
  HeadLayout heads;            // without a layer's window and the precision
  RopeTable rope, local_rope;  // the second for layers with is_local_rope
  const std::vector<int32_t>& cu_seqlens;
  int64_t num_tokens;
  at::TensorOptions options;
  ProductMode mode;  // of matrix products and attention's; a router's are fp32
};

// Routing of a sparse layer's tokens (nn/experts.h); a row is a (token, choice) pair, sorted by
// expert.
struct ExpertActivations {
  at::Tensor probs;     // [T, X]
  at::Tensor chosen;    // [T, k] int64, experts
  at::Tensor weights;   // [T, k]
  at::Tensor token_of;  // [T k] int32, of each row
  at::Tensor row_of;    // [T, k] int32
  at::Tensor offsets;   // [X + 1] int32 on the CPU, an expert's first row
  at::Tensor gate_up;   // [T k, 2Fx]
};

// What backward reads again. Written by forward; backward overwrites gate_up.
struct LayerActivations {
  at::Tensor x;                   // [T, D], the layer's input
  at::Tensor normed, rstd;        // [T, D], [T]
  at::Tensor qkv, attended, lse;  // [T, P], [T, Q], [H, T]
  at::Tensor middle;              // [T, D], x after attention
  at::Tensor middle_normed, middle_rstd;
  at::Tensor gate_up;  // [T, 2F]
  // Where the model has them:
  at::Tensor heads_raw, heads_rstd;             // [T, (H + K) E], [T, H + K]: qk_norm
  at::Tensor attention_branch, attention_rstd;  // [T, D], [T]: sandwich norms
  at::Tensor mlp_branch, mlp_rstd;              // [T, D], [T]: sandwich norms
  ExpertActivations experts;                    // of a sparse layer, instead of gate_up
};

// Which places in their buffers a layer's activations have, all but x.
struct ActivationSlots {
  Workspace::Slot attention;  // of attended and lse, which recomputation keeps for each layer: a
                              // long document's attention costs more than all else
  Workspace::Slot rest;
};
LayerActivations take_activations(const LayerContext& context, int64_t layer,
                                  const ActivationSlots& slots);

// A layer's weights with their panels, if it has any.
struct LayerView {
  int64_t index;
  const LayerWeights& weights;
  const PackedLayer* packed = nullptr;
  const LoraDropout* dropout = nullptr;  // while training
};

// What a norm multiplies by: the weight, plus the family's offset (then in workspace memory
// `name`).
at::Tensor norm_weight(const LayerContext& context, const at::Tensor& weight,
                       std::string_view name = "norm_weight");

enum class LayerRun {
  kFirst,
  kAgain  // before backward: attended, lse and out are there, and what nothing reads is left out
};
// Reads activations.x, fills the rest, writes the layer's output [T, D].
void layer_forward(const LayerContext& context, const LayerView& layer,
                   const LayerActivations& activations, const at::Tensor& out,
                   LayerRun run = LayerRun::kFirst);

// dx [T, D]: gradient of the output on entry, of the input on return.
void layer_backward(const LayerContext& context, const LayerView& layer,
                    const LayerActivations& activations, const LayerWeights& gradients,
                    const at::Tensor& dx);

}  // namespace laconic
