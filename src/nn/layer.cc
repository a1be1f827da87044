// SPDX-License-Identifier: Apache-2.0
#include "nn/layer.h"

#include <ATen/ops/add.h>
#include <ATen/ops/scalar_tensor.h>

#include "nn/experts.h"
#include "nn/lora.h"

namespace laconic {
namespace {

// One of a layer's four matrices: its weight, its adapter, its panels.
struct Product {
  at::Tensor LayerWeights::*weight;
  LoraLinear LayerWeights::*lora;
  PackedLinear PackedLayer::*panels;
};
constexpr Product kQkv = {&LayerWeights::qkv_weight, &LayerWeights::qkv_lora, &PackedLayer::qkv};
constexpr Product kO = {&LayerWeights::o_weight, &LayerWeights::o_lora, &PackedLayer::o};
constexpr Product kGateUp = {&LayerWeights::gate_up_weight, &LayerWeights::gate_up_lora,
                             &PackedLayer::gate_up};
constexpr Product kDown = {&LayerWeights::down_weight, &LayerWeights::down_lora,
                           &PackedLayer::down};

LinearWeight product_of(const LayerContext& c, const LayerView& layer, const Product& product) {
  LinearWeight result = {layer.weights.*product.weight, nullptr, nullptr, c.mode};
  if (layer.packed != nullptr) {
    const PackedLinear& panels = layer.packed->*product.panels;
    result.forward = &panels.forward, result.backward = &panels.backward;
  }
  result.lora = &(layer.weights.*product.lora);
  result.dropout = layer.dropout;
  result.workspace = &c.workspace;
  return result;
}

// dx = the gradient of a product's input. Returns what its adapter's gradients need of it.
std::vector<at::Tensor> backward_input(const at::Tensor& dout, const LinearWeight& product,
                                       const at::Tensor& dx) {
  if (has_lora(product)) return lora_backward_input(dout, product, dx);
  linear_backward_input(dout, product, dx);
  return {};
}

// Gradients of a product's weight and adapter; a frozen weight has none.
void backward_weight(const LayerContext& c, const LoraRows& rows, const LayerView& layer,
                     const LayerWeights& g, const Product& product) {
  const LinearWeight weight = product_of(c, layer, product);
  const at::Tensor& dweight = g.*product.weight;
  if (dweight.defined()) linear_backward_weight(rows.dout, rows.x, dweight, c.mode);
  if (has_lora(weight)) lora_backward_weight(rows, weight, g.*product.lora);
}

// What ends in the residual stream: a product, its bias and, with sandwich norms, a norm. The last
// two tensors are kept for backward.
struct Branch {
  LinearWeight product;
  at::Tensor bias, norm;
  at::Tensor output, rstd;
};

Branch attention_branch(const LayerContext& c, const LayerView& layer, const LayerActivations& a) {
  const LayerWeights& w = layer.weights;
  return {product_of(c, layer, kO), w.o_bias, w.attention_out_norm, a.attention_branch,
          a.attention_rstd};
}

Branch mlp_branch(const LayerContext& c, const LayerView& layer, const LayerActivations& a) {
  const LayerWeights& w = layer.weights;
  return {product_of(c, layer, kDown), w.down_bias, w.mlp_out_norm, a.mlp_branch, a.mlp_rstd};
}

// out = residual + branch(in).
void add_branch(const LayerContext& c, const Branch& branch, const at::Tensor& in,
                const at::Tensor& residual, const at::Tensor& out) {
  if (!branch.norm.defined()) {
    linear_add(in, branch.product, residual, out);
    if (branch.bias.defined()) c.kernels.add_bias(out, branch.bias);
    return;
  }
  linear(in, branch.product, branch.output);
  if (branch.bias.defined()) c.kernels.add_bias(branch.output, branch.bias);
  c.kernels.rms_norm(branch.output, norm_weight(c, branch.norm), c.config.rms_norm_eps, out,
                     branch.rstd);
  out.add_(residual);
}

// The gradient of the branch's product: dx itself where nothing follows it.
at::Tensor branch_backward(const LayerContext& c, const Branch& branch, const at::Tensor& dx,
                           const at::Tensor& dnorm, const at::Tensor& dbias) {
  at::Tensor dproduct = dx;
  if (branch.norm.defined()) {
    dproduct = c.workspace.take("dbranch", {c.num_tokens, c.config.hidden_size}, c.options);
    dproduct.zero_();
    c.kernels.rms_norm_backward(
        {dx, branch.output, norm_weight(c, branch.norm), branch.rstd, dproduct, dnorm});
  }
  if (branch.bias.defined()) c.kernels.add_bias_backward(dproduct, dbias);
  return dproduct;
}

// Gradients on the way back through a branch.
struct BranchGradient {
  at::Tensor dx;       // [T, D], of the branch's output
  at::Tensor dnormed;  // [T, D], of its input; overwritten
};

HeadLayout layer_heads(const LayerContext& c, const LayerView& layer) {
  HeadLayout heads = c.heads;
  heads.window = c.config.window(layer.index);
  heads.precision = c.mode.precision;
  return heads;
}

const RopeTable& layer_rope(const LayerContext& c, const LayerView& layer) {
  return c.config.is_local_rope(layer.index) ? c.local_rope : c.rope;
}

HeadNorm head_norm_of(const LayerContext& c, const LayerWeights& w, const LayerActivations& a) {
  return {norm_weight(c, w.q_norm, "q_norm"), norm_weight(c, w.k_norm, "k_norm"), a.heads_raw,
          a.heads_rstd};
}

}  // namespace

at::Tensor norm_weight(const LayerContext& c, const at::Tensor& weight, std::string_view name) {
  if (c.config.norm_offset == 0) return weight;
  at::Tensor sum = c.workspace.take(name, weight.sizes(), c.options);
  return at::add_out(sum, weight, at::scalar_tensor(c.config.norm_offset, c.options));
}

void PackedLinear::pack(const at::Tensor& weight, bool with_backward, Precision precision) {
  pack_weight(weight, /*transposed=*/true, precision, forward);
  if (with_backward) pack_weight(weight, /*transposed=*/false, precision, backward);
}

void PackedLayer::pack(const LayerWeights& weights, bool with_backward, Precision precision) {
  qkv.pack(weights.qkv_weight, with_backward, precision);
  o.pack(weights.o_weight, with_backward, precision);
  if (!weights.gate_up_weight.defined()) return;
  gate_up.pack(weights.gate_up_weight, with_backward, precision);
  down.pack(weights.down_weight, with_backward, precision);
}

LayerActivations take_activations(const LayerContext& c, int64_t layer,
                                  const ActivationSlots& slots) {
  const ModelConfig& config = c.config;
  const int64_t T = c.num_tokens, D = config.hidden_size, F = config.intermediate_size;
  const auto take = [&](const char* name, at::IntArrayRef shape) {
    return c.workspace.take(name, slots.rest, shape, c.options);
  };
  LayerActivations a;
  a.normed = take("normed", {T, D});
  a.rstd = take("rstd", {T});
  a.qkv = take("qkv", {T, c.heads.qkv_width()});
  a.attended = c.workspace.take("attended", slots.attention, {T, c.heads.q_width()}, c.options);
  a.lse = c.workspace.take("lse", slots.attention, {c.heads.num_heads, T}, c.options);
  a.middle = take("middle", {T, D});
  a.middle_normed = take("middle_normed", {T, D});
  a.middle_rstd = take("middle_rstd", {T});
  if (config.is_sparse(layer))
    a.experts = take_expert_activations(c, slots.rest);
  else
    a.gate_up = take("gate_up", {T, 2 * F});
  if (config.qk_norm) {
    const int64_t count = config.num_heads + config.num_kv_heads;
    a.heads_raw = take("heads_raw", {T, count * config.head_dim});
    a.heads_rstd = take("heads_rstd", {T, count});
  }
  if (config.sandwich_norms) {
    a.attention_branch = take("attention_branch", {T, D});
    a.attention_rstd = take("attention_rstd", {T});
    a.mlp_branch = take("mlp_branch", {T, D});
    a.mlp_rstd = take("mlp_rstd", {T});
  }
  return a;
}

namespace {

void attention_forward(const LayerContext& c, const LayerView& layer, const LayerActivations& a,
                       LayerRun run) {
  const LayerWeights& w = layer.weights;
  const HeadLayout heads = layer_heads(c, layer);
  c.kernels.rms_norm(a.x, norm_weight(c, w.input_norm), c.config.rms_norm_eps, a.normed, a.rstd);
  linear(a.normed, product_of(c, layer, kQkv), a.qkv);
  at::Tensor bias = w.qkv_bias;
  if (c.config.qk_norm) {
    if (bias.defined()) c.kernels.add_bias(a.qkv, bias);
    bias = at::Tensor();
    c.kernels.head_norm(a.qkv, head_norm_of(c, w, a), c.config.rms_norm_eps, heads);
  }
  c.kernels.bias_rope(a.qkv, bias, layer_rope(c, layer), heads);
  if (run == LayerRun::kFirst) c.kernels.attention(a.qkv, c.cu_seqlens, heads, a.attended, a.lse);
  add_branch(c, attention_branch(c, layer, a), a.attended, a.x, a.middle);
}

void mlp_forward(const LayerContext& c, const LayerView& layer, const LayerActivations& a,
                 const at::Tensor& out, LayerRun run) {
  const LayerWeights& w = layer.weights;
  if (c.config.is_sparse(layer.index))
    return experts_forward(c, w, a.experts, {a.middle_normed, a.middle, out});
  linear(a.middle_normed, product_of(c, layer, kGateUp), a.gate_up);
  if (w.gate_up_bias.defined()) c.kernels.add_bias(a.gate_up, w.gate_up_bias);
  // Backward makes mlp itself, and only a norm behind the branch reads its output.
  if (run == LayerRun::kAgain && !c.config.sandwich_norms) return;
  const at::Tensor mlp =
      c.workspace.take("mlp", {c.num_tokens, c.config.intermediate_size}, c.options);
  if (c.config.activation == Activation::kSilu)
    c.kernels.swiglu(a.gate_up, mlp);
  else
    c.kernels.geglu(a.gate_up, mlp);
  add_branch(c, mlp_branch(c, layer, a), mlp, a.middle, out);
}

// dx -> dnormed, the gradient of middle_normed.
void mlp_backward(const LayerContext& c, const LayerView& layer, const LayerActivations& a,
                  const LayerWeights& g, const BranchGradient& d) {
  const LayerWeights& w = layer.weights;
  if (c.config.is_sparse(layer.index))
    return experts_backward(c, w, a.experts, g, {a.middle_normed, d.dx, d.dnormed});
  const at::Tensor dmlp =
      c.workspace.take("mlp", {c.num_tokens, c.config.intermediate_size}, c.options);
  const Branch branch = mlp_branch(c, layer, a);
  const at::Tensor dproduct = branch_backward(c, branch, d.dx, g.mlp_out_norm, g.down_bias);
  const auto dlow = backward_input(dproduct, branch.product, dmlp);
  // dmlp then holds the forward result.
  if (c.config.activation == Activation::kSilu)
    c.kernels.swiglu_backward(a.gate_up, dmlp);
  else
    c.kernels.geglu_backward(a.gate_up, dmlp);
  backward_weight(c, {dproduct, dmlp, dlow}, layer, g, kDown);
  const auto dlow_gate_up = backward_input(a.gate_up, product_of(c, layer, kGateUp), d.dnormed);
  backward_weight(c, {a.gate_up, a.middle_normed, dlow_gate_up}, layer, g, kGateUp);
  if (w.gate_up_bias.defined()) c.kernels.add_bias_backward(a.gate_up, g.gate_up_bias);
}

// dx -> dnormed, the gradient of normed.
void attention_backward(const LayerContext& c, const LayerView& layer, const LayerActivations& a,
                        const LayerWeights& g, const BranchGradient& d) {
  const LayerWeights& w = layer.weights;
  const HeadLayout heads = layer_heads(c, layer);
  const int64_t T = c.num_tokens;
  const at::Tensor dattended = c.workspace.take("dattended", {T, heads.q_width()}, c.options);
  const at::Tensor dqkv = c.workspace.take("dqkv", {T, heads.qkv_width()}, c.options);
  const Branch branch = attention_branch(c, layer, a);
  const at::Tensor dproduct = branch_backward(c, branch, d.dx, g.attention_out_norm, g.o_bias);
  const auto dlow = backward_input(dproduct, branch.product, dattended);
  backward_weight(c, {dproduct, a.attended, dlow}, layer, g, kO);
  c.kernels.attention_backward({a.qkv, a.attended, a.lse, dattended, dqkv}, c.cu_seqlens, heads);
  const at::Tensor late_dbias = c.config.qk_norm ? g.qkv_bias : at::Tensor();
  const at::Tensor dbias = c.config.qk_norm ? at::Tensor() : g.qkv_bias;
  c.kernels.bias_rope_backward(dqkv, dbias, layer_rope(c, layer), heads);
  if (c.config.qk_norm)
    c.kernels.head_norm_backward(dqkv, head_norm_of(c, w, a), g.q_norm, g.k_norm, heads);
  if (late_dbias.defined()) c.kernels.add_bias_backward(dqkv, late_dbias);
  const auto dlow_qkv = backward_input(dqkv, product_of(c, layer, kQkv), d.dnormed);
  backward_weight(c, {dqkv, a.normed, dlow_qkv}, layer, g, kQkv);
}

}  // namespace

void layer_forward(const LayerContext& c, const LayerView& layer, const LayerActivations& a,
                   const at::Tensor& out, LayerRun run) {
  attention_forward(c, layer, a, run);
  c.kernels.rms_norm(a.middle, norm_weight(c, layer.weights.post_norm), c.config.rms_norm_eps,
                     a.middle_normed, a.middle_rstd);
  mlp_forward(c, layer, a, out, run);
}

void layer_backward(const LayerContext& c, const LayerView& layer, const LayerActivations& a,
                    const LayerWeights& g, const at::Tensor& dx) {
  const LayerWeights& w = layer.weights;
  const at::Tensor dnormed =
      c.workspace.take("dnormed", {c.num_tokens, c.config.hidden_size}, c.options);
  mlp_backward(c, layer, a, g, {dx, dnormed});
  c.kernels.rms_norm_backward(
      {dnormed, a.middle, norm_weight(c, w.post_norm), a.middle_rstd, dx, g.post_norm});
  attention_backward(c, layer, a, g, {dx, dnormed});
  c.kernels.rms_norm_backward(
      {dnormed, a.x, norm_weight(c, w.input_norm), a.rstd, dx, g.input_norm});
}

}  // namespace laconic
