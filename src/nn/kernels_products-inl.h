// Products of small packed blocks in fp32 or in bf16, for the attention kernels.
//
// C[M, N] (+)= A[M, K] B[K, N] keeps a tile of C in registers. M, N and K are multiples of kPad:
// callers pack their operands with zero padding, so that there are no edges. A is read through a
// row and a column stride, so that a transposed A costs nothing. Each element of C is one chain of
// fused multiply-adds over K in order.
//
// Two arithmetics with the same functions. Float32 takes operands as they are. Bfloat16 rounds them
// (nearest even) and lays two neighbours of the inner dimension into one 32-bit word, the even one
// in its low half; a word lies where a float would. Its sums are fp32, by AVX512-BF16's dot product
// of pairs where the processor has it (Highway 1.0.3 has no target with it), else by two fp32
// multiply-adds, which are as exact and no faster than fp32.
// SPDX-License-Identifier: Apache-2.0

// Compiled once per target, therefore no plain include guard.
#if defined(LACONIC_NN_KERNELS_PRODUCTS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LACONIC_NN_KERNELS_PRODUCTS_INL_H_
#undef LACONIC_NN_KERNELS_PRODUCTS_INL_H_
#else
#define LACONIC_NN_KERNELS_PRODUCTS_INL_H_
#endif

#include <cstddef>
#include <cstdint>

#include "nn/kernels_simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace laconic {
namespace HWY_NAMESPACE {

// Operands are padded to this many columns and rows: the widest vector in use, 16 floats.
inline constexpr size_t kPad = 16;
// 32 vector registers or 16: of 16, a tile's sums take 12.
inline constexpr bool kManyRegisters = HWY_TARGET <= HWY_AVX3;

inline size_t padded(size_t n) { return (n + kPad - 1) / kPad * kPad; }

struct Matrix {
  const float* data;
  size_t row_stride;
  size_t column_stride;
  Matrix from(size_t row) const { return {data + row * row_stride, row_stride, column_stride}; }
};

// B: rows `stride` apart.
struct Strided {
  const float* data;
  size_t stride;
  Strided from(size_t row) const { return {data + row * stride, stride}; }
  Strided column(size_t i) const { return {data + i, stride}; }
};

// C.
struct Output {
  float* data;
  size_t stride;
  Output at(size_t row, size_t column) const { return {data + row * stride + column, stride}; }
};

struct Product {
  size_t rows;     // M
  size_t columns;  // N
  size_t depth;    // K in elements of the operands: Bfloat16's are two values each
};

// The tile's sums, one instruction set and arithmetic: Sum::Operand is what a loaded element
// becomes before it is multiplied.
template <typename Sum, int kRows, int kVectors, bool kAccumulate>
HWY_INLINE void multiply_tile(const Matrix& a, const Strided& rows, const Output& out,
                              size_t depth) {
  const float* HWY_RESTRICT b = rows.data;
  float* HWY_RESTRICT const c = out.data;
  const size_t b_stride = rows.stride, c_stride = out.stride;
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
    typename Sum::Operand columns[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) columns[v] = Sum::operand(hn::LoadU(d, b + v * lanes));
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      const typename Sum::Operand left = Sum::operand(hn::Set(d, a_column[r * a.row_stride]));
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) sums[r][v] = Sum::add(left, columns[v], sums[r][v]);
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

struct FloatSum {
  static constexpr int kRows = kManyRegisters ? 8 : 6;
  using Operand = Float;
  static HWY_INLINE Operand operand(Float loaded) { return loaded; }
  static HWY_INLINE Float add(Operand a, Operand b, Float sum) { return hn::MulAdd(a, b, sum); }
};

using WordTag = hn::RebindToUnsigned<FloatTag>;

struct PairSum {
  static constexpr int kRows = kManyRegisters ? 8 : 4;
  struct Operand {
    Float even, odd;
  };
  static HWY_INLINE Operand operand(Float loaded) {
    const WordTag d;
    const auto words = hn::BitCast(d, loaded);
    return {hn::BitCast(FloatTag(), hn::ShiftLeft<16>(words)),
            hn::BitCast(FloatTag(), hn::And(words, hn::Set(d, 0xffff0000u)))};
  }
  static HWY_INLINE Float add(const Operand& a, const Operand& b, Float sum) {
    return hn::MulAdd(a.odd, b.odd, hn::MulAdd(a.even, b.even, sum));
  }
};

// All columns of kRows rows of C.
template <typename Sum, int kRows, bool kAccumulate>
HWY_INLINE void multiply_row_of_tiles(const Product& size, const Matrix& a, const Strided& b,
                                      const Output& c) {
  const size_t lanes = hn::Lanes(FloatTag());
  size_t column = 0;
  for (; column + 2 * lanes <= size.columns; column += 2 * lanes)
    multiply_tile<Sum, kRows, 2, kAccumulate>(a, b.column(column), c.at(0, column), size.depth);
  for (; column < size.columns; column += lanes)
    multiply_tile<Sum, kRows, 1, kAccumulate>(a, b.column(column), c.at(0, column), size.depth);
}

template <typename Sum, bool kAccumulate>
HWY_INLINE void multiply_tiles(const Product& size, const Matrix& a, const Strided& b,
                               const Output& c) {
  constexpr int kRows = Sum::kRows;
  size_t row = 0;
  if constexpr (kRows == 6) {  // 16 n rows are so many sixes and a four or two
    const size_t fours = (6 - size.rows % 6) % 6 / 2;
    for (; row < 4 * fours; row += 4)
      multiply_row_of_tiles<Sum, 4, kAccumulate>(size, a.from(row), b, c.at(row, 0));
  }
  for (; row < size.rows; row += kRows)
    multiply_row_of_tiles<Sum, kRows, kAccumulate>(size, a.from(row), b, c.at(row, 0));
}

#if HWY_TARGET <= HWY_AVX3
#define LACONIC_PAIR_PRODUCTS __attribute__((target("avx512bf16")))
inline constexpr int kPairRows = PairSum::kRows;

// multiply_tile's loop once more: a function for another target cannot be inlined there.
template <int kVectors, bool kAccumulate>
LACONIC_PAIR_PRODUCTS void multiply_pairs_tile(const Matrix& a, const Strided& rows,
                                               const Output& out, size_t depth) {
  const float* HWY_RESTRICT b = rows.data;
  float* HWY_RESTRICT const c = out.data;
  const size_t b_stride = rows.stride, c_stride = out.stride;
  __m512 sums[kPairRows][kVectors];
#pragma GCC unroll 16
  for (int r = 0; r < kPairRows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      sums[r][v] = kAccumulate ? _mm512_loadu_ps(c + r * c_stride + v * 16) : _mm512_setzero_ps();
    }
  }
  const float* a_column = a.data;
  for (size_t k = 0; k < depth; ++k, a_column += a.column_stride, b += b_stride) {
    __m512 columns[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) columns[v] = _mm512_loadu_ps(b + v * 16);
#pragma GCC unroll 16
    for (int r = 0; r < kPairRows; ++r) {
      const auto left = (__m512bh)_mm512_set1_ps(a_column[r * a.row_stride]);
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v)
        sums[r][v] = _mm512_dpbf16_ps(sums[r][v], left, (__m512bh)columns[v]);
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < kPairRows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) _mm512_storeu_ps(c + r * c_stride + v * 16, sums[r][v]);
  }
}

template <bool kAccumulate>
LACONIC_PAIR_PRODUCTS void multiply_pairs(const Product& size, const Matrix& a, const Strided& b,
                                          const Output& c) {
  for (size_t row = 0; row < size.rows; row += kPairRows) {
    size_t column = 0;
    for (; column + 32 <= size.columns; column += 32)
      multiply_pairs_tile<2, kAccumulate>(a.from(row), b.column(column), c.at(row, column),
                                          size.depth);
    if (column < size.columns)
      multiply_pairs_tile<1, kAccumulate>(a.from(row), b.column(column), c.at(row, column),
                                          size.depth);
  }
}
#endif  // HWY_TARGET <= HWY_AVX3

struct Float32 {
  static constexpr size_t kValues = 1;  // of the inner dimension in an element
  // Operands from a block [rows, columns]: columns, or rows, become the inner dimension.
  static const float* by_columns(const float* block, size_t, size_t, float*) { return block; }
  static const float* by_rows(const float* block, size_t, size_t, float*) { return block; }

  template <bool kAccumulate>
  static HWY_INLINE void multiply(const Product& size, const Matrix& a, const Strided& b,
                                  const Output& c) {
    multiply_tiles<FloatSum, kAccumulate>(size, a, b, c);
  }
};

// Words of two floats each. A NaN stays one, if it is the usual quiet one.
template <typename Vector>
HWY_INLINE Vector round_to_words(Vector even, Vector odd) {
  const hn::DFromV<Vector> d;
  const hn::RebindToUnsigned<decltype(d)> words;
  const auto rounded = [&](Vector v) HWY_ATTR {
    const auto bits = hn::BitCast(words, v);
    const auto last = hn::And(hn::ShiftRight<16>(bits), hn::Set(words, 1u));
    return hn::Add(hn::Add(bits, hn::Set(words, 0x7fffu)), last);
  };
  const auto high = hn::And(rounded(odd), hn::Set(words, 0xffff0000u));
  return hn::BitCast(d, hn::Or(hn::ShiftRight<16>(rounded(even)), high));
}

struct Bfloat16 {
  static constexpr size_t kValues = 2;

  // -> room [rows, columns / 2]
  static HWY_INLINE const float* by_columns(const float* block, size_t rows, size_t columns,
                                            float* room) {
    const hn::CappedTag<float, 8> d;
    const size_t lanes = hn::Lanes(d);
    for (size_t i = 0; i < rows * columns; i += 2 * lanes) {
      const auto low = hn::LoadU(d, block + i), high = hn::LoadU(d, block + i + lanes);
      hn::StoreU(round_to_words(hn::ConcatEven(d, high, low), hn::ConcatOdd(d, high, low)), d,
                 room + i / 2);
    }
    return room;
  }

  // -> room [rows / 2, columns], which may be the block itself
  static HWY_INLINE const float* by_rows(const float* block, size_t rows, size_t columns,
                                         float* room) {
    const FloatTag d;
    for (size_t row = 0; row < rows; row += 2) {
      const float* even = block + row * columns;
      for (size_t i = 0; i < columns; i += hn::Lanes(d)) {
        const Float words =
            round_to_words(hn::LoadU(d, even + i), hn::LoadU(d, even + columns + i));
        hn::StoreU(words, d, room + row / 2 * columns + i);
      }
    }
    return room;
  }

  template <bool kAccumulate>
  static HWY_INLINE void multiply(const Product& size, const Matrix& a, const Strided& b,
                                  const Output& c) {
    multiply_tiles<PairSum, kAccumulate>(size, a, b, c);
  }
};

// The same where the processor multiplies pairs itself (multiplies_pairs of nn/gemm.h).
#if HWY_TARGET <= HWY_AVX3
struct PairedBfloat16 : Bfloat16 {
  template <bool kAccumulate>
  static HWY_INLINE void multiply(const Product& size, const Matrix& a, const Strided& b,
                                  const Output& c) {
    multiply_pairs<kAccumulate>(size, a, b, c);
  }
};
#else
using PairedBfloat16 = Bfloat16;
#endif

}  // namespace HWY_NAMESPACE
}  // namespace laconic
HWY_AFTER_NAMESPACE();
#endif  // per-target include guard
