// Vector helpers, compiled once per instruction set (Highway's foreach_target).
// SPDX-License-Identifier: Apache-2.0

// Compiled once per target, therefore no plain include guard.
#if defined(LACONIC_NN_KERNELS_SIMD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LACONIC_NN_KERNELS_SIMD_INL_H_
#undef LACONIC_NN_KERNELS_SIMD_INL_H_
#else
#define LACONIC_NN_KERNELS_SIMD_INL_H_
#endif

#include <cstddef>

#include "hwy/contrib/math/math-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace laconic {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using FloatTag = hn::ScalableTag<float>;
using Float = hn::Vec<FloatTag>;

// Loads and stores of a whole vector, or of the last few elements of a row.
struct Whole {
  HWY_INLINE Float load(const float* p) const { return hn::LoadU(FloatTag(), p); }
  HWY_INLINE void store(Float v, float* p) const { hn::StoreU(v, FloatTag(), p); }
};
struct Part {
  explicit HWY_INLINE Part(size_t count) : mask(hn::FirstN(FloatTag(), count)) {}
  HWY_INLINE Float load(const float* p) const { return hn::MaskedLoad(mask, FloatTag(), p); }
  HWY_INLINE void store(Float v, float* p) const { hn::BlendedStore(v, mask, FloatTag(), p); }
  hn::Mask<FloatTag> mask;
};

// body(i, access) for each vector of n elements; the last one may be partial, its other lanes load
// as 0.
template <typename Body>
HWY_INLINE void for_vectors(size_t n, const Body& body) {
  const size_t lanes = hn::Lanes(FloatTag());
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) body(i, Whole());
  if (i < n) body(i, Part(n - i));
}

HWY_INLINE float sum_lanes(Float v) { return hn::GetLane(hn::SumOfLanes(FloatTag(), v)); }
HWY_INLINE float max_lanes(Float v) { return hn::GetLane(hn::MaxOfLanes(FloatTag(), v)); }

// Four rows of four, their columns written `stride` apart.
HWY_INLINE void transpose_4x4(const float* from, size_t row_stride, float* out, size_t stride) {
  const hn::FixedTag<float, 4> d;
  const auto row = [&](size_t r) HWY_ATTR { return hn::LoadU(d, from + r * row_stride); };
  const auto a = row(0), b = row(1), c = row(2), e = row(3);
  const auto ac = hn::InterleaveLower(d, a, c), be = hn::InterleaveLower(d, b, e);
  const auto ac_high = hn::InterleaveUpper(d, a, c), be_high = hn::InterleaveUpper(d, b, e);
  hn::StoreU(hn::InterleaveLower(d, ac, be), d, out);
  hn::StoreU(hn::InterleaveUpper(d, ac, be), d, out + stride);
  hn::StoreU(hn::InterleaveLower(d, ac_high, be_high), d, out + 2 * stride);
  hn::StoreU(hn::InterleaveUpper(d, ac_high, be_high), d, out + 3 * stride);
}

// Highway 1.0.3's Exp wraps around where the result overflows, hence the bound.
HWY_INLINE Float sigmoid(Float x) {
  const FloatTag d;
  const Float one = hn::Set(d, 1.0f);
  const Float bounded = hn::Max(x, hn::Set(d, -88.0f));
  return hn::Div(one, hn::Add(one, hn::Exp(d, hn::Neg(bounded))));
}

// Beyond 10 it is 1 to the last bit; Tanh's own exponential would wrap around.
HWY_INLINE Float bounded_tanh(Float x) {
  const FloatTag d;
  return hn::Tanh(d, hn::Clamp(x, hn::Set(d, -10.0f), hn::Set(d, 10.0f)));
}

}  // namespace HWY_NAMESPACE
}  // namespace laconic
HWY_AFTER_NAMESPACE();
#endif  // per-target include guard
