// SPDX-License-Identifier: Apache-2.0
#include "nn/operators.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/mm.h>

#include "base/error.h"
#include "nn/kernels.h"
#include "nn/lora.h"

namespace laconic {
namespace {

MatrixView view_of(const at::Tensor& t) {
  return {static_cast<const float*>(t.data_ptr()), static_cast<size_t>(t.size(0)),
          static_cast<size_t>(t.size(1)), static_cast<size_t>(t.stride(0)), 1};
}

float* floats(const at::Tensor& t) { return static_cast<float*>(t.data_ptr()); }

// B of a product, with its panels if there are any.
struct Right {
  MatrixView view;
  const GemmPanels* panels;
  Precision precision;
};
Right forward_of(const LinearWeight& w) {
  return {view_of(w.weight).transposed(), w.forward, w.precision};
}

// out = initial + x b.
void multiply(const at::Tensor& x, const Right& b, const float* initial, const at::Tensor& out) {
  static thread_local GemmPanels own;
  const GemmPanels* panels = b.panels;
  if (panels == nullptr) {
    own.pack(b.view, b.precision);
    panels = &own;
  }
  gemm(view_of(x), *panels, initial, floats(out), static_cast<size_t>(out.stride(0)));
}

}  // namespace

void linear(const at::Tensor& x, const LinearWeight& w, const at::Tensor& out) {
  if (has_lora(w)) return lora_forward(x, w, out);
  if (has_own_kernels(x)) return multiply(x, forward_of(w), nullptr, out);
  at::Tensor target = out;
  at::mm_out(target, x, w.weight.t());
}

void linear_add(const at::Tensor& x, const LinearWeight& w, const at::Tensor& residual,
                const at::Tensor& out) {
  if (has_lora(w)) {
    lora_forward(x, w, out);
    out.add_(residual);
    return;
  }
  if (has_own_kernels(x)) return multiply(x, forward_of(w), floats(residual), out);
  at::Tensor target = out;
  at::addmm_out(target, residual, x, w.weight.t());
}

void linear_backward_input(const at::Tensor& dout, const LinearWeight& w, const at::Tensor& dx) {
  LACONIC_CHECK(!has_lora(w), "an adapter's gradients are lora_backward_input's");
  if (has_own_kernels(dx))
    return multiply(dout, {view_of(w.weight), w.backward, w.precision}, nullptr, dx);
  at::Tensor target = dx;
  at::mm_out(target, dout, w.weight);
}

void linear_backward_input_add(const at::Tensor& dout, const LinearWeight& w,
                               const at::Tensor& dx) {
  LACONIC_CHECK(!has_lora(w), "an adapter's gradients are lora_backward_input's");
  if (has_own_kernels(dx))
    return multiply(dout, {view_of(w.weight), w.backward, w.precision}, floats(dx), dx);
  at::Tensor target = dx;
  at::addmm_out(target, dx, dout, w.weight);
}

void linear_backward_weight(const at::Tensor& dout, const at::Tensor& x, const at::Tensor& dweight,
                            Precision precision) {
  if (has_own_kernels(x))
    return gemm_transposed_a(view_of(dout), view_of(x), floats(dweight), precision);
  at::Tensor target = dweight;
  at::addmm_out(target, dweight, dout.t(), x);
}

void pack_weight(const at::Tensor& weight, bool transposed, Precision precision,
                 GemmPanels& panels) {
  panels.pack(transposed ? view_of(weight).transposed() : view_of(weight), precision);
}

}  // namespace laconic
