// Sixteen lanes of floats, compiled once per instruction set (Highway's foreach_target): what makes
// a sum over a row the same bits whatever the vector width.
// SPDX-License-Identifier: Apache-2.0

// Compiled once per target, therefore no plain include guard.
#if defined(LACONIC_NN_DECODE_SIMD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LACONIC_NN_DECODE_SIMD_INL_H_
#undef LACONIC_NN_DECODE_SIMD_INL_H_
#else
#define LACONIC_NN_DECODE_SIMD_INL_H_
#endif

#include <cstdint>

#include "hwy/contrib/math/math-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace laconic {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using D = hn::CappedTag<float, 16>;
using V = hn::Vec<D>;
constexpr int64_t kLanes = HWY_LANES(float) < 16 ? HWY_LANES(float) : 16;
constexpr int64_t kVectors = 16 / kLanes;  // vectors that make up 16 lanes

// 16 lanes, whatever the vector width.
struct Sixteen {
  V part[kVectors];
  Sixteen() = default;
  HWY_INLINE explicit Sixteen(float value) {
    for (V& v : part) v = hn::Set(D(), value);
  }
  HWY_INLINE explicit Sixteen(const float* from) { load(from); }
  HWY_INLINE void load(const float* from) {
    for (int64_t v = 0; v < kVectors; ++v) part[v] = hn::LoadU(D(), from + v * kLanes);
  }
  HWY_INLINE void store(float* to) const {
    for (int64_t v = 0; v < kVectors; ++v) hn::StoreU(part[v], D(), to + v * kLanes);
  }
  HWY_INLINE void add_product(const Sixteen& a, const Sixteen& b) {
    for (int64_t v = 0; v < kVectors; ++v) part[v] = hn::MulAdd(a.part[v], b.part[v], part[v]);
  }
  HWY_INLINE void add(const Sixteen& a) {
    for (int64_t v = 0; v < kVectors; ++v) part[v] = hn::Add(part[v], a.part[v]);
  }
};

HWY_INLINE float sum_lanes(const Sixteen& values) {
  float lanes[16];
  values.store(lanes);
  for (int width = 8; width > 0; width /= 2)
    for (int i = 0; i < width; ++i) lanes[i] += lanes[i + width];
  return lanes[0];
}

// A score or logit x becomes cap * tanh(x / cap).
HWY_INLINE V soft_cap(V x, V cap) { return hn::Mul(hn::Tanh(D(), hn::Div(x, cap)), cap); }

}  // namespace HWY_NAMESPACE
}  // namespace laconic
HWY_AFTER_NAMESPACE();
#endif  // per-target include guard
