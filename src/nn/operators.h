// The linear operator, forward and backward. The other operators of a layer are in nn/kernels.h.
//
// Weights are [out, in] as in torch.nn.Linear; a bias, where there is one, is added by the next
// operator (Kernels::bias_rope). Outputs are the caller's memory. Tensors are fp32; own code on the
// CPU computes products in the given precision (nn/gemm.h), ATen elsewhere in fp32.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include "nn/gemm.h"
#include "nn/weights.h"  // LoraLinear

namespace laconic {

class Workspace;
struct LoraDropout;

struct ProductMode {
  Precision precision = Precision::kFloat32;
  bool aten_kernels = false;  // ATen's operators on the CPU too, as on other devices
  ProductMode in_float32() const { return {Precision::kFloat32, aten_kernels}; }
};

// A weight and, where it serves many calls, its panels for both directions (CPU only). Without them
// each call packs for itself, which pays from some thousand rows on.
struct LinearWeight {
  at::Tensor weight;                     // [out, in]
  const GemmPanels* forward = nullptr;   // of weight^T
  const GemmPanels* backward = nullptr;  // of weight
  ProductMode mode = {};
  const LoraLinear* lora = nullptr;      // low-rank pairs beside some of its rows (nn/lora.h)
  const LoraDropout* dropout = nullptr;  // on their input, while training
  Workspace* workspace = nullptr;  // for its panels and the pairs' products; null: the call's own
};

// out = x weight^T. x [R, in], out [R, out].
void linear(const at::Tensor& x, const LinearWeight& weight, const at::Tensor& out);
// out = residual + x weight^T; the two may be the same, and the same columns of wider rows.
void linear_add(const at::Tensor& x, const LinearWeight& weight, const at::Tensor& residual,
                const at::Tensor& out);
// dx = dout weight; with an adapter it is lora_backward_input (nn/lora.h). Here and below dout may
// be columns of wider rows.
void linear_backward_input(const at::Tensor& dout, const LinearWeight& weight,
                           const at::Tensor& dx);
// dx += dout weight.
void linear_backward_input_add(const at::Tensor& dout, const LinearWeight& weight,
                               const at::Tensor& dx);
// dweight += dout^T x.
void linear_backward_weight(const at::Tensor& dout, const at::Tensor& x, const at::Tensor& dweight,
                            const ProductMode& mode = {});

// The panels of a matrix [rows, columns] on the CPU, as it is or transposed.
void pack_weight(const at::Tensor& weight, bool transposed, Precision precision,
                 GemmPanels& panels);

}  // namespace laconic
