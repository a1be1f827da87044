// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "nn/kernels_attention.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/kernels_attention_backward.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "nn/kernels_attention-inl.h"
#include "nn/kernels_products-inl.h"

HWY_BEFORE_NAMESPACE();
namespace laconic {
namespace HWY_NAMESPACE {

using rows::AttentionTask;
using rows::kAttentionKeys;

// Scratch of a backward task, which owns the gradients of its keys and values.
struct Backward {
  Backward(float* memory, size_t head_dim) : width(padded(head_dim)) {
    const auto take = [&memory](size_t n) { return std::exchange(memory, memory + n); };
    keys = take(kAttentionKeys * width);
    keys_t = take(kAttentionKeys * width);
    values_t = take(kAttentionKeys * width);
    dkeys = take(kAttentionKeys * width);
    dvalues = take(kAttentionKeys * width);
    block = take(kKeyBlock * width);
    room = take(kKeyBlock * width / 2);
    douts_block = take(kQueryBlock * width);
    for (float*& paired : query_rooms) paired = take(kQueryBlock * width / 2);
    dqueries = take(kQueryBlock * width);
    scores = take(kQueryBlock * kKeyBlock);
    dscores = take(kQueryBlock * kKeyBlock);
    dscores_room = take(kQueryBlock * kKeyBlock / 2);
  }
  static size_t floats(size_t head_dim) {
    return (5 * kAttentionKeys + 3 * kKeyBlock / 2 + 4 * kQueryBlock) * padded(head_dim) +
           5 * kQueryBlock * kKeyBlock / 2;
  }
  size_t width;
  float *keys, *dkeys, *dvalues;  // [keys, width]; keys by rows, each block where it was packed
  float *keys_t, *values_t;       // [blocks, width, kKeyBlock]
  float *block, *douts_block;     // packed from the document
  float *room, *query_rooms[4];   // in bf16
  float* dqueries;                // [kQueryBlock, width]
  float *scores, *dscores;        // [kQueryBlock, kKeyBlock]
  float* dscores_room;
};

// Operands of a block of queries.
struct Queries {
  const float *queries, *douts;                  // by columns
  const float *queries_by_rows, *douts_by_rows;  // inner dimension: the queries
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
template <typename Arithmetic>
HWY_INLINE void attend_backward(const AttentionTask& task, const Backward& s, const Queries& q,
                                const Block& block, const RowSums& sums) {
  constexpr size_t kValues = Arithmetic::kValues;
  const size_t key = (block.key - task.begin) * s.width, width = s.width / kValues;
  const Product score_size = {block.num_queries, block.num_keys, width};
  Arithmetic::template multiply<false>(score_size, {q.queries, width, 1},
                                       {s.keys_t + key / kValues, kKeyBlock},
                                       {s.scores, kKeyBlock});
  Arithmetic::template multiply<false>(score_size, {q.douts, width, 1},
                                       {s.values_t + key / kValues, kKeyBlock},
                                       {s.dscores, kKeyBlock});
  softmax_backward(task, s, block, sums);
  const float* dscores =
      Arithmetic::by_columns(s.dscores, block.num_queries, kKeyBlock, s.dscores_room);
  Arithmetic::template multiply<true>({block.num_queries, s.width, block.num_keys / kValues},
                                      {dscores, kKeyBlock / kValues, 1}, {s.keys + key, s.width},
                                      {s.dqueries, s.width});
  const float* weights = Arithmetic::by_rows(s.scores, block.num_queries, kKeyBlock, s.scores);
  dscores = Arithmetic::by_rows(s.dscores, block.num_queries, kKeyBlock, s.dscores);
  const Product key_size = {block.num_keys, s.width, block.num_queries / kValues};
  Arithmetic::template multiply<true>(key_size, {weights, 1, kKeyBlock}, {q.douts_by_rows, s.width},
                                      {s.dvalues + key, s.width});
  Arithmetic::template multiply<true>(key_size, {dscores, 1, kKeyBlock},
                                      {q.queries_by_rows, s.width}, {s.dkeys + key, s.width});
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
template <typename Arithmetic>
HWY_INLINE void queries_backward(const AttentionTask& task, const Backward& s, size_t head,
                                 size_t query) {
  const size_t offset = head * task.head_dim, limit = padded(task.length);
  Block block = {query, std::min(kQueryBlock, limit - query), 0, 0, task.window};
  const Extent size = {std::min(kQueryBlock, task.length - query), block.num_queries,
                       task.head_dim};
  pack(Strided{task.q + offset, task.qkv_stride}.from(query), size, task.scale, s.block);
  pack(Strided{task.dout + offset, task.out_stride}.from(query), size, 1.0f, s.douts_block);
  const size_t rows = block.num_queries;
  const Queries operands = {Arithmetic::by_columns(s.block, rows, s.width, s.query_rooms[0]),
                            Arithmetic::by_columns(s.douts_block, rows, s.width, s.query_rooms[1]),
                            Arithmetic::by_rows(s.block, rows, s.width, s.query_rooms[2]),
                            Arithmetic::by_rows(s.douts_block, rows, s.width, s.query_rooms[3])};
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
    if (!block.is_hidden()) attend_backward<Arithmetic>(task, s, operands, block, sums);
  }
  add_dqueries(task, s, block, head);
}

// Keys and values of the task, as its products read them.
template <typename Arithmetic>
HWY_INLINE void pack_keys(const AttentionTask& task, const Backward& s) {
  constexpr size_t kValues = Arithmetic::kValues;
  const Strided k = {task.k, task.qkv_stride}, v = {task.v, task.qkv_stride};
  const auto transposed = [&](const float* block, size_t rows, float* out) HWY_ATTR {
    transpose(Arithmetic::by_columns(block, rows, s.width, s.room), rows, s.width / kValues, out,
              kKeyBlock);
  };
  for (size_t key = task.begin; key < task.end; key += kKeyBlock) {
    const size_t at = (key - task.begin) * s.width;
    const size_t count = std::min(kKeyBlock, task.end - key), rows = padded(count);
    const Extent size = {count, rows, task.head_dim};
    float* const keys = s.keys + at;
    pack(v.from(key), size, 1.0f, s.block);
    transposed(s.block, rows, s.values_t + at / kValues);
    pack(k.from(key), size, 1.0f, keys);
    transposed(keys, rows, s.keys_t + at / kValues);
    Arithmetic::by_rows(keys, rows, s.width, keys);
  }
}

template <typename Arithmetic>
void backward(const AttentionTask& task) {
  const Backward s(task.scratch, task.head_dim);
  pack_keys<Arithmetic>(task, s);
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
    for (size_t head = 0; head < task.group; ++head)
      queries_backward<Arithmetic>(task, s, head, query);
    report(query + 1);
  }
  for (size_t row = 0; row < num_keys; ++row) {
    const size_t at = (task.begin + row) * task.qkv_stride;
    write_row(s.dkeys + row * s.width, task.head_dim, 1.0f, task.dk + at);
    write_row(s.dvalues + row * s.width, task.head_dim, 1.0f, task.dv + at);
  }
}

void AttentionBackward(const AttentionTask& task) {
  if (task.precision == Precision::kFloat32) return backward<Float32>(task);
  multiplies_pairs(task.precision) ? backward<PairedBfloat16>(task) : backward<Bfloat16>(task);
}

size_t BackwardScratch(size_t head_dim) { return Backward::floats(head_dim); }

}  // namespace HWY_NAMESPACE
}  // namespace laconic
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace laconic {
HWY_EXPORT(AttentionBackward);
HWY_EXPORT(BackwardScratch);

namespace rows {
size_t attention_backward_scratch_floats(size_t head_dim) {
  return HWY_DYNAMIC_DISPATCH(BackwardScratch)(head_dim);
}
void attention_backward(const AttentionTask& task) {
  HWY_DYNAMIC_DISPATCH(AttentionBackward)(task);
}
}  // namespace rows
}  // namespace laconic
#endif  // HWY_ONCE
