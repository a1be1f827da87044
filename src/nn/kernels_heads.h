// Vector code over the heads of rows [begin, end) of qkv: rotation and norms. The rest of
// kernels_rows.h's kind.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "nn/kernels_rows.h"

namespace laconic::rows {

struct Rope {
  float* qkv;
  const float* bias;  // [width] or null
  const float* cos;
  const float* sin;
  const int32_t* positions;
  size_t width;          // P
  size_t rotated_heads;  // H + K
  size_t head_dim;
  size_t rotary_dim;  // rotated front of each head
  float sign;         // +1 forward, -1 backward
};
void bias_rope(const Rope& a, Range range);

// In place on the heads of q and k.
struct HeadNorm {
  float* qkv;             // values forward, gradients backward
  const float* q_weight;  // [E]
  const float* k_weight;  // [E]
  float* raw;             // [T, (H + K) E]
  float* rstd;            // [T, H + K]
  size_t width;           // P
  size_t num_heads;       // H
  size_t num_kv_heads;    // K
  size_t head_dim;        // E
  float eps;              // forward only
};
void head_norm(const HeadNorm& a, Range range);
// dweights [2 E] (of q, then of k) of this range alone, overwritten.
void head_norm_backward(const HeadNorm& a, float* dweights, Range range);

}  // namespace laconic::rows
