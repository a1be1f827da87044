// Pieces of the attention kernels: blocks of scores, who sees whom, packing.
//
// Included by kernels_attention.cc and kernels_attention_backward.cc, once a target (Highway).
// Blocks are packed with zero padding, so that products have no edges.
// SPDX-License-Identifier: Apache-2.0

// Compiled once per target, therefore no plain include guard.
#if defined(LACONIC_NN_KERNELS_ATTENTION_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LACONIC_NN_KERNELS_ATTENTION_INL_H_
#undef LACONIC_NN_KERNELS_ATTENTION_INL_H_
#else
#define LACONIC_NN_KERNELS_ATTENTION_INL_H_
#endif

#include <algorithm>
#include <cstddef>

#include "nn/kernels_products-inl.h"

HWY_BEFORE_NAMESPACE();
namespace laconic {
namespace HWY_NAMESPACE {

inline constexpr size_t kQueryBlock = 32;
inline constexpr size_t kKeyBlock = 128;
// Scores that take no part. A number, not infinity, since its exponential is still taken.
inline constexpr float kHidden = -1e30f;

// Rows of a block: `rows` of them in the document, the rest of `padded_rows` become zeros.
struct Extent {
  size_t rows, padded_rows, width;  // width: of a head
};

// out [padded rows, padded width] = scale * source.
HWY_INLINE void pack(const Strided& source, const Extent& size, float scale, float* out) {
  const size_t width = padded(size.width);
  const Float factor = hn::Set(FloatTag(), scale);
  for (size_t row = 0; row < size.padded_rows; ++row) {
    float* to = out + row * width;
    if (row >= size.rows || width != size.width) std::fill(to, to + width, 0.0f);
    if (row >= size.rows) continue;
    const float* from = source.data + row * source.stride;
    for_vectors(size.width, [&](size_t i, const auto& io)
                                HWY_ATTR { io.store(hn::Mul(io.load(from + i), factor), to + i); });
  }
}

// out [columns, stride] = the transpose of block [rows, columns]; both are multiples of 4.
HWY_INLINE void transpose(const float* block, size_t rows, size_t columns, float* out,
                          size_t stride) {
  for (size_t row = 0; row < rows; row += 4) {
    for (size_t column = 0; column < columns; column += 4)
      transpose_4x4(block + row * columns + column, columns, out + column * stride + row, stride);
  }
}

// One block of scores: queries against keys, counts padded.
struct Block {
  size_t query, num_queries;
  size_t key, num_keys;
  size_t window;  // 0: none
  // Whether some query does not see some key.
  bool is_partial() const {
    return key + num_keys > query + 1 || (window > 0 && query + num_queries > key + window);
  }
  bool is_hidden() const {
    return key >= query + num_queries || (window > 0 && query >= key + num_keys - 1 + window);
  }
};

// The first key that a query sees.
inline size_t first_key(size_t query, size_t window) {
  return window > 0 && query + 1 > window ? query + 1 - window : 0;
}

// Lanes whose query sees their key; `distance` is the query's position less the key's.
HWY_INLINE hn::Mask<FloatTag> visible(Float distance, size_t window) {
  const FloatTag d;
  const auto before = hn::Ge(distance, hn::Zero(d));
  if (window == 0) return before;
  return hn::And(before, hn::Lt(distance, hn::Set(d, static_cast<float>(window))));
}

HWY_INLINE Float distance(size_t query, size_t key) {
  return hn::Set(FloatTag(), static_cast<float>(query) - static_cast<float>(key));
}

HWY_INLINE void scale_row(float* row, size_t n, float factor) {
  const FloatTag d;
  const Float f = hn::Set(d, factor);
  for (size_t i = 0; i < n; i += hn::Lanes(d)) {
    hn::StoreU(hn::Mul(hn::LoadU(d, row + i), f), d, row + i);
  }
}

HWY_INLINE void write_row(const float* row, size_t n, float factor, float* out) {
  const Float f = hn::Set(FloatTag(), factor);
  for_vectors(n, [&](size_t i, const auto& io)
                     HWY_ATTR { io.store(hn::Mul(io.load(row + i), f), out + i); });
}

HWY_INLINE void add_row(const float* row, size_t n, float factor, float* out) {
  const Float f = hn::Set(FloatTag(), factor);
  for_vectors(n, [&](size_t i, const auto& io) HWY_ATTR {
    io.store(hn::MulAdd(io.load(row + i), f, io.load(out + i)), out + i);
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace laconic
HWY_AFTER_NAMESPACE();
#endif  // per-target include guard
