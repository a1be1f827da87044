// SPDX-License-Identifier: Apache-2.0
#include "nn/kernels_heads.h"

#include <algorithm>
#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/kernels_heads.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "nn/kernels_simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace laconic {
namespace HWY_NAMESPACE {

using rows::Range;

void BiasRopeRows(const rows::Rope& a, Range range) {
  const FloatTag d;
  const size_t half = a.rotary_dim / 2;
  const Float sign = hn::Set(d, a.sign);
  for (size_t row = range.begin; row < range.end; ++row) {
    float* values = a.qkv + row * a.width;
    if (a.bias != nullptr) {
      for_vectors(a.width, [&](size_t i, const auto& io) HWY_ATTR {
        io.store(hn::Add(io.load(values + i), io.load(a.bias + i)), values + i);
      });
    }
    const float* cos = a.cos + static_cast<size_t>(a.positions[row]) * half;
    const float* sin = a.sin + static_cast<size_t>(a.positions[row]) * half;
    for (size_t head = 0; head < a.rotated_heads; ++head) {
      float* low = values + head * a.head_dim;
      float* high = low + half;
      for_vectors(half, [&](size_t i, const auto& io) HWY_ATTR {
        const Float c = io.load(cos + i), s = hn::Mul(sign, io.load(sin + i));
        const Float x = io.load(low + i), y = io.load(high + i);
        io.store(hn::NegMulAdd(y, s, hn::Mul(x, c)), low + i);
        io.store(hn::MulAdd(x, s, hn::Mul(y, c)), high + i);
      });
    }
  }
}

void HeadNormRows(const rows::HeadNorm& a, Range range) {
  const FloatTag d;
  const size_t count = a.num_heads + a.num_kv_heads, E = a.head_dim;
  for (size_t row = range.begin; row < range.end; ++row) {
    float* values = a.qkv + row * a.width;
    std::copy_n(values, count * E, a.raw + row * count * E);
    for (size_t head = 0; head < count; ++head) {
      float* x = values + head * E;
      const float* weight = head < a.num_heads ? a.q_weight : a.k_weight;
      Float squares = hn::Zero(d);
      for_vectors(E, [&](size_t i, const auto& io) HWY_ATTR {
        const Float v = io.load(x + i);
        squares = hn::MulAdd(v, v, squares);
      });
      const float rstd = 1.0f / std::sqrt(sum_lanes(squares) / static_cast<float>(E) + a.eps);
      a.rstd[row * count + head] = rstd;
      const Float scale = hn::Set(d, rstd);
      for_vectors(E, [&](size_t i, const auto& io) HWY_ATTR {
        io.store(hn::Mul(io.load(weight + i), hn::Mul(io.load(x + i), scale)), x + i);
      });
    }
  }
}

void HeadNormBackwardRows(const rows::HeadNorm& a, float* dweights, Range range) {
  const FloatTag d;
  const size_t count = a.num_heads + a.num_kv_heads, E = a.head_dim;
  std::fill_n(dweights, 2 * E, 0.0f);
  for (size_t row = range.begin; row < range.end; ++row) {
    for (size_t head = 0; head < count; ++head) {
      const bool is_query = head < a.num_heads;
      float* slopes = a.qkv + row * a.width + head * E;
      const float* x = a.raw + (row * count + head) * E;
      const float* weight = is_query ? a.q_weight : a.k_weight;
      float* dweight = is_query ? dweights : dweights + E;
      const Float rstd = hn::Set(d, a.rstd[row * count + head]);
      Float dots = hn::Zero(d);
      for_vectors(E, [&](size_t i, const auto& io) HWY_ATTR {
        const Float slope = io.load(slopes + i);
        const Float normalized = hn::Mul(io.load(x + i), rstd);
        dots = hn::MulAdd(hn::Mul(slope, io.load(weight + i)), normalized, dots);
        io.store(hn::MulAdd(slope, normalized, io.load(dweight + i)), dweight + i);
      });
      const Float mean = hn::Set(d, sum_lanes(dots) / static_cast<float>(E));
      for_vectors(E, [&](size_t i, const auto& io) HWY_ATTR {
        const Float normalized = hn::Mul(io.load(x + i), rstd);
        const Float slope = hn::Mul(io.load(slopes + i), io.load(weight + i));
        io.store(hn::Mul(rstd, hn::NegMulAdd(normalized, mean, slope)), slopes + i);
      });
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace laconic
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace laconic {
HWY_EXPORT(BiasRopeRows);
HWY_EXPORT(HeadNormRows);
HWY_EXPORT(HeadNormBackwardRows);

namespace rows {
void bias_rope(const Rope& a, Range range) { HWY_DYNAMIC_DISPATCH(BiasRopeRows)(a, range); }
void head_norm(const HeadNorm& a, Range range) { HWY_DYNAMIC_DISPATCH(HeadNormRows)(a, range); }
void head_norm_backward(const HeadNorm& a, float* dweights, Range range) {
  HWY_DYNAMIC_DISPATCH(HeadNormBackwardRows)(a, dweights, range);
}
}  // namespace rows
}  // namespace laconic
#endif  // HWY_ONCE
