// SPDX-License-Identifier: Apache-2.0
#include "nn/kernels_attention.h"

#include <algorithm>
#include <cmath>
#include <utility>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/kernels_attention.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "nn/kernels_attention-inl.h"
#include "nn/kernels_simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace laconic {
namespace HWY_NAMESPACE {

using rows::AttentionTask;
using rows::kAttentionKeys;
using rows::kAttentionQueries;

// Scratch of a forward task. Keys and values are packed block by block and meet all queries of the
// task while they are in the cache. Scores are transposed: queries lie in the lanes, so that maxima
// and sums over keys need no step across lanes.
struct Forward {
  Forward(float* memory, size_t group, size_t head_dim) : width(padded(head_dim)) {
    const auto take = [&memory](size_t n) { return std::exchange(memory, memory + n); };
    queries_t = take(group * kAttentionQueries * width);
    sums = take(group * kAttentionQueries * width);
    tops = take(group * kAttentionQueries);
    totals = take(group * kAttentionQueries);
    keys = take(kKeyBlock * width);
    values = take(kKeyBlock * width);
    scores = take(kKeyBlock * kQueryBlock);
  }
  static size_t floats(size_t group, size_t head_dim) {
    return 2 * group * kAttentionQueries * (padded(head_dim) + 1) +
           2 * kKeyBlock * padded(head_dim) + kKeyBlock * kQueryBlock;
  }
  size_t width;
  float* queries_t;  // [group, blocks, width, kQueryBlock]
  float* sums;       // [group, queries, width], weighted sums of values
  float *tops, *totals;
  float *keys, *values, *scores;
};

// Scores -> exponentials; tops and totals of the queries from `at` on move on. shrink: what their
// sums so far are to be multiplied by.
HWY_INLINE void exponentiate(const AttentionTask& task, const Forward& s, const Block& block,
                             size_t at, float* shrink) {
  const FloatTag d;
  float *const tops = s.tops + at, *const totals = s.totals + at;
  const bool partial = block.is_partial(), capped = task.softcap > 0;
  const Float cap = hn::Set(d, task.softcap), inverse = hn::Set(d, capped ? 1 / task.softcap : 0);
  for (size_t i = 0; i < block.num_queries; i += hn::Lanes(d)) {
    const Float before = hn::LoadU(d, tops + i);
    Float top = before;
    for (size_t row = 0; row < block.num_keys; ++row) {
      Float x = hn::LoadU(d, s.scores + row * kQueryBlock + i);
      if (capped) x = hn::Mul(cap, bounded_tanh(hn::Mul(x, inverse)));
      if (partial) {
        const Float away = hn::Add(distance(block.query + i, block.key + row), hn::Iota(d, 0.0f));
        x = hn::IfThenElse(visible(away, block.window), x, hn::Set(d, kHidden));
      }
      if (capped || partial) hn::StoreU(x, d, s.scores + row * kQueryBlock + i);
      top = hn::Max(top, x);
    }
    Float sum = hn::Zero(d);
    for (size_t row = 0; row < block.num_keys; ++row) {
      float* const score = s.scores + row * kQueryBlock + i;
      const Float e = hn::Exp(d, hn::Sub(hn::LoadU(d, score), top));
      sum = hn::Add(sum, e);
      hn::StoreU(e, d, score);
    }
    const Float factor = hn::Exp(d, hn::Sub(before, top));
    hn::StoreU(factor, d, shrink + i);
    hn::StoreU(top, d, tops + i);
    hn::StoreU(hn::MulAdd(hn::LoadU(d, totals + i), factor, sum), d, totals + i);
  }
}

// Folds one block of keys into the running maximum, sum and weighted sum of values. `at`: the
// block's first query within all of the task's.
HWY_INLINE void attend(const AttentionTask& task, const Forward& s, const Block& block, size_t at) {
  HWY_ALIGN float shrink[kQueryBlock];
  float* const sums = s.sums + at * s.width;
  multiply<false>({block.num_keys, block.num_queries, s.width}, {s.keys, s.width, 1},
                  s.queries_t + at * s.width, kQueryBlock, s.scores, kQueryBlock);
  exponentiate(task, s, block, at, shrink);
  for (size_t row = 0; row < block.num_queries; ++row) {
    if (shrink[row] != 1.0f) scale_row(sums + row * s.width, s.width, shrink[row]);
  }
  multiply<true>({block.num_queries, s.width, block.num_keys}, {s.scores, 1, kQueryBlock}, s.values,
                 s.width, sums, s.width);
}

HWY_INLINE void finish_queries(const AttentionTask& task, const Forward& s) {
  for (size_t head = 0; head < task.group; ++head) {
    for (size_t query = task.begin; query < task.end; ++query) {
      const size_t at = head * kAttentionQueries + query - task.begin;
      float* out = task.out + query * task.out_stride + head * task.head_dim;
      write_row(s.sums + at * s.width, task.head_dim, 1.0f / s.totals[at], out);
      task.lse[head * task.lse_stride + query] = s.tops[at] + std::log(s.totals[at]);
    }
  }
}

void AttentionForward(const AttentionTask& task) {
  const Forward s(task.scratch, task.group, task.head_dim);
  const size_t limit = padded(task.end), num_rows = task.group * kAttentionQueries;
  const auto num_queries = [limit](size_t query) { return std::min(kQueryBlock, limit - query); };
  std::fill_n(s.sums, num_rows * s.width, 0.0f);
  std::fill_n(s.tops, num_rows, kHidden);
  std::fill_n(s.totals, num_rows, 0.0f);
  const auto each_block = [&](const auto& body) HWY_ATTR {
    for (size_t head = 0; head < task.group; ++head) {
      for (size_t query = task.begin; query < task.end; query += kQueryBlock)
        body(head, query, head * kAttentionQueries + query - task.begin);
    }
  };
  each_block([&](size_t head, size_t query, size_t at) HWY_ATTR {
    const Strided q = {task.q + head * task.head_dim, task.qkv_stride};
    const Extent size = {std::min(kQueryBlock, task.end - query), num_queries(query),
                         task.head_dim};
    pack_transposed(q.from(query), size, task.scale, s.queries_t + at * s.width, kQueryBlock);
  });
  const size_t first = first_key(task.begin, task.window) / kKeyBlock * kKeyBlock;
  for (size_t key = first; key < task.end; key += kKeyBlock) {
    const size_t num_keys = std::min(kKeyBlock, limit - key);
    const Extent size = {std::min(kKeyBlock, task.end - key), num_keys, task.head_dim};
    pack(Strided{task.k, task.qkv_stride}.from(key), size, 1.0f, s.keys);
    pack(Strided{task.v, task.qkv_stride}.from(key), size, 1.0f, s.values);
    each_block([&](size_t, size_t query, size_t at) HWY_ATTR {
      Block block = {query, num_queries(query), key, num_keys, task.window};
      if (block.is_hidden()) return;
      block.num_keys = std::min(num_keys, query + block.num_queries - key);
      attend(task, s, block, at);
    });
  }
  finish_queries(task, s);
}

// Scratch of a backward task, which owns the gradients of its keys and values.
struct Backward {
  Backward(float* memory, size_t head_dim) : width(padded(head_dim)) {
    const auto take = [&memory](size_t n) { return std::exchange(memory, memory + n); };
    keys = take(kAttentionKeys * width);
    keys_t = take(kAttentionKeys * width);
    values_t = take(kAttentionKeys * width);
    dkeys = take(kAttentionKeys * width);
    dvalues = take(kAttentionKeys * width);
    queries = take(kQueryBlock * width);
    douts = take(kQueryBlock * width);
    dqueries = take(kQueryBlock * width);
    scores = take(kQueryBlock * kKeyBlock);
    dscores = take(kQueryBlock * kKeyBlock);
  }
  static size_t floats(size_t head_dim) {
    return (5 * kAttentionKeys + 3 * kQueryBlock) * padded(head_dim) + 2 * kQueryBlock * kKeyBlock;
  }
  size_t width;
  float *keys, *dkeys, *dvalues;      // [keys, width]
  float *keys_t, *values_t;           // [blocks, width, kKeyBlock]
  float *queries, *douts, *dqueries;  // [kQueryBlock, width]
  float *scores, *dscores;            // [kQueryBlock, kKeyBlock]
};

// Of each query of a block: log-sum-exp, and the dot product of output and its gradient.
struct RowSums {
  float lse[kQueryBlock], delta[kQueryBlock];
};

// scores <- probabilities, dscores <- probabilities * (dscores - delta) * slope: the gradient of
// the softmax and of the cap.
HWY_INLINE void softmax_backward(const AttentionTask& task, const Backward& s, const Block& block,
                                 const RowSums& sums) {
  const FloatTag d;
  const bool partial = block.is_partial(), capped = task.softcap > 0;
  const Float cap = hn::Set(d, task.softcap), inverse = hn::Set(d, capped ? 1 / task.softcap : 0);
  for (size_t row = 0; row < block.num_queries; ++row) {
    const Float lse = hn::Set(d, sums.lse[row]), delta = hn::Set(d, sums.delta[row]);
    for (size_t i = 0; i < block.num_keys; i += hn::Lanes(d)) {
      float* const at = s.scores + row * kKeyBlock + i;
      float* const dat = s.dscores + row * kKeyBlock + i;
      Float x = hn::LoadU(d, at), slope = hn::Sub(hn::LoadU(d, dat), delta);
      if (capped) {
        const Float t = bounded_tanh(hn::Mul(x, inverse));
        x = hn::Mul(cap, t);
        slope = hn::Mul(slope, hn::NegMulAdd(t, t, hn::Set(d, 1.0f)));
      }
      Float p = hn::Exp(d, hn::Sub(x, lse));
      if (partial) {
        const Float away = hn::Sub(distance(block.query + row, block.key + i), hn::Iota(d, 0.0f));
        p = hn::IfThenElseZero(visible(away, block.window), p);
      }
      hn::StoreU(p, d, at);
      hn::StoreU(hn::Mul(p, slope), d, dat);
    }
  }
}

// Adds one block's part to dq, dk and dv.
HWY_INLINE void attend_backward(const AttentionTask& task, const Backward& s, const Block& block,
                                const RowSums& sums) {
  const size_t key = (block.key - task.begin) * s.width;
  const Product score_size = {block.num_queries, block.num_keys, s.width};
  multiply<false>(score_size, {s.queries, s.width, 1}, s.keys_t + key, kKeyBlock, s.scores,
                  kKeyBlock);
  multiply<false>(score_size, {s.douts, s.width, 1}, s.values_t + key, kKeyBlock, s.dscores,
                  kKeyBlock);
  softmax_backward(task, s, block, sums);
  const Product key_size = {block.num_keys, s.width, block.num_queries};
  multiply<true>(key_size, {s.scores, 1, kKeyBlock}, s.douts, s.width, s.dvalues + key, s.width);
  multiply<true>(key_size, {s.dscores, 1, kKeyBlock}, s.queries, s.width, s.dkeys + key, s.width);
  multiply<true>({block.num_queries, s.width, block.num_keys}, {s.dscores, kKeyBlock, 1},
                 s.keys + key, s.width, s.dqueries, s.width);
}

HWY_INLINE float dot(const float* x, const float* y, size_t n) {
  Float sum = hn::Zero(FloatTag());
  for_vectors(n, [&](size_t i, const auto& io)
                     HWY_ATTR { sum = hn::MulAdd(io.load(x + i), io.load(y + i), sum); });
  return sum_lanes(sum);
}

// dq of a block gets the parts of all tasks' keys, in the order of the keys.
HWY_INLINE void add_dqueries(const AttentionTask& task, const Backward& s, const Block& block,
                             size_t head) {
  const bool first =
      task.begin == first_key(block.query, task.window) / kAttentionKeys * kAttentionKeys;
  if (!first) {
    for (uint32_t seen = task.before->load(); seen <= block.query; seen = task.before->load())
      task.before->wait(seen);
  }
  const size_t last = std::min(block.num_queries, task.length - block.query);
  for (size_t row = 0; row < last; ++row) {
    const float* from = s.dqueries + row * s.width;
    float* to = task.dq + (block.query + row) * task.qkv_stride + head * task.head_dim;
    if (first)
      write_row(from, task.head_dim, task.scale, to);
    else
      add_row(from, task.head_dim, task.scale, to);
  }
}

// One block of queries of one head against all keys of the task.
HWY_INLINE void queries_backward(const AttentionTask& task, const Backward& s, size_t head,
                                 size_t query) {
  const size_t offset = head * task.head_dim, limit = padded(task.length);
  Block block = {query, std::min(kQueryBlock, limit - query), 0, 0, task.window};
  const Extent size = {std::min(kQueryBlock, task.length - query), block.num_queries,
                       task.head_dim};
  pack(Strided{task.q + offset, task.qkv_stride}.from(query), size, task.scale, s.queries);
  pack(Strided{task.dout + offset, task.out_stride}.from(query), size, 1.0f, s.douts);
  std::fill_n(s.dqueries, block.num_queries * s.width, 0.0f);
  RowSums sums = {};
  for (size_t row = 0; row < size.rows; ++row) {
    const size_t at = (query + row) * task.out_stride + offset;
    sums.lse[row] = task.lse[head * task.lse_stride + query + row];
    sums.delta[row] = dot(task.dout + at, task.out + at, task.head_dim);
  }
  const size_t end = std::min(padded(task.end), query + block.num_queries);
  for (block.key = task.begin; block.key < end; block.key += kKeyBlock) {
    block.num_keys = std::min(kKeyBlock, end - block.key);
    if (!block.is_hidden()) attend_backward(task, s, block, sums);
  }
  add_dqueries(task, s, block, head);
}

void AttentionBackward(const AttentionTask& task) {
  const Backward s(task.scratch, task.head_dim);
  const Strided k = {task.k, task.qkv_stride}, v = {task.v, task.qkv_stride};
  for (size_t key = task.begin; key < task.end; key += kKeyBlock) {
    const size_t at = (key - task.begin) * s.width, count = std::min(kKeyBlock, task.end - key);
    const Extent size = {count, padded(count), task.head_dim};
    pack(k.from(key), size, 1.0f, s.keys + at);
    pack_transposed(k.from(key), size, 1.0f, s.keys_t + at, kKeyBlock);
    pack_transposed(v.from(key), size, 1.0f, s.values_t + at, kKeyBlock);
  }
  const size_t num_keys = task.end - task.begin;
  std::fill_n(s.dkeys, padded(num_keys) * s.width, 0.0f);
  std::fill_n(s.dvalues, padded(num_keys) * s.width, 0.0f);
  const size_t last =
      task.window > 0 ? std::min(task.length, task.end - 1 + task.window) : task.length;
  const auto report = [&task](size_t queries) {
    if (task.done == nullptr) return;
    task.done->store(static_cast<uint32_t>(queries));
    task.done->notify_all();
  };
  for (size_t query = task.begin; query < last; query += kQueryBlock) {
    for (size_t head = 0; head < task.group; ++head) queries_backward(task, s, head, query);
    report(query + 1);
  }
  for (size_t row = 0; row < num_keys; ++row) {
    const size_t at = (task.begin + row) * task.qkv_stride;
    write_row(s.dkeys + row * s.width, task.head_dim, 1.0f, task.dk + at);
    write_row(s.dvalues + row * s.width, task.head_dim, 1.0f, task.dv + at);
  }
}

size_t AttentionScratch(size_t group, size_t head_dim) {
  return std::max(Forward::floats(group, head_dim), Backward::floats(head_dim));
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
size_t attention_scratch_floats(size_t group, size_t head_dim) {
  return HWY_DYNAMIC_DISPATCH(AttentionScratch)(group, head_dim);
}
void attention_forward(const AttentionTask& task) { HWY_DYNAMIC_DISPATCH(AttentionForward)(task); }
void attention_backward(const AttentionTask& task) {
  HWY_DYNAMIC_DISPATCH(AttentionBackward)(task);
}
}  // namespace rows
}  // namespace laconic
#endif  // HWY_ONCE
