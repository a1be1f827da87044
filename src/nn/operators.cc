// SPDX-License-Identifier: Apache-2.0
#include "nn/operators.h"

#include <ATen/ops/addmm.h>
#include <ATen/ops/mm.h>

namespace laconic {

void linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& out) {
  at::Tensor target = out;
  at::mm_out(target, x, weight.t());
}

void linear_add(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& residual,
                const at::Tensor& out) {
  at::Tensor target = out;
  at::addmm_out(target, residual, x, weight.t());
}

void linear_backward_input(const at::Tensor& dout, const at::Tensor& weight, const at::Tensor& dx) {
  at::Tensor target = dx;
  at::mm_out(target, dout, weight);
}

void linear_backward_weight(const at::Tensor& dout, const at::Tensor& x,
                            const at::Tensor& dweight) {
  at::Tensor target = dweight;
  at::addmm_out(target, dweight, dout.t(), x);
}

}  // namespace laconic
