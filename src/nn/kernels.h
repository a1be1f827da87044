// The seam between the decoder and a device: what a layer needs beside matrix products.
//
// Two implementations: own vector code for the CPU (kernels_cpu.cc, Highway, dispatched at run time
// to what the machine has) and ATen operators for any other device (kernels_aten.cc). `kernels_for`
// chooses by the tensor's device. Every function writes into tensors that the caller owns, so that
// nothing is allocated in steady state on the CPU. Shapes: nn/shapes.h. fp32; index tensors are
// int32 on the same device. Matrices are contiguous. Determinism: on the CPU results depend neither
// on thread timing nor on the number of threads. Own CPU code keeps scratch of a few hundred KB a
// thread; it holds nothing from call to call.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "nn/gemm.h"  // Precision

namespace laconic {

// Heads within a row of qkv, and how their scores are formed.
struct HeadLayout {
  int64_t num_heads = 0;     // H
  int64_t num_kv_heads = 0;  // K
  int64_t head_dim = 0;      // E
  int64_t rotary_dim = 0;    // rotated front of a head; 0: E
  double scale = 0;          // of a score; 0: 1 / sqrt(E)
  double softcap = 0;        // a score s becomes cap * tanh(s / cap); 0: none
  int64_t window = 0;        // positions that a query sees, itself included; 0: all before it
  Precision precision = Precision::kFloat32;  // of attention's products; own CPU code only
  int64_t rotary_width() const { return rotary_dim > 0 ? rotary_dim : head_dim; }
  double score_scale() const {
    return scale > 0 ? scale : 1.0 / std::sqrt(static_cast<double>(head_dim));
  }
  int64_t q_width() const { return num_heads * head_dim; }
  int64_t qkv_width() const { return (num_heads + 2 * num_kv_heads) * head_dim; }
};

struct RmsNormGradient {
  at::Tensor dout;     // [R, D]
  at::Tensor x;        // [R, D], input of the forward pass
  at::Tensor weight;   // [D]
  at::Tensor rstd;     // [R], from the forward pass
  at::Tensor dx;       // [R, D], added to
  at::Tensor dweight;  // [D], added to
};

// RMSNorm of each head of q and k.
struct HeadNorm {
  at::Tensor q_weight;  // [E]
  at::Tensor k_weight;  // [E]
  at::Tensor raw;       // [T, (H + K) E], q and k before the norm
  at::Tensor rstd;      // [T, H + K]
};

struct RopeTable {
  at::Tensor cos;        // [rows, rotary_width / 2]
  at::Tensor sin;        // [rows, rotary_width / 2]
  at::Tensor positions;  // [T] int32, a token's row
};

struct AttentionGradient {
  at::Tensor qkv;   // [T, P], after RoPE
  at::Tensor out;   // [T, Q], of the forward pass
  at::Tensor lse;   // [H, T], of the forward pass
  at::Tensor dout;  // [T, Q]
  at::Tensor dqkv;  // [T, P], overwritten
};

struct CrossEntropyRows {
  at::Tensor logits;   // [R, V]; overwritten by the gradient if `gradient`
  at::Tensor targets;  // [R] int32
  at::Tensor factors;  // [R]: d(loss)/d(nll) of each row
  at::Tensor nll;      // [R], overwritten
  bool gradient = false;
  double softcap = 0;  // a logit x becomes cap * tanh(x / cap) first, in place; 0: none
};

class Kernels {
 public:
  virtual ~Kernels() = default;

  // out[r] = table[rows[r]].
  virtual void gather_rows(const at::Tensor& table, const at::Tensor& rows,
                           const at::Tensor& out) const = 0;
  // table[rows[r]] += values[r].
  virtual void scatter_add_rows(const at::Tensor& values, const at::Tensor& rows,
                                const at::Tensor& table) const = 0;

  // out = x * rstd * weight with rstd = 1 / sqrt(mean(x^2) + eps), row by row.
  virtual void rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps,
                        const at::Tensor& out, const at::Tensor& rstd) const = 0;
  virtual void rms_norm_backward(const RmsNormGradient& gradient) const = 0;

  // x += bias, row by row.
  virtual void add_bias(const at::Tensor& x, const at::Tensor& bias) const = 0;
  // dbias += the column sums of dx.
  virtual void add_bias_backward(const at::Tensor& dx, const at::Tensor& dbias) const = 0;

  // The heads of q and k in qkv normalised in place; `norm`'s raw and rstd are written.
  virtual void head_norm(const at::Tensor& qkv, const HeadNorm& norm, double eps,
                         const HeadLayout& heads) const = 0;
  // In place: dqkv's gradients of the heads become those of the heads before the norm. The weights'
  // gradients [E] are added to.
  virtual void head_norm_backward(const at::Tensor& dqkv, const HeadNorm& norm,
                                  const at::Tensor& dq_weight, const at::Tensor& dk_weight,
                                  const HeadLayout& heads) const = 0;

  // q, k, v += bias (where defined), then the front of each head of q and k rotated by its
  // position, halves of that front paired as in transformers' rotate_half.
  virtual void bias_rope(const at::Tensor& qkv, const at::Tensor& bias, const RopeTable& table,
                         const HeadLayout& heads) const = 0;
  // Rotates dq, dk back; dbias (where defined) gets the column sums.
  virtual void bias_rope_backward(const at::Tensor& dqkv, const at::Tensor& dbias,
                                  const RopeTable& table, const HeadLayout& heads) const = 0;

  // Causal within each document and within the window. out [T, Q], lse [H, T].
  virtual void attention(const at::Tensor& qkv, const std::vector<int32_t>& cu_seqlens,
                         const HeadLayout& heads, const at::Tensor& out,
                         const at::Tensor& lse) const = 0;
  virtual void attention_backward(const AttentionGradient& gradient,
                                  const std::vector<int32_t>& cu_seqlens,
                                  const HeadLayout& heads) const = 0;

  // out = silu(gate) * up.
  virtual void swiglu(const at::Tensor& gate_up, const at::Tensor& out) const = 0;
  // In place: gate_up becomes its gradient, `dout` becomes the forward result (which the
  // gradient of the down projection needs).
  virtual void swiglu_backward(const at::Tensor& gate_up, const at::Tensor& dout) const = 0;

  // The same with "gelu_pytorch_tanh" instead of silu.
  virtual void geglu(const at::Tensor& gate_up, const at::Tensor& out) const = 0;
  virtual void geglu_backward(const at::Tensor& gate_up, const at::Tensor& dout) const = 0;

  // nll = -log softmax(logits)[target]; dlogits = (softmax - onehot) * factor in place.
  virtual void cross_entropy(const CrossEntropyRows& rows) const = 0;
};

const Kernels& cpu_kernels();
const Kernels& aten_kernels();
// Whether own CPU code serves the device that `tensor` is on; products, AdamW and shares go by it
// too. `aten_kernels`: not asked for; CPU tensors take the path of other devices, to test it.
bool has_own_kernels(const at::Tensor& tensor, bool aten_kernels = false);
const Kernels& kernels_for(const at::Tensor& tensor, bool aten_kernels = false);

}  // namespace laconic
