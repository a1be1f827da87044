// SPDX-License-Identifier: Apache-2.0
#include "nn/operators.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/mm.h>

#include "base/error.h"
#include "nn/kernels.h"
#include "nn/lora.h"
#include "nn/workspace.h"

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
  const LinearWeight& weight;
};
Right forward_of(const LinearWeight& w) { return {view_of(w.weight).transposed(), w.forward, w}; }
Right backward_of(const LinearWeight& w) { return {view_of(w.weight), w.backward, w}; }

// out = initial + x b.
void multiply(const at::Tensor& x, const Right& b, const float* initial, const at::Tensor& out) {
  GemmPanels own;
  const GemmPanels* panels = b.panels;
  if (panels == nullptr) {
    GemmPanels& room = b.weight.workspace ? b.weight.workspace->panels() : own;
    room.pack(b.view, b.weight.mode.precision);
    panels = &room;
  }
  gemm(view_of(x), *panels, initial, floats(out), static_cast<size_t>(out.stride(0)));
}

bool is_own(const at::Tensor& x, const ProductMode& mode) {
  return has_own_kernels(x, mode.aten_kernels);
}

}  // namespace

void linear(const at::Tensor& x, const LinearWeight& w, const at::Tensor& out) {
  if (has_lora(w)) return lora_forward(x, w, out);
  if (is_own(x, w.mode)) return multiply(x, forward_of(w), nullptr, out);
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
  if (is_own(x, w.mode)) return multiply(x, forward_of(w), floats(residual), out);
  at::Tensor target = out;
  at::addmm_out(target, residual, x, w.weight.t());
}

void linear_backward_input(const at::Tensor& dout, const LinearWeight& w, const at::Tensor& dx) {
  LACONIC_CHECK(!has_lora(w), "an adapter's gradients are lora_backward_input's");
  if (is_own(dx, w.mode)) return multiply(dout, backward_of(w), nullptr, dx);
  at::Tensor target = dx;
  at::mm_out(target, dout, w.weight);
}

void linear_backward_input_add(const at::Tensor& dout, const LinearWeight& w,
                               const at::Tensor& dx) {
  LACONIC_CHECK(!has_lora(w), "an adapter's gradients are lora_backward_input's");
  if (is_own(dx, w.mode)) return multiply(dout, backward_of(w), floats(dx), dx);
  at::Tensor target = dx;
  at::addmm_out(target, dx, dout, w.weight);
}

void linear_backward_weight(const at::Tensor& dout, const at::Tensor& x, const at::Tensor& dweight,
                            const ProductMode& mode) {
  if (is_own(x, mode))
    return gemm_transposed_a(view_of(dout), view_of(x), floats(dweight), mode.precision);
  at::Tensor target = dweight;
  at::addmm_out(target, dweight, dout.t(), x);
}

void pack_weight(const at::Tensor& weight, bool transposed, Precision precision,
                 GemmPanels& panels) {
  panels.pack(transposed ? view_of(weight).transposed() : view_of(weight), precision);
}

}  // namespace laconic
