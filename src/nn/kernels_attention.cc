// SPDX-License-Identifier: Apache-2.0
#include "nn/kernels_attention.h"

#include <algorithm>
#include <cmath>
#include <utility>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/kernels_attention.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "nn/kernels_attention-inl.h"
#include "nn/kernels_products-inl.h"

HWY_BEFORE_NAMESPACE();
namespace laconic {
namespace HWY_NAMESPACE {

using rows::AttentionTask;
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
    block = take(kKeyBlock * width);
    values_block = take(kKeyBlock * width);
    room = take(kKeyBlock * width / 2);
    values_room = take(kKeyBlock * width / 2);
    scores = take(kKeyBlock * kQueryBlock);
  }
  static size_t floats(size_t group, size_t head_dim) {
    return 2 * group * kAttentionQueries * (padded(head_dim) + 1) +
           3 * kKeyBlock * padded(head_dim) + kKeyBlock * kQueryBlock;
  }
  size_t width;
  float* queries_t;  // [group, blocks, width, kQueryBlock]
  float* sums;       // [group, queries, width], weighted sums of values
  float *tops, *totals;
  float *block, *values_block;  // [kKeyBlock, width], packed from the document
  float *room, *values_room;    // the same in bf16
  float* scores;
};

// Operands of a block of keys.
struct Keys {
  const float *keys, *values;
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
template <typename Arithmetic>
HWY_INLINE void attend(const AttentionTask& task, const Forward& s, const Keys& operands,
                       const Block& block, size_t at) {
  constexpr size_t kValues = Arithmetic::kValues;
  HWY_ALIGN float shrink[kQueryBlock];
  float* const sums = s.sums + at * s.width;
  const size_t depth = s.width / kValues;
  Arithmetic::template multiply<false>(
      {block.num_keys, block.num_queries, depth}, {operands.keys, depth, 1},
      {s.queries_t + at * s.width, kQueryBlock}, {s.scores, kQueryBlock});
  exponentiate(task, s, block, at, shrink);
  const float* weights = Arithmetic::by_rows(s.scores, block.num_keys, kQueryBlock, s.scores);
  for (size_t row = 0; row < block.num_queries; ++row) {
    if (shrink[row] != 1.0f) scale_row(sums + row * s.width, s.width, shrink[row]);
  }
  Arithmetic::template multiply<true>({block.num_queries, s.width, block.num_keys / kValues},
                                      {weights, 1, kQueryBlock}, {operands.values, s.width},
                                      {sums, s.width});
}

// queries_t of the block at `at`: scaled and transposed.
template <typename Arithmetic>
HWY_INLINE void pack_queries(const Strided& q, const Extent& size, float scale, const Forward& s,
                             size_t at) {
  pack(q, size, scale, s.block);
  const float* rows = Arithmetic::by_columns(s.block, size.padded_rows, s.width, s.room);
  transpose(rows, size.padded_rows, s.width / Arithmetic::kValues, s.queries_t + at * s.width,
            kQueryBlock);
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

template <typename Arithmetic>
void forward(const AttentionTask& task) {
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
    pack_queries<Arithmetic>(q.from(query), size, task.scale, s, at);
  });
  const size_t first = first_key(task.begin, task.window) / kKeyBlock * kKeyBlock;
  for (size_t key = first; key < task.end; key += kKeyBlock) {
    const size_t num_keys = std::min(kKeyBlock, limit - key);
    const Extent size = {std::min(kKeyBlock, task.end - key), num_keys, task.head_dim};
    pack(Strided{task.k, task.qkv_stride}.from(key), size, 1.0f, s.block);
    pack(Strided{task.v, task.qkv_stride}.from(key), size, 1.0f, s.values_block);
    const Keys operands = {Arithmetic::by_columns(s.block, num_keys, s.width, s.room),
                           Arithmetic::by_rows(s.values_block, num_keys, s.width, s.values_room)};
    each_block([&](size_t, size_t query, size_t at) HWY_ATTR {
      Block block = {query, num_queries(query), key, num_keys, task.window};
      if (block.is_hidden()) return;
      block.num_keys = std::min(num_keys, query + block.num_queries - key);
      attend<Arithmetic>(task, s, operands, block, at);
    });
  }
  finish_queries(task, s);
}

void AttentionForward(const AttentionTask& task) {
  if (task.precision == Precision::kFloat32) return forward<Float32>(task);
  multiplies_pairs(task.precision) ? forward<PairedBfloat16>(task) : forward<Bfloat16>(task);
}

size_t ForwardScratch(size_t group, size_t head_dim) { return Forward::floats(group, head_dim); }

}  // namespace HWY_NAMESPACE
}  // namespace laconic
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace laconic {
HWY_EXPORT(AttentionForward);
HWY_EXPORT(ForwardScratch);

namespace rows {
size_t attention_scratch_floats(size_t group, size_t head_dim) {
  return std::max(HWY_DYNAMIC_DISPATCH(ForwardScratch)(group, head_dim),
                  attention_backward_scratch_floats(head_dim));
}
void attention_forward(const AttentionTask& task) { HWY_DYNAMIC_DISPATCH(AttentionForward)(task); }
}  // namespace rows
}  // namespace laconic
#endif  // HWY_ONCE
