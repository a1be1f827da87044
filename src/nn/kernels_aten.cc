// The kernels as ATen operators: for every device that has no kernels of its own here (CUDA).
//
// Attention runs document by document with the plain softmax formula and makes that document's [H,
// n, n] scores: exact and portable; a fused kernel replaces it behind the same two functions.
// SPDX-License-Identifier: Apache-2.0
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/rsqrt.h>

#include <cmath>
#include <limits>

#include "nn/kernels.h"

namespace laconic {
namespace {

// Rotates heads [T, heads, E] in place; sign -1 rotates back.
void rotate(const at::Tensor& x, const RopeTable& table, double sign) {
  const int64_t half = table.cos.size(1);
  const at::Tensor cos = table.cos.index_select(0, table.positions).unsqueeze(1);
  const at::Tensor sin = table.sin.index_select(0, table.positions).unsqueeze(1) * sign;
  const at::Tensor low = x.narrow(2, 0, half), high = x.narrow(2, half, half);
  const at::Tensor new_low = low * cos - high * sin;
  high.copy_(high * cos + low * sin);
  low.copy_(new_low);
}

at::Tensor rotated_heads(const at::Tensor& qkv, const HeadLayout& heads) {
  const int64_t count = heads.num_heads + heads.num_kv_heads;
  return qkv.narrow(1, 0, count * heads.head_dim).view({qkv.size(0), count, heads.head_dim});
}

// [H + K, E]
at::Tensor head_weights(const HeadNorm& norm, const HeadLayout& heads) {
  return at::cat({norm.q_weight.expand({heads.num_heads, -1}),
                  norm.k_weight.expand({heads.num_kv_heads, -1})});
}

struct DocumentHeads {
  at::Tensor q, k, v;  // [K, G, n, E], [K, 1, n, E], [K, 1, n, E]
};

// Views of one document's heads in a fused [T, P] matrix.
DocumentHeads split_heads(const at::Tensor& qkv, int64_t begin, int64_t length,
                          const HeadLayout& h) {
  const at::Tensor rows = qkv.narrow(0, begin, length);
  const int64_t group = h.num_heads / h.num_kv_heads, kv_width = h.num_kv_heads * h.head_dim;
  const auto kv = [&](int64_t column) {
    return rows.narrow(1, column, kv_width)
        .unflatten(1, {h.num_kv_heads, 1, h.head_dim})
        .permute({1, 2, 0, 3});
  };
  return {rows.narrow(1, 0, h.q_width())
              .unflatten(1, {h.num_kv_heads, group, h.head_dim})
              .permute({1, 2, 0, 3}),
          kv(h.q_width()), kv(h.q_width() + kv_width)};
}

// [n, Q] rows of a document as [K, G, n, E].
at::Tensor split_output(const at::Tensor& out, int64_t begin, int64_t length, const HeadLayout& h) {
  return out.narrow(0, begin, length)
      .unflatten(1, {h.num_kv_heads, h.num_heads / h.num_kv_heads, h.head_dim})
      .permute({1, 2, 0, 3});
}

at::Tensor raw_scores(const DocumentHeads& d, const HeadLayout& h) {
  return d.q.matmul(d.k.transpose(2, 3)) * h.score_scale();
}

// Capped, and -infinity where not visible.
at::Tensor shaped_scores(const at::Tensor& raw, const HeadLayout& h) {
  const int64_t length = raw.size(2);
  const at::Tensor ones = at::ones({length, length}, raw.options().dtype(at::kBool));
  at::Tensor hidden = ones.triu(1);
  if (h.window > 0) hidden = hidden.logical_or(ones.tril(-h.window));
  const at::Tensor scores = h.softcap > 0 ? (raw / h.softcap).tanh() * h.softcap : raw;
  return scores.masked_fill(hidden, -std::numeric_limits<double>::infinity());
}

at::Tensor gelu_tanh_slope(const at::Tensor& x) {
  const double scale = std::sqrt(2.0 / 3.14159265358979323846);
  const at::Tensor t = (scale * (x + 0.044715 * x * x * x)).tanh();
  return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * scale * (1 + 3 * 0.044715 * x * x);
}

class AtenKernels final : public Kernels {
 public:
  void gather_rows(const at::Tensor& table, const at::Tensor& rows,
                   const at::Tensor& out) const override {
    at::Tensor target = out;
    at::index_select_out(target, table, 0, rows);
  }

  void scatter_add_rows(const at::Tensor& values, const at::Tensor& rows,
                        const at::Tensor& table) const override {
    table.index_add_(0, rows, values);
  }

  void rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps, const at::Tensor& out,
                const at::Tensor& rstd) const override {
    rstd.copy_(at::rsqrt((x * x).mean(-1) + eps));
    out.copy_(x * rstd.unsqueeze(-1) * weight);
  }

  void rms_norm_backward(const RmsNormGradient& g) const override {
    const at::Tensor normalized = g.x * g.rstd.unsqueeze(-1);
    const at::Tensor slope = g.dout * g.weight;
    const at::Tensor mean = (slope * normalized).mean(-1, /*keepdim=*/true);
    g.dx.add_((slope - normalized * mean) * g.rstd.unsqueeze(-1));
    g.dweight.add_((g.dout * normalized).sum(0));
  }

  void add_bias(const at::Tensor& x, const at::Tensor& bias) const override { x.add_(bias); }

  void add_bias_backward(const at::Tensor& dx, const at::Tensor& dbias) const override {
    dbias.add_(dx.sum(0));
  }

  void head_norm(const at::Tensor& qkv, const HeadNorm& norm, double eps,
                 const HeadLayout& heads) const override {
    const at::Tensor x = rotated_heads(qkv, heads);
    norm.raw.view_as(x).copy_(x);
    norm.rstd.copy_(at::rsqrt((x * x).mean(-1) + eps));
    x.copy_(x * norm.rstd.unsqueeze(-1) * head_weights(norm, heads));
  }

  void head_norm_backward(const at::Tensor& dqkv, const HeadNorm& norm, const at::Tensor& dq_weight,
                          const at::Tensor& dk_weight, const HeadLayout& heads) const override {
    const at::Tensor dx = rotated_heads(dqkv, heads), rstd = norm.rstd.unsqueeze(-1);
    const at::Tensor normalized = norm.raw.view(dx.sizes()) * rstd;
    const at::Tensor dweights = (dx * normalized).sum(0);  // [H + K, E]
    dq_weight.add_(dweights.narrow(0, 0, heads.num_heads).sum(0));
    dk_weight.add_(dweights.narrow(0, heads.num_heads, heads.num_kv_heads).sum(0));
    const at::Tensor slope = dx * head_weights(norm, heads);
    const at::Tensor mean = (slope * normalized).mean(-1, /*keepdim=*/true);
    dx.copy_((slope - normalized * mean) * rstd);
  }

  void bias_rope(const at::Tensor& qkv, const at::Tensor& bias, const RopeTable& table,
                 const HeadLayout& heads) const override {
    if (bias.defined()) qkv.add_(bias);
    rotate(rotated_heads(qkv, heads), table, 1.0);
  }

  void bias_rope_backward(const at::Tensor& dqkv, const at::Tensor& dbias, const RopeTable& table,
                          const HeadLayout& heads) const override {
    rotate(rotated_heads(dqkv, heads), table, -1.0);
    if (dbias.defined()) dbias.add_(dqkv.sum(0));
  }

  void attention(const at::Tensor& qkv, const std::vector<int32_t>& cu_seqlens,
                 const HeadLayout& heads, const at::Tensor& out,
                 const at::Tensor& lse) const override {
    for (size_t d = 0; d + 1 < cu_seqlens.size(); ++d) {
      const int64_t begin = cu_seqlens[d], length = cu_seqlens[d + 1] - begin;
      if (length == 0) continue;
      const DocumentHeads document = split_heads(qkv, begin, length, heads);
      const at::Tensor scores = shaped_scores(raw_scores(document, heads), heads);
      const at::Tensor log_sums = scores.logsumexp(-1);
      split_output(out, begin, length, heads)
          .copy_((scores - log_sums.unsqueeze(-1)).exp().matmul(document.v));
      lse.narrow(1, begin, length).copy_(log_sums.flatten(0, 1));
    }
  }

  void attention_backward(const AttentionGradient& g, const std::vector<int32_t>& cu_seqlens,
                          const HeadLayout& heads) const override {
    for (size_t d = 0; d + 1 < cu_seqlens.size(); ++d) {
      const int64_t begin = cu_seqlens[d], length = cu_seqlens[d + 1] - begin;
      if (length == 0) continue;
      const DocumentHeads x = split_heads(g.qkv, begin, length, heads);
      const DocumentHeads dx = split_heads(g.dqkv, begin, length, heads);
      const at::Tensor dout = split_output(g.dout, begin, length, heads);
      const at::Tensor out = split_output(g.out, begin, length, heads);
      const at::Tensor lse = g.lse.narrow(1, begin, length).view_as(out.select(3, 0));
      const at::Tensor raw = raw_scores(x, heads);
      const at::Tensor p = (shaped_scores(raw, heads) - lse.unsqueeze(-1)).exp();
      dx.v.copy_(p.transpose(2, 3).matmul(dout).sum(1, /*keepdim=*/true));
      const at::Tensor delta = (dout * out).sum(-1, /*keepdim=*/true);
      at::Tensor ds = p * (dout.matmul(x.v.transpose(2, 3)) - delta) * heads.score_scale();
      if (heads.softcap > 0) ds = ds * (1 - (raw / heads.softcap).tanh().square());
      dx.q.copy_(ds.matmul(x.k));
      dx.k.copy_(ds.transpose(2, 3).matmul(x.q).sum(1, /*keepdim=*/true));
    }
  }

  void swiglu(const at::Tensor& gate_up, const at::Tensor& out) const override {
    const auto halves = gate_up.chunk(2, 1);
    out.copy_(halves[0] * halves[0].sigmoid() * halves[1]);
  }

  void swiglu_backward(const at::Tensor& gate_up, const at::Tensor& dout) const override {
    const auto halves = gate_up.chunk(2, 1);
    const at::Tensor gate = halves[0], up = halves[1], sigmoid = gate.sigmoid();
    const at::Tensor silu = gate * sigmoid, out = silu * up;
    const at::Tensor dgate = dout * up * (sigmoid + silu * (1 - sigmoid));
    up.copy_(dout * silu);
    gate.copy_(dgate);
    dout.copy_(out);
  }

  void geglu(const at::Tensor& gate_up, const at::Tensor& out) const override {
    const auto halves = gate_up.chunk(2, 1);
    out.copy_(at::gelu(halves[0], "tanh") * halves[1]);
  }

  void geglu_backward(const at::Tensor& gate_up, const at::Tensor& dout) const override {
    const auto halves = gate_up.chunk(2, 1);
    const at::Tensor gate = halves[0], up = halves[1], gelu = at::gelu(gate, "tanh");
    const at::Tensor out = gelu * up, dgate = dout * up * gelu_tanh_slope(gate);
    up.copy_(dout * gelu);
    gate.copy_(dgate);
    dout.copy_(out);
  }

  void cross_entropy(const CrossEntropyRows& r) const override {
    if (r.softcap > 0) r.logits.copy_((r.logits / r.softcap).tanh() * r.softcap);
    const at::Tensor capped_slope =
        r.softcap > 0 && r.gradient ? 1 - (r.logits / r.softcap).square() : at::Tensor();
    const at::Tensor log_probs = r.logits.log_softmax(-1);
    const at::Tensor targets = r.targets.to(at::kLong).unsqueeze(1);
    r.nll.copy_(-log_probs.gather(1, targets).squeeze(1));
    if (!r.gradient) return;
    const at::Tensor factors = r.factors.unsqueeze(1);
    r.logits.copy_(log_probs.exp() * factors);
    r.logits.scatter_add_(1, targets, -factors);
    if (capped_slope.defined()) r.logits.mul_(capped_slope);
  }
};

}  // namespace

const Kernels& aten_kernels() {
  static const AtenKernels kernels;
  return kernels;
}

}  // namespace laconic
