// SPDX-License-Identifier: Apache-2.0
#include "nn/kernels_attention.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/kernels_attention.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "nn/kernels_simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace laconic {
namespace HWY_NAMESPACE {

using rows::AttentionTask;

inline constexpr size_t kQueryBlock = 32;
inline constexpr size_t kKeyBlock = 128;
inline constexpr float kLowest = -std::numeric_limits<float>::infinity();

inline size_t padded(size_t n) { return (n + kPad - 1) / kPad * kPad; }

// The pieces of a task's scratch memory. Row-major; rows and columns padded with zeros.
struct Scratch {
  Scratch(float* memory, size_t length, size_t head_dim)
      : rows(padded(length)), width(padded(head_dim)) {
    float* next = memory;
    const auto take = [&next](size_t n) { return std::exchange(next, next + n); };
    queries = take(rows * width);
    keys = take(rows * width);
    values = take(rows * width);  // backward: the slopes of the output
    keys_t = take(rows * width);
    values_t = take(rows * width);
    dkeys = take(rows * width);
    dvalues = take(rows * width);
    scores = take(kQueryBlock * kKeyBlock);
    dscores = take(kQueryBlock * kKeyBlock);
    sums = take(kQueryBlock * width);
    row_max = take(kQueryBlock);
    row_sum = take(kQueryBlock);
  }
  static size_t floats(size_t length, size_t head_dim) {
    return 7 * padded(length) * padded(head_dim) + 2 * kQueryBlock * kKeyBlock +
           kQueryBlock * padded(head_dim) + 2 * kQueryBlock;
  }
  size_t rows, width;
  float *queries, *keys, *values, *keys_t, *values_t, *dkeys, *dvalues;
  float *scores, *dscores, *sums, *row_max, *row_sum;
};

struct Strided {
  const float* data;
  size_t stride;
};

void pack(const Strided& source, size_t length, size_t head_dim, float scale, float* out) {
  const FloatTag d;
  const size_t rows = padded(length), width = padded(head_dim);
  const Float factor = hn::Set(d, scale);
  for (size_t row = 0; row < rows; ++row) {
    float* to = out + row * width;
    if (row >= length || width != head_dim) std::fill(to, to + width, 0.0f);
    if (row >= length) continue;
    const float* from = source.data + row * source.stride;
    for_vectors(head_dim, [&](size_t i, const auto& io)
                              HWY_ATTR { io.store(hn::Mul(io.load(from + i), factor), to + i); });
  }
}

// out [width, rows] = transposed source [length, head_dim], zero padded.
void pack_transposed(const Strided& source, size_t length, size_t head_dim, float* out) {
  const size_t rows = padded(length), width = padded(head_dim);
  for (size_t row = 0; row < rows; row += kPad) {
    const size_t last = std::min(row + kPad, length);
    for (size_t column = 0; column < width; ++column) {
      float* to = out + column * rows + row;
      for (size_t r = row; r < last && column < head_dim; ++r) {
        to[r - row] = source.data[r * source.stride + column];
      }
      for (size_t r = column < head_dim ? last : row; r < row + kPad; ++r) to[r - row] = 0.0f;
    }
  }
}

// One block of scores: rows of queries against columns of keys.
struct Block {
  size_t query, num_queries;  // first row; count, padded
  size_t key, num_keys;       // first column; count, padded, only up to the block's last query
  size_t window;              // 0: none
  // Keys that row `row` of the block may see: columns [hidden, visible).
  size_t visible(size_t row) const {
    const size_t limit = query + row + 1;
    const size_t count = limit > key ? std::min(limit - key, num_keys) : 0;
    return count > hidden(row) ? count : 0;
  }
  // Columns before the window.
  size_t hidden(size_t row) const {
    const size_t limit = query + row + 1;
    return window > 0 && limit > window + key ? limit - window - key : 0;
  }
  // The first key that any of the rows from `query` on sees, rounded down to whole vectors.
  static size_t first_key(size_t query, size_t window) {
    return window > 0 && query + 1 > window ? (query + 1 - window) / kPad * kPad : 0;
  }
};

// Scores that take no part. A number, not infinity, since its exponential is still taken.
inline constexpr float kHidden = -1e30f;

// Raw scores -> the scores of the softmax. `slopes` (or null) gets d(score)/d(raw score).
HWY_INLINE void shape_scores(const AttentionTask& task, const Block& block, size_t row,
                             float* scores, float* slopes) {
  const FloatTag d;
  if (task.softcap > 0) {
    const Float cap = hn::Set(d, task.softcap), one = hn::Set(d, 1.0f);
    const Float inverse = hn::Set(d, 1.0f / task.softcap);
    for (size_t i = 0; i < block.num_keys; i += hn::Lanes(d)) {
      const Float t = bounded_tanh(hn::Mul(hn::LoadU(d, scores + i), inverse));
      hn::StoreU(hn::Mul(cap, t), d, scores + i);
      if (slopes != nullptr) hn::StoreU(hn::NegMulAdd(t, t, one), d, slopes + i);
    }
  }
  std::fill(scores, scores + std::min(block.hidden(row), block.num_keys), kHidden);
}

// Row of scores -> row of probabilities exp(score - shift), zeros where not visible. Returns the
// sum.
HWY_INLINE float exponentiate(float* scores, size_t visible, size_t num_keys, float shift) {
  const FloatTag d;
  const size_t lanes = hn::Lanes(d);
  const Float offset = hn::Set(d, shift);
  Float sum = hn::Zero(d);
  size_t i = 0;
  for (; i + lanes <= visible; i += lanes) {
    const Float e = hn::Exp(d, hn::Sub(hn::LoadU(d, scores + i), offset));
    sum = hn::Add(sum, e);
    hn::StoreU(e, d, scores + i);
  }
  for (; i < num_keys; i += lanes) {
    Float e = hn::Zero(d);
    if (i < visible) {
      e = hn::Exp(d, hn::Sub(hn::LoadU(d, scores + i), offset));
      e = hn::IfThenElseZero(hn::FirstN(d, visible - i), e);
      sum = hn::Add(sum, e);
    }
    hn::StoreU(e, d, scores + i);
  }
  return sum_lanes(sum);
}

HWY_INLINE float max_of(const float* scores, size_t visible) {
  const FloatTag d;
  const size_t lanes = hn::Lanes(d);
  Float top = hn::Set(d, kLowest);
  for (size_t i = 0; i < visible; i += lanes) {
    const auto mask = hn::FirstN(d, std::min(visible - i, lanes));
    top = hn::Max(top, hn::IfThenElse(mask, hn::LoadU(d, scores + i), hn::Set(d, kLowest)));
  }
  return max_lanes(top);
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

// Folds one block of keys into the running maximum, sum and weighted sum of values.
HWY_INLINE void attend(const AttentionTask& task, const Scratch& s, const Block& block) {
  multiply<false>({block.num_queries, block.num_keys, s.width},
                  {s.queries + block.query * s.width, s.width, 1}, s.keys_t + block.key, s.rows,
                  s.scores, kKeyBlock);
  for (size_t row = 0; row < block.num_queries; ++row) {
    float* scores = s.scores + row * kKeyBlock;
    shape_scores(task, block, row, scores, nullptr);
    const size_t visible = block.visible(row);
    const float top = std::max(s.row_max[row], max_of(scores, visible));
    const float sum = exponentiate(scores, visible, block.num_keys, top);
    if (top != s.row_max[row]) {
      const float shrink = std::exp(s.row_max[row] - top);
      if (block.key > 0) scale_row(s.sums + row * s.width, s.width, shrink);
      s.row_sum[row] *= shrink;
      s.row_max[row] = top;
    }
    s.row_sum[row] += sum;
  }
  multiply<true>({block.num_queries, s.width, block.num_keys}, {s.scores, kKeyBlock, 1},
                 s.values + block.key * s.width, s.width, s.sums, s.width);
}

void AttentionForward(const AttentionTask& task) {
  const Scratch s(task.scratch, task.length, task.head_dim);
  pack_transposed({task.k, task.qkv_stride}, task.length, task.head_dim, s.keys_t);
  pack({task.v, task.qkv_stride}, task.length, task.head_dim, 1.0f, s.values);
  for (size_t head = 0; head < task.group; ++head) {
    const size_t offset = head * task.head_dim;
    pack({task.q + offset, task.qkv_stride}, task.length, task.head_dim, task.scale, s.queries);
    for (size_t query = 0; query < task.length; query += kQueryBlock) {
      const size_t num_queries = std::min(kQueryBlock, s.rows - query);
      std::fill(s.sums, s.sums + num_queries * s.width, 0.0f);
      std::fill(s.row_max, s.row_max + num_queries, kLowest);
      std::fill(s.row_sum, s.row_sum + num_queries, 0.0f);
      const size_t limit = query + num_queries;
      for (size_t key = Block::first_key(query, task.window); key < limit; key += kKeyBlock) {
        attend(task, s, {query, num_queries, key, std::min(kKeyBlock, limit - key), task.window});
      }
      const size_t last = std::min(num_queries, task.length - query);
      for (size_t row = 0; row < last; ++row) {
        float* out = task.out + (query + row) * task.out_stride + offset;
        write_row(s.sums + row * s.width, task.head_dim, 1.0f / s.row_sum[row], out);
        task.lse[head * task.lse_stride + query + row] = s.row_max[row] + std::log(s.row_sum[row]);
      }
    }
  }
}

// scores <- probabilities, dscores <- probabilities * (dscores - delta) * slopes: the gradient of
// the softmax and of the cap.
HWY_INLINE void softmax_backward(const AttentionTask& task, const Scratch& s, const Block& block,
                                 size_t last) {
  const FloatTag d;
  const size_t lanes = hn::Lanes(d);
  for (size_t row = 0; row < block.num_queries; ++row) {
    float* scores = s.scores + row * kKeyBlock;
    float* dscores = s.dscores + row * kKeyBlock;
    HWY_ALIGN float slopes[kKeyBlock];
    shape_scores(task, block, row, scores, slopes);
    const size_t visible = row < last ? block.visible(row) : 0;
    exponentiate(scores, visible, block.num_keys, s.row_max[row]);
    const Float delta = hn::Set(d, s.row_sum[row]);
    for (size_t i = 0; i < block.num_keys; i += lanes) {
      Float slope = hn::Sub(hn::LoadU(d, dscores + i), delta);
      if (task.softcap > 0) slope = hn::Mul(slope, hn::LoadU(d, slopes + i));
      hn::StoreU(hn::Mul(hn::LoadU(d, scores + i), slope), d, dscores + i);
    }
  }
}

// Adds one block's part to dq (in s.sums), dk and dv.
HWY_INLINE void attend_backward(const AttentionTask& task, const Scratch& s, const Block& block,
                                size_t last) {
  const size_t query = block.query * s.width, key = block.key * s.width;
  const Matrix q = {s.queries + query, s.width, 1}, dout = {s.values + query, s.width, 1};
  const Product score_size = {block.num_queries, block.num_keys, s.width};
  multiply<false>(score_size, q, s.keys_t + block.key, s.rows, s.scores, kKeyBlock);
  multiply<false>(score_size, dout, s.values_t + block.key, s.rows, s.dscores, kKeyBlock);
  softmax_backward(task, s, block, last);
  const Product key_size = {block.num_keys, s.width, block.num_queries};
  multiply<true>(key_size, {s.scores, 1, kKeyBlock}, dout.data, s.width, s.dvalues + key, s.width);
  multiply<true>(key_size, {s.dscores, 1, kKeyBlock}, q.data, s.width, s.dkeys + key, s.width);
  multiply<true>({block.num_queries, s.width, block.num_keys}, {s.dscores, kKeyBlock, 1},
                 s.keys + key, s.width, s.sums, s.width);
}

HWY_INLINE float dot(const float* x, const float* y, size_t n) {
  Float sum = hn::Zero(FloatTag());
  for_vectors(n, [&](size_t i, const auto& io)
                     HWY_ATTR { sum = hn::MulAdd(io.load(x + i), io.load(y + i), sum); });
  return sum_lanes(sum);
}

// All query blocks of one query head.
HWY_INLINE void head_backward(const AttentionTask& task, const Scratch& s, size_t head) {
  const size_t offset = head * task.head_dim;
  const float scale = task.scale;
  pack({task.q + offset, task.qkv_stride}, task.length, task.head_dim, scale, s.queries);
  pack({task.dout + offset, task.out_stride}, task.length, task.head_dim, 1.0f, s.values);
  for (size_t query = 0; query < task.length; query += kQueryBlock) {
    const size_t num_queries = std::min(kQueryBlock, s.rows - query);
    const size_t last = std::min(num_queries, task.length - query);
    std::fill(s.sums, s.sums + num_queries * s.width, 0.0f);
    for (size_t row = 0; row < last; ++row) {
      const size_t at = (query + row) * task.out_stride + offset;
      s.row_max[row] = task.lse[head * task.lse_stride + query + row];
      s.row_sum[row] = dot(task.dout + at, task.out + at, task.head_dim);
    }
    for (size_t row = last; row < num_queries; ++row) s.row_max[row] = s.row_sum[row] = 0.0f;
    const size_t limit = query + num_queries;
    for (size_t key = Block::first_key(query, task.window); key < limit; key += kKeyBlock) {
      const size_t num_keys = std::min(kKeyBlock, limit - key);
      attend_backward(task, s, {query, num_queries, key, num_keys, task.window}, last);
    }
    for (size_t row = 0; row < last; ++row) {
      write_row(s.sums + row * s.width, task.head_dim, scale,
                task.dq + (query + row) * task.qkv_stride + offset);
    }
  }
}

void AttentionBackward(const AttentionTask& task) {
  const Scratch s(task.scratch, task.length, task.head_dim);
  pack({task.k, task.qkv_stride}, task.length, task.head_dim, 1.0f, s.keys);
  pack_transposed({task.k, task.qkv_stride}, task.length, task.head_dim, s.keys_t);
  pack_transposed({task.v, task.qkv_stride}, task.length, task.head_dim, s.values_t);
  std::fill(s.dkeys, s.dkeys + s.rows * s.width, 0.0f);
  std::fill(s.dvalues, s.dvalues + s.rows * s.width, 0.0f);
  for (size_t head = 0; head < task.group; ++head) head_backward(task, s, head);
  for (size_t row = 0; row < task.length; ++row) {
    const size_t at = row * task.qkv_stride;
    write_row(s.dkeys + row * s.width, task.head_dim, 1.0f, task.dk + at);
    write_row(s.dvalues + row * s.width, task.head_dim, 1.0f, task.dv + at);
  }
}

size_t AttentionScratch(size_t length, size_t head_dim) {
  return Scratch::floats(length, head_dim);
}

}  // namespace HWY_NAMESPACE
}  // namespace laconic
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace laconic {
HWY_EXPORT(AttentionForward);
HWY_EXPORT(AttentionBackward);
HWY_EXPORT(AttentionScratch);

namespace rows {
size_t attention_scratch_floats(size_t length, size_t head_dim) {
  return HWY_DYNAMIC_DISPATCH(AttentionScratch)(length, head_dim);
}
void attention_forward(const AttentionTask& task) { HWY_DYNAMIC_DISPATCH(AttentionForward)(task); }
void attention_backward(const AttentionTask& task) {
  HWY_DYNAMIC_DISPATCH(AttentionBackward)(task);
}
}  // namespace rows
}  // namespace laconic
#endif  // HWY_ONCE
