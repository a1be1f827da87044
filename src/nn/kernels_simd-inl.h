// Vector helpers and the one matrix micro-kernel, compiled once per instruction set (Highway's
// foreach_target).
//
// The micro-kernel C[M, N] (+)= A[M, K] B[K, N] keeps a tile of C in registers. M is a multiple of
// kTileRows and N of kPad: its callers pack their operands with zero padding, so that there are no
// edges. A is read through a row and a column stride, so that a transposed A costs nothing.
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

// Operands are padded to this many columns (and rows): the widest vector in use, 16 floats.
inline constexpr size_t kPad = 16;
#if HWY_TARGET <= HWY_AVX3
inline constexpr int kTileRows = 8;
#else
inline constexpr int kTileRows = 4;
#endif

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

struct Matrix {
  const float* data;
  size_t row_stride;
  size_t column_stride;
};

template <int kRows, int kVectors, bool kAccumulate>
HWY_INLINE void multiply_tile(const Matrix& a, const float* HWY_RESTRICT b, size_t b_stride,
                              float* HWY_RESTRICT c, size_t c_stride, size_t depth) {
  const FloatTag d;
  const size_t lanes = hn::Lanes(d);
  Float sums[kRows][kVectors];
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      sums[r][v] = kAccumulate ? hn::LoadU(d, c + r * c_stride + v * lanes) : hn::Zero(d);
    }
  }
  const float* a_column = a.data;
  for (size_t k = 0; k < depth; ++k, a_column += a.column_stride, b += b_stride) {
    Float columns[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) columns[v] = hn::LoadU(d, b + v * lanes);
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      const Float left = hn::Set(d, a_column[r * a.row_stride]);
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) sums[r][v] = hn::MulAdd(left, columns[v], sums[r][v]);
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      hn::StoreU(sums[r][v], d, c + r * c_stride + v * lanes);
    }
  }
}

struct Product {
  size_t rows;     // M, a multiple of kTileRows
  size_t columns;  // N, a multiple of kPad
  size_t depth;    // K
};

template <bool kAccumulate>
HWY_INLINE void multiply(const Product& size, const Matrix& a, const float* b, size_t b_stride,
                         float* c, size_t c_stride) {
  const size_t lanes = hn::Lanes(FloatTag());
  for (size_t row = 0; row < size.rows; row += kTileRows) {
    const Matrix rows = {a.data + row * a.row_stride, a.row_stride, a.column_stride};
    float* c_row = c + row * c_stride;
    size_t column = 0;
    for (; column + 2 * lanes <= size.columns; column += 2 * lanes) {
      multiply_tile<kTileRows, 2, kAccumulate>(rows, b + column, b_stride, c_row + column, c_stride,
                                               size.depth);
    }
    for (; column < size.columns; column += lanes) {
      multiply_tile<kTileRows, 1, kAccumulate>(rows, b + column, b_stride, c_row + column, c_stride,
                                               size.depth);
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace laconic
HWY_AFTER_NAMESPACE();
#endif  // per-target include guard
