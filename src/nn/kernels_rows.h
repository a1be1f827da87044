// Vector code over rows [begin, end) of plain arrays: the inner loops behind kernels_cpu.cc.
//
// No tensors, no threads: the caller splits the rows. Dispatches to the best instruction set at run
// time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace laconic::rows {

struct Range {
  size_t begin;
  size_t end;
};

struct RmsNorm {
  const float* x;
  const float* weight;
  float* out;
  float* rstd;
  size_t width;
  float eps;
};
void rms_norm(const RmsNorm& a, Range range);

struct RmsNormBackward {
  const float* dout;
  const float* x;
  const float* weight;
  const float* rstd;
  float* dx;       // added to
  float* dweight;  // [width] of this range alone, overwritten
  size_t width;
};
void rms_norm_backward(const RmsNormBackward& a, Range range);

struct ColumnSums {
  const float* x;
  float* sums;  // [width] of this range alone, overwritten
  size_t width;
};
void column_sums(const ColumnSums& a, Range range);

struct Swiglu {
  float* gate_up;  // [R, 2 width]
  float* out;      // [R, width]
  size_t width;
};
void swiglu(const Swiglu& a, Range range);
void swiglu_backward(const Swiglu& a, Range range);
void geglu(const Swiglu& a, Range range);
void geglu_backward(const Swiglu& a, Range range);

struct CrossEntropy {
  float* logits;
  const int32_t* targets;
  const float* factors;
  float* nll;
  size_t width;
  float softcap;
  bool gradient;
};
void cross_entropy(const CrossEntropy& a, Range range);

struct AdamW {
  float* weights;
  const float* gradients;
  float* first;   // m
  float* second;  // v
  float gradient_factor;
  float beta1, beta2;
  float step_size;      // lr / (1 - beta1^t)
  float second_factor;  // 1 / sqrt(1 - beta2^t)
  float eps;
  float keep;  // 1 - lr * weight_decay
};
void adamw(const AdamW& a, Range range);

// Sum of squares of x[range], in double.
double sum_squares(const float* x, Range range);

// out[i] += x[i].
void add(const float* x, float* out, size_t n);

}  // namespace laconic::rows
