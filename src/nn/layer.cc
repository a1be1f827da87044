// SPDX-License-Identifier: Apache-2.0
#include "nn/layer.h"

#include "nn/operators.h"

namespace laconic {

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

void layer_forward(const LayerContext& c, const LayerWeights& w, const LayerActivations& a,
                   const at::Tensor& out) {
  const double eps = c.config.rms_norm_eps;
  c.kernels.rms_norm(a.x, w.input_norm, eps, a.normed, a.rstd);
  linear(a.normed, w.qkv_weight, a.qkv);
  c.kernels.bias_rope(a.qkv, w.qkv_bias, c.rope, c.heads);
  c.kernels.attention(a.qkv, c.cu_seqlens, c.heads, a.attended, a.lse);
  linear_add(a.attended, w.o_weight, a.x, a.middle);
  c.kernels.rms_norm(a.middle, w.post_norm, eps, a.middle_normed, a.middle_rstd);
  linear(a.middle_normed, w.gate_up_weight, a.gate_up);
  const at::Tensor mlp =
      c.workspace.take("mlp", {c.num_tokens, c.config.intermediate_size}, c.options);
  c.kernels.swiglu(a.gate_up, mlp);
  linear_add(mlp, w.down_weight, a.middle, out);
}

void layer_backward(const LayerContext& c, const LayerWeights& w, const LayerActivations& a,
                    const LayerWeights& g, const at::Tensor& dx) {
  const int64_t T = c.num_tokens;
  const at::Tensor dnormed = c.workspace.take("dnormed", {T, c.config.hidden_size}, c.options);
  const at::Tensor dmlp = c.workspace.take("mlp", {T, c.config.intermediate_size}, c.options);
  linear_backward_input(dx, w.down_weight, dmlp);
  c.kernels.swiglu_backward(a.gate_up, dmlp);  // dmlp now holds the forward result
  linear_backward_weight(dx, dmlp, g.down_weight);
  linear_backward_weight(a.gate_up, a.middle_normed, g.gate_up_weight);
  linear_backward_input(a.gate_up, w.gate_up_weight, dnormed);
  c.kernels.rms_norm_backward({dnormed, a.middle, w.post_norm, a.middle_rstd, dx, g.post_norm});

  const at::Tensor dattended = c.workspace.take("dattended", {T, c.heads.q_width()}, c.options);
  const at::Tensor dqkv = c.workspace.take("dqkv", {T, c.heads.qkv_width()}, c.options);
  linear_backward_weight(dx, a.attended, g.o_weight);
  linear_backward_input(dx, w.o_weight, dattended);
  c.kernels.attention_backward({a.qkv, a.attended, a.lse, dattended, dqkv}, c.cu_seqlens, c.heads);
  c.kernels.bias_rope_backward(dqkv, g.qkv_bias, c.rope, c.heads);
  linear_backward_weight(dqkv, a.normed, g.qkv_weight);
  linear_backward_input(dqkv, w.qkv_weight, dnormed);
  c.kernels.rms_norm_backward({dnormed, a.x, w.input_norm, a.rstd, dx, g.input_norm});
}

}  // namespace laconic
