// SPDX-License-Identifier: Apache-2.0
#include "nn/operators.h"

#include <ATen/ops/addmm.h>
#include <ATen/ops/mm.h>

#include "nn/gemm.h"

namespace laconic {
namespace {

MatrixView view_of(const at::Tensor& t) {
  return row_major(static_cast<const float*>(t.data_ptr()), static_cast<size_t>(t.size(0)),
                   static_cast<size_t>(t.size(1)));
}

float* floats(const at::Tensor& t) { return static_cast<float*>(t.data_ptr()); }

// out = initial + x b. Packing costs one pass over b for each call: little beside hundreds of rows.
void multiply(const at::Tensor& x, const MatrixView& b, const float* initial,
              const at::Tensor& out) {
  static thread_local GemmPanels packed;
  packed.pack(b);
  gemm(view_of(x), packed, initial, floats(out));
}

}  // namespace

void linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& out) {
  if (x.is_cpu()) return multiply(x, view_of(weight).transposed(), nullptr, out);
  at::Tensor target = out;
  at::mm_out(target, x, weight.t());
}

void linear_add(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& residual,
                const at::Tensor& out) {
  if (x.is_cpu()) return multiply(x, view_of(weight).transposed(), floats(residual), out);
  at::Tensor target = out;
  at::addmm_out(target, residual, x, weight.t());
}

void linear_backward_input(const at::Tensor& dout, const at::Tensor& weight, const at::Tensor& dx) {
  if (dx.is_cpu()) return multiply(dout, view_of(weight), nullptr, dx);
  at::Tensor target = dx;
  at::mm_out(target, dout, weight);
}

void linear_backward_weight(const at::Tensor& dout, const at::Tensor& x,
                            const at::Tensor& dweight) {
  if (x.is_cpu()) return gemm_transposed_a(view_of(dout), view_of(x), floats(dweight));
  at::Tensor target = dweight;
  at::addmm_out(target, dweight, dout.t(), x);
}

}  // namespace laconic
