// SPDX-License-Identifier: Apache-2.0
#include "nn/decode_kernels.h"

#include <cmath>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/decode_kernels.cc"
// clang-format off
#include "hwy/foreach_target.h"
// clang-format on
#include "nn/decode_simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace laconic {
namespace HWY_NAMESPACE {

void rms_norm_impl(const float* x, const float* weight, float* out, int64_t width, double eps) {
  Sixteen squares(0.0F);
  for (int64_t i = 0; i < width; i += 16) {
    const Sixteen value(x + i);
    squares.add_product(value, value);
  }
  const double mean = static_cast<double>(sum_lanes(squares)) / static_cast<double>(width);
  const V inverse = hn::Set(D(), static_cast<float>(1.0 / std::sqrt(mean + eps)));
  for (int64_t i = 0; i < width; i += kLanes) {
    const V normed = hn::Mul(hn::LoadU(D(), x + i), inverse);
    hn::StoreU(hn::Mul(normed, hn::LoadU(D(), weight + i)), D(), out + i);
  }
}

// In place, without padding behind the head: the last few columns go by way of a copy.
void head_norm_impl(float* head, const float* weight, int64_t width, double eps) {
  const int64_t whole = width / 16 * 16;
  HWY_ALIGN float tail[16] = {};
  std::memcpy(tail, head + whole, static_cast<size_t>(width - whole) * sizeof(float));
  Sixteen squares(0.0F);
  for (int64_t i = 0; i < width; i += 16) {
    const Sixteen value(i < whole ? head + i : tail);
    squares.add_product(value, value);
  }
  const double mean = static_cast<double>(sum_lanes(squares)) / static_cast<double>(width);
  const auto inverse = static_cast<float>(1.0 / std::sqrt(mean + eps));
  for (int64_t i = 0; i < width; ++i) head[i] = head[i] * inverse * weight[i];
}

void rope_impl(float* head, const float* cosines, const float* sines, int64_t width) {
  const int64_t half = width / 2;
  const hn::CappedTag<float, 8> d;
  int64_t i = 0;
  for (; i + 8 <= half; i += 8) {
    const auto c = hn::LoadU(d, cosines + i), s = hn::LoadU(d, sines + i);
    const auto a = hn::LoadU(d, head + i), b = hn::LoadU(d, head + half + i);
    hn::StoreU(hn::Sub(hn::Mul(a, c), hn::Mul(b, s)), d, head + i);
    hn::StoreU(hn::Add(hn::Mul(b, c), hn::Mul(a, s)), d, head + half + i);
  }
  for (; i < half; ++i) {
    const float a = head[i], b = head[half + i];
    head[i] = a * cosines[i] - b * sines[i];
    head[half + i] = b * cosines[i] + a * sines[i];
  }
}

void swiglu_impl(float* gate, const float* up, int64_t n) {
  const D d;
  const V one = hn::Set(d, 1.0F), limit = hn::Set(d, 88.0F);
  for (int64_t i = 0; i < n; i += kLanes) {
    const V g = hn::LoadU(d, gate + i);
    const V exponential = hn::Exp(d, hn::Min(hn::Neg(g), limit));
    const V silu = hn::Div(g, hn::Add(one, exponential));
    hn::StoreU(hn::Mul(silu, hn::LoadU(d, up + i)), d, gate + i);
  }
}

// "gelu_pytorch_tanh": with u = sqrt(2/pi) (g + 0.044715 g^3), (1 + tanh u) / 2 is the sigmoid of
// 2u.
void geglu_impl(float* gate, const float* up, int64_t n) {
  const D d;
  const V one = hn::Set(d, 1.0F), limit = hn::Set(d, 88.0F);
  const V linear = hn::Set(d, -1.5957691216057308F), cubic = hn::Set(d, 0.044715F);
  for (int64_t i = 0; i < n; i += kLanes) {
    const V g = hn::LoadU(d, gate + i);
    const V inner = hn::MulAdd(hn::Mul(hn::Mul(g, g), g), cubic, g);
    const V exponential = hn::Exp(d, hn::Min(hn::Mul(inner, linear), limit));
    const V gelu = hn::Div(g, hn::Add(one, exponential));
    hn::StoreU(hn::Mul(gelu, hn::LoadU(d, up + i)), d, gate + i);
  }
}

void softcap_impl(float* x, int64_t n, float cap) {
  const V vector_cap = hn::Set(D(), cap);
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    hn::StoreU(soft_cap(hn::LoadU(D(), x + i), vector_cap), D(), x + i);
  if (i == n) return;
  HWY_ALIGN float tail[16] = {};
  const auto tail_bytes = static_cast<size_t>(n - i) * sizeof(float);
  std::memcpy(tail, x + i, tail_bytes);
  hn::StoreU(soft_cap(hn::LoadU(D(), tail), vector_cap), D(), tail);
  std::memcpy(x + i, tail, tail_bytes);
}

void add_impl(float* x, const float* y, int64_t n) {
  for (int64_t i = 0; i < n; i += kLanes)
    hn::StoreU(hn::Add(hn::LoadU(D(), x + i), hn::LoadU(D(), y + i)), D(), x + i);
}

}  // namespace HWY_NAMESPACE
}  // namespace laconic
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace laconic {

HWY_EXPORT(rms_norm_impl);
HWY_EXPORT(head_norm_impl);
HWY_EXPORT(rope_impl);
HWY_EXPORT(swiglu_impl);
HWY_EXPORT(geglu_impl);
HWY_EXPORT(softcap_impl);
HWY_EXPORT(add_impl);

void rms_norm_row(const float* x, const float* weight, float* out, int64_t width, double eps) {
  HWY_DYNAMIC_DISPATCH(rms_norm_impl)(x, weight, out, width, eps);
}

void head_norm(float* head, const float* weight, int64_t width, double eps) {
  HWY_DYNAMIC_DISPATCH(head_norm_impl)(head, weight, width, eps);
}

void rope_head(float* head, const float* cosines, const float* sines, int64_t width) {
  HWY_DYNAMIC_DISPATCH(rope_impl)(head, cosines, sines, width);
}

void swiglu_row(float* gate, const float* up, int64_t n) {
  HWY_DYNAMIC_DISPATCH(swiglu_impl)(gate, up, n);
}

void geglu_row(float* gate, const float* up, int64_t n) {
  HWY_DYNAMIC_DISPATCH(geglu_impl)(gate, up, n);
}

void softcap_row(float* x, int64_t n, double cap) {
  HWY_DYNAMIC_DISPATCH(softcap_impl)(x, n, static_cast<float>(cap));
}

void add_row(float* x, const float* y, int64_t n) { HWY_DYNAMIC_DISPATCH(add_impl)(x, y, n); }

}  // namespace laconic
#endif  // HWY_ONCE
