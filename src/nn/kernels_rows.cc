// SPDX-License-Identifier: Apache-2.0
#include "nn/kernels_rows.h"

#include <cmath>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/kernels_rows.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "nn/kernels_simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace laconic {
namespace HWY_NAMESPACE {

using rows::Range;

void RmsNormRows(const rows::RmsNorm& a, Range range) {
  const FloatTag d;
  for (size_t row = range.begin; row < range.end; ++row) {
    const float* x = a.x + row * a.width;
    float* out = a.out + row * a.width;
    Float squares = hn::Zero(d);
    for_vectors(a.width, [&](size_t i, const auto& io) HWY_ATTR {
      const Float v = io.load(x + i);
      squares = hn::MulAdd(v, v, squares);
    });
    const float rstd = 1.0f / std::sqrt(sum_lanes(squares) / static_cast<float>(a.width) + a.eps);
    a.rstd[row] = rstd;
    const Float scale = hn::Set(d, rstd);
    for_vectors(a.width, [&](size_t i, const auto& io) HWY_ATTR {
      io.store(hn::Mul(io.load(a.weight + i), hn::Mul(io.load(x + i), scale)), out + i);
    });
  }
}

void RmsNormBackwardRows(const rows::RmsNormBackward& a, Range range) {
  const FloatTag d;
  for (size_t i = 0; i < a.width; ++i) a.dweight[i] = 0.0f;
  for (size_t row = range.begin; row < range.end; ++row) {
    const float* x = a.x + row * a.width;
    const float* dout = a.dout + row * a.width;
    float* dx = a.dx + row * a.width;
    const Float rstd = hn::Set(d, a.rstd[row]);
    Float dots = hn::Zero(d);
    for_vectors(a.width, [&](size_t i, const auto& io) HWY_ATTR {
      const Float slope = io.load(dout + i);
      const Float normalized = hn::Mul(io.load(x + i), rstd);
      dots = hn::MulAdd(hn::Mul(slope, io.load(a.weight + i)), normalized, dots);
      io.store(hn::MulAdd(slope, normalized, io.load(a.dweight + i)), a.dweight + i);
    });
    const Float mean = hn::Set(d, sum_lanes(dots) / static_cast<float>(a.width));
    for_vectors(a.width, [&](size_t i, const auto& io) HWY_ATTR {
      const Float normalized = hn::Mul(io.load(x + i), rstd);
      const Float slope = hn::Mul(io.load(dout + i), io.load(a.weight + i));
      const Float inner = hn::NegMulAdd(normalized, mean, slope);
      io.store(hn::MulAdd(rstd, inner, io.load(dx + i)), dx + i);
    });
  }
}

void ColumnSumsRows(const rows::ColumnSums& a, Range range) {
  for (size_t i = 0; i < a.width; ++i) a.sums[i] = 0.0f;
  for (size_t row = range.begin; row < range.end; ++row) {
    const float* x = a.x + row * a.width;
    for_vectors(a.width, [&](size_t i, const auto& io) HWY_ATTR {
      io.store(hn::Add(io.load(a.sums + i), io.load(x + i)), a.sums + i);
    });
  }
}

void SwigluRows(const rows::Swiglu& a, Range range) {
  for (size_t row = range.begin; row < range.end; ++row) {
    const float* gate = a.gate_up + row * 2 * a.width;
    const float* up = gate + a.width;
    float* out = a.out + row * a.width;
    for_vectors(a.width, [&](size_t i, const auto& io) HWY_ATTR {
      const Float g = io.load(gate + i);
      io.store(hn::Mul(hn::Mul(g, sigmoid(g)), io.load(up + i)), out + i);
    });
  }
}

void SwigluBackwardRows(const rows::Swiglu& a, Range range) {
  const Float one = hn::Set(FloatTag(), 1.0f);
  for (size_t row = range.begin; row < range.end; ++row) {
    float* gate = a.gate_up + row * 2 * a.width;
    float* up = gate + a.width;
    float* out = a.out + row * a.width;
    for_vectors(a.width, [&](size_t i, const auto& io) HWY_ATTR {
      const Float g = io.load(gate + i), u = io.load(up + i), slope = io.load(out + i);
      const Float s = sigmoid(g);
      const Float silu = hn::Mul(g, s);
      // d silu / dg = s (1 + g (1 - s)) = s + silu (1 - s).
      const Float dsilu = hn::MulAdd(silu, hn::Sub(one, s), s);
      io.store(hn::Mul(silu, u), out + i);
      io.store(hn::Mul(hn::Mul(slope, u), dsilu), gate + i);
      io.store(hn::Mul(slope, silu), up + i);
    });
  }
}

// x sigmoid(2 u) with u = sqrt(2 / pi) (x + 0.044715 x^3) is 0.5 x (1 + tanh(u)).
struct GeluTanh {
  Float sigmoid_2u;
  Float du;  // d(2 u)/dx
};
HWY_INLINE GeluTanh gelu_tanh(Float x) {
  const FloatTag d;
  const Float square = hn::Mul(x, x), one = hn::Set(d, 1.0f);
  const Float scale = hn::Set(d, 1.5957691216057308f);  // 2 sqrt(2 / pi)
  const Float inner = hn::MulAdd(hn::Set(d, 0.044715f), square, one);
  const Float slope = hn::MulAdd(hn::Set(d, 3 * 0.044715f), square, one);
  return {sigmoid(hn::Mul(hn::Mul(scale, x), inner)), hn::Mul(scale, slope)};
}

void GegluRows(const rows::Swiglu& a, Range range) {
  for (size_t row = range.begin; row < range.end; ++row) {
    const float* gate = a.gate_up + row * 2 * a.width;
    const float* up = gate + a.width;
    float* out = a.out + row * a.width;
    for_vectors(a.width, [&](size_t i, const auto& io) HWY_ATTR {
      const Float g = io.load(gate + i);
      io.store(hn::Mul(hn::Mul(g, gelu_tanh(g).sigmoid_2u), io.load(up + i)), out + i);
    });
  }
}

void GegluBackwardRows(const rows::Swiglu& a, Range range) {
  for (size_t row = range.begin; row < range.end; ++row) {
    float* gate = a.gate_up + row * 2 * a.width;
    float* up = gate + a.width;
    float* out = a.out + row * a.width;
    for_vectors(a.width, [&](size_t i, const auto& io) HWY_ATTR {
      const Float g = io.load(gate + i), u = io.load(up + i), slope = io.load(out + i);
      const GeluTanh at = gelu_tanh(g);
      const Float gelu = hn::Mul(g, at.sigmoid_2u);
      // d gelu / dg = s + g s (1 - s) du.
      const Float rest = hn::Mul(hn::NegMulAdd(gelu, at.sigmoid_2u, gelu), at.du);
      io.store(hn::Mul(gelu, u), out + i);
      io.store(hn::Mul(hn::Mul(slope, u), hn::Add(at.sigmoid_2u, rest)), gate + i);
      io.store(hn::Mul(slope, gelu), up + i);
    });
  }
}

HWY_INLINE void cap_row(float* x, size_t width, float softcap) {
  const Float cap = hn::Set(FloatTag(), softcap), inverse = hn::Set(FloatTag(), 1.0f / softcap);
  for_vectors(width, [&](size_t i, const auto& io) HWY_ATTR {
    io.store(hn::Mul(cap, bounded_tanh(hn::Mul(io.load(x + i), inverse))), x + i);
  });
}

// Capped logits -> gradients of the raw ones. The slope of the cap is told from its value, so that
// no second row is kept.
HWY_INLINE void capped_gradient(float* x, const rows::CrossEntropy& a, size_t row) {
  const FloatTag d;
  const float target = x[a.targets[row]], t = target / a.softcap;
  const Float log_sum = hn::Set(d, a.nll[row] + target), factor = hn::Set(d, a.factors[row]);
  const Float inverse = hn::Set(d, 1.0f / a.softcap), one = hn::Set(d, 1.0f);
  for_vectors(a.width, [&](size_t i, const auto& io) HWY_ATTR {
    const Float capped = io.load(x + i), ratio = hn::Mul(capped, inverse);
    const Float p = hn::Exp(d, hn::Sub(capped, log_sum));
    io.store(hn::Mul(hn::Mul(p, factor), hn::NegMulAdd(ratio, ratio, one)), x + i);
  });
  x[a.targets[row]] -= a.factors[row] * (1.0f - t * t);
}

void CrossEntropyRows(const rows::CrossEntropy& a, Range range) {
  const FloatTag d;
  const Float lowest = hn::Set(d, -std::numeric_limits<float>::infinity());
  const size_t lanes = hn::Lanes(d);
  for (size_t row = range.begin; row < range.end; ++row) {
    float* x = a.logits + row * a.width;
    if (a.softcap > 0) cap_row(x, a.width, a.softcap);
    const float target = x[a.targets[row]];
    Float highest = lowest;
    size_t i = 0;
    for (; i + lanes <= a.width; i += lanes) highest = hn::Max(highest, hn::LoadU(d, x + i));
    float top = max_lanes(highest);
    for (; i < a.width; ++i) top = x[i] > top ? x[i] : top;
    const Float shift = hn::Set(d, top);
    Float sums = hn::Zero(d);
    const bool gradient = a.gradient && a.softcap == 0;
    for (i = 0; i + lanes <= a.width; i += lanes) {
      const Float e = hn::Exp(d, hn::Sub(hn::LoadU(d, x + i), shift));
      sums = hn::Add(sums, e);
      if (gradient) hn::StoreU(e, d, x + i);
    }
    if (i < a.width) {
      const Part io(a.width - i);
      const Float e = hn::IfThenElseZero(io.mask, hn::Exp(d, hn::Sub(io.load(x + i), shift)));
      sums = hn::Add(sums, e);
      if (gradient) io.store(e, x + i);
    }
    const float sum = sum_lanes(sums);
    a.nll[row] = std::log(sum) - (target - top);
    if (a.gradient && a.softcap > 0) capped_gradient(x, a, row);
    if (!gradient) continue;
    const Float scale = hn::Set(d, a.factors[row] / sum);
    for_vectors(a.width, [&](size_t j, const auto& io)
                             HWY_ATTR { io.store(hn::Mul(io.load(x + j), scale), x + j); });
    x[a.targets[row]] -= a.factors[row];
  }
}

void AddRow(const float* x, float* out, size_t n) {
  for_vectors(n, [&](size_t i, const auto& io)
                     HWY_ATTR { io.store(hn::Add(io.load(out + i), io.load(x + i)), out + i); });
}

void AdamWRange(const rows::AdamW& a, Range range) {
  const FloatTag d;
  const Float factor = hn::Set(d, a.gradient_factor), keep = hn::Set(d, a.keep);
  const Float beta1 = hn::Set(d, a.beta1), rest1 = hn::Set(d, 1.0f - a.beta1);
  const Float beta2 = hn::Set(d, a.beta2), rest2 = hn::Set(d, 1.0f - a.beta2);
  const Float step = hn::Set(d, a.step_size), second = hn::Set(d, a.second_factor);
  const Float eps = hn::Set(d, a.eps);
  for_vectors(range.end - range.begin, [&](size_t offset, const auto& io) HWY_ATTR {
    const size_t i = range.begin + offset;
    const Float g = hn::Mul(io.load(a.gradients + i), factor);
    const Float m = hn::MulAdd(beta1, io.load(a.first + i), hn::Mul(rest1, g));
    const Float v = hn::MulAdd(beta2, io.load(a.second + i), hn::Mul(rest2, hn::Mul(g, g)));
    const Float scale = hn::MulAdd(hn::Sqrt(v), second, eps);
    const Float kept = hn::Mul(io.load(a.weights + i), keep);
    io.store(m, a.first + i);
    io.store(v, a.second + i);
    io.store(hn::NegMulAdd(step, hn::Div(m, scale), kept), a.weights + i);
  });
}

double SumSquaresRange(const float* x, Range range) {
  const hn::ScalableTag<double> d;
  const hn::Rebind<float, decltype(d)> half;
  const size_t lanes = hn::Lanes(d);
  auto sum = hn::Zero(d);
  size_t i = range.begin;
  for (; i + lanes <= range.end; i += lanes) {
    const auto v = hn::PromoteTo(d, hn::LoadU(half, x + i));
    sum = hn::MulAdd(v, v, sum);
  }
  double total = hn::GetLane(hn::SumOfLanes(d, sum));
  for (; i < range.end; ++i) total += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  return total;
}

}  // namespace HWY_NAMESPACE
}  // namespace laconic
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace laconic {
HWY_EXPORT(RmsNormRows);
HWY_EXPORT(RmsNormBackwardRows);
HWY_EXPORT(ColumnSumsRows);
HWY_EXPORT(SwigluRows);
HWY_EXPORT(SwigluBackwardRows);
HWY_EXPORT(GegluRows);
HWY_EXPORT(GegluBackwardRows);
HWY_EXPORT(CrossEntropyRows);
HWY_EXPORT(AdamWRange);
HWY_EXPORT(SumSquaresRange);
HWY_EXPORT(AddRow);

namespace rows {
void rms_norm(const RmsNorm& a, Range range) { HWY_DYNAMIC_DISPATCH(RmsNormRows)(a, range); }
void rms_norm_backward(const RmsNormBackward& a, Range range) {
  HWY_DYNAMIC_DISPATCH(RmsNormBackwardRows)(a, range);
}
void column_sums(const ColumnSums& a, Range range) {
  HWY_DYNAMIC_DISPATCH(ColumnSumsRows)(a, range);
}
void swiglu(const Swiglu& a, Range range) { HWY_DYNAMIC_DISPATCH(SwigluRows)(a, range); }
void swiglu_backward(const Swiglu& a, Range range) {
  HWY_DYNAMIC_DISPATCH(SwigluBackwardRows)(a, range);
}
void geglu(const Swiglu& a, Range range) { HWY_DYNAMIC_DISPATCH(GegluRows)(a, range); }
void geglu_backward(const Swiglu& a, Range range) {
  HWY_DYNAMIC_DISPATCH(GegluBackwardRows)(a, range);
}
void cross_entropy(const CrossEntropy& a, Range range) {
  HWY_DYNAMIC_DISPATCH(CrossEntropyRows)(a, range);
}
void adamw(const AdamW& a, Range range) { HWY_DYNAMIC_DISPATCH(AdamWRange)(a, range); }
double sum_squares(const float* x, Range range) {
  return HWY_DYNAMIC_DISPATCH(SumSquaresRange)(x, range);
}
void add(const float* x, float* out, size_t n) { HWY_DYNAMIC_DISPATCH(AddRow)(x, out, n); }
}  // namespace rows
}  // namespace laconic
#endif  // HWY_ONCE
