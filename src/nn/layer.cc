// SPDX-License-Identifier: Apache-2.0
#include "nn/layer.h"

namespace laconic {
namespace {

LinearWeight with_panels(const at::Tensor& weight, const PackedLayer* layer,
                         PackedLinear PackedLayer::*member) {
  if (layer == nullptr) return {weight};
  const PackedLinear& packed = layer->*member;
  return {weight, &packed.forward, &packed.backward};
}

}  // namespace

void PackedLinear::pack(const at::Tensor& weight, bool with_backward) {
  pack_weight(weight, /*transposed=*/true, forward);
  if (with_backward) pack_weight(weight, /*transposed=*/false, backward);
}

void PackedLayer::pack(const LayerWeights& weights, bool with_backward) {
  qkv.pack(weights.qkv_weight, with_backward);
  o.pack(weights.o_weight, with_backward);
  gate_up.pack(weights.gate_up_weight, with_backward);
  down.pack(weights.down_weight, with_backward);
}

LayerActivations take_activations(const LayerContext& c, int64_t slot) {
  const int64_t T = c.num_tokens, D = c.config.hidden_size, F = c.config.intermediate_size;
  const auto take = [&](const char* name, at::IntArrayRef shape) {
    return c.workspace.take(name, slot, shape, c.options);
  };
  LayerActivations a;
  a.normed = take("normed", {T, D});
  a.rstd = take("rstd", {T});
  a.qkv = take("qkv", {T, c.heads.qkv_width()});
  a.attended = take("attended", {T, c.heads.q_width()});
  a.lse = take("lse", {c.heads.num_heads, T});
  a.middle = take("middle", {T, D});
  a.middle_normed = take("middle_normed", {T, D});
  a.middle_rstd = take("middle_rstd", {T});
  a.gate_up = take("gate_up", {T, 2 * F});
  return a;
}

void layer_forward(const LayerContext& c, const LayerView& layer, const LayerActivations& a,
                   const at::Tensor& out) {
  const LayerWeights& w = layer.weights;
  const double eps = c.config.rms_norm_eps;
  c.kernels.rms_norm(a.x, w.input_norm, eps, a.normed, a.rstd);
  linear(a.normed, with_panels(w.qkv_weight, layer.packed, &PackedLayer::qkv), a.qkv);
  c.kernels.bias_rope(a.qkv, w.qkv_bias, c.rope, c.heads);
  c.kernels.attention(a.qkv, c.cu_seqlens, c.heads, a.attended, a.lse);
  linear_add(a.attended, with_panels(w.o_weight, layer.packed, &PackedLayer::o), a.x, a.middle);
  c.kernels.rms_norm(a.middle, w.post_norm, eps, a.middle_normed, a.middle_rstd);
  linear(a.middle_normed, with_panels(w.gate_up_weight, layer.packed, &PackedLayer::gate_up),
         a.gate_up);
  const at::Tensor mlp =
      c.workspace.take("mlp", {c.num_tokens, c.config.intermediate_size}, c.options);
  c.kernels.swiglu(a.gate_up, mlp);
  linear_add(mlp, with_panels(w.down_weight, layer.packed, &PackedLayer::down), a.middle, out);
}

void layer_backward(const LayerContext& c, const LayerView& layer, const LayerActivations& a,
                    const LayerWeights& g, const at::Tensor& dx) {
  const LayerWeights& w = layer.weights;
  const int64_t T = c.num_tokens;
  const at::Tensor dnormed = c.workspace.take("dnormed", {T, c.config.hidden_size}, c.options);
  const at::Tensor dmlp = c.workspace.take("mlp", {T, c.config.intermediate_size}, c.options);
  linear_backward_input(dx, with_panels(w.down_weight, layer.packed, &PackedLayer::down), dmlp);
  c.kernels.swiglu_backward(a.gate_up, dmlp);  // dmlp now holds the forward result
  linear_backward_weight(dx, dmlp, g.down_weight);
  linear_backward_weight(a.gate_up, a.middle_normed, g.gate_up_weight);
  linear_backward_input(
      a.gate_up, with_panels(w.gate_up_weight, layer.packed, &PackedLayer::gate_up), dnormed);
  c.kernels.rms_norm_backward({dnormed, a.middle, w.post_norm, a.middle_rstd, dx, g.post_norm});

  const at::Tensor dattended = c.workspace.take("dattended", {T, c.heads.q_width()}, c.options);
  const at::Tensor dqkv = c.workspace.take("dqkv", {T, c.heads.qkv_width()}, c.options);
  linear_backward_weight(dx, a.attended, g.o_weight);
  linear_backward_input(dx, with_panels(w.o_weight, layer.packed, &PackedLayer::o), dattended);
  c.kernels.attention_backward({a.qkv, a.attended, a.lse, dattended, dqkv}, c.cu_seqlens, c.heads);
  c.kernels.bias_rope_backward(dqkv, g.qkv_bias, c.rope, c.heads);
  linear_backward_weight(dqkv, a.normed, g.qkv_weight);
  linear_backward_input(dqkv, with_panels(w.qkv_weight, layer.packed, &PackedLayer::qkv), dnormed);
  c.kernels.rms_norm_backward({dnormed, a.x, w.input_norm, a.rstd, dx, g.input_norm});
}

}  // namespace laconic
