// Tensors -> arrays, and the split of rows over threads. The arithmetic is in kernels_rows.cc and
// kernels_attention.cc.
//
// Sums over rows (weight gradients) are formed per block of kRowBlock rows and then added in block
// order, so that they do not depend on the number of threads.
// SPDX-License-Identifier: Apache-2.0
#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <functional>
#include <numeric>
#include <vector>

#include "base/error.h"
#include "base/profile.h"
#include "nn/kernels.h"
#include "nn/kernels_attention.h"
#include "nn/kernels_heads.h"
#include "nn/kernels_rows.h"

namespace laconic {
namespace {

constexpr int64_t kRowBlock = 512;
// Rows (tokens) below which waking another thread costs more than it saves.
constexpr int64_t kRowGrain = 512;

float* floats(const at::Tensor& t) { return static_cast<float*>(t.data_ptr()); }
const int32_t* ints(const at::Tensor& t) { return static_cast<const int32_t*>(t.data_ptr()); }
size_t width_of(const at::Tensor& t) { return static_cast<size_t>(t.size(-1)); }

template <typename Body>
void for_rows(int64_t num_rows, const Body& body) {
  at::parallel_for(0, num_rows, kRowGrain, [&](int64_t begin, int64_t end) {
    body(rows::Range{static_cast<size_t>(begin), static_cast<size_t>(end)});
  });
}

// body(block's rows, block's sums [width]) for each block; adds all blocks' sums to `total`.
template <typename Body>
void sum_over_blocks(int64_t num_rows, size_t width, float* total, const Body& body) {
  const int64_t num_blocks = (num_rows + kRowBlock - 1) / kRowBlock;
  // A float a column and 512 rows, of the calling thread: scratch of one call, no model's.
  static thread_local std::vector<float> memory;
  memory.resize(static_cast<size_t>(num_blocks) * width);
  float* sums = memory.data();
  at::parallel_for(0, num_blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t block = begin; block < end; ++block) {
      const int64_t last = std::min(num_rows, (block + 1) * kRowBlock);
      body(rows::Range{static_cast<size_t>(block * kRowBlock), static_cast<size_t>(last)},
           sums + static_cast<size_t>(block) * width);
    }
  });
  for (int64_t block = 0; block < num_blocks; ++block) {
    rows::add(sums + static_cast<size_t>(block) * width, total, width);
  }
}

// body(task) for each task, the next free thread taking the next one: for tasks of unequal length
// whose results do not depend on each other.
template <typename Body>
void for_tasks(int64_t num_tasks, bool in_parallel, const Body& body) {
  if (!in_parallel) {
    for (int64_t task = 0; task < num_tasks; ++task) body(task);
    return;
  }
  std::atomic<int64_t> next{0};
  at::parallel_for(0, at::get_num_threads(), 1, [&](int64_t, int64_t) {
    for (int64_t task = next++; task < num_tasks; task = next++) body(task);
  });
}

struct AttentionTensors {
  float* qkv;
  float* out;
  float* lse;
  float* dout;  // backward only
  float* dqkv;  // backward only
  int64_t num_tokens;
};

rows::AttentionTask make_task(const AttentionTensors& t, const HeadLayout& heads, int64_t kv_head,
                              int64_t first_token) {
  const int64_t group = heads.num_heads / heads.num_kv_heads, width = heads.qkv_width();
  const int64_t row = first_token * width;
  const int64_t q = row + kv_head * group * heads.head_dim;
  const int64_t k = row + heads.q_width() + kv_head * heads.head_dim;
  const int64_t v = k + heads.num_kv_heads * heads.head_dim;
  const int64_t out = first_token * heads.q_width() + kv_head * group * heads.head_dim;
  rows::AttentionTask task = {};
  task.q = t.qkv + q, task.k = t.qkv + k, task.v = t.qkv + v;
  task.qkv_stride = static_cast<size_t>(width);
  task.out = t.out + out;
  task.out_stride = static_cast<size_t>(heads.q_width());
  task.lse = t.lse + kv_head * group * t.num_tokens + first_token;
  task.lse_stride = static_cast<size_t>(t.num_tokens);
  task.head_dim = static_cast<size_t>(heads.head_dim);
  task.group = static_cast<size_t>(group);
  task.scale = static_cast<float>(heads.score_scale());
  task.softcap = static_cast<float>(heads.softcap);
  task.window = static_cast<size_t>(heads.window);
  task.precision = heads.precision;
  if (t.dqkv != nullptr) {
    task.dout = t.dout + out;
    task.dq = t.dqkv + q, task.dk = t.dqkv + k, task.dv = t.dqkv + v;
  }
  return task;
}

// Documents from the longest to the shortest, so that no long one is left for the end.
std::vector<int32_t> longest_first(const std::vector<int32_t>& cu_seqlens) {
  std::vector<int32_t> order(cu_seqlens.size() - 1);
  std::iota(order.begin(), order.end(), 0);
  const auto length = [&](int32_t d) { return cu_seqlens[d + 1] - cu_seqlens[d]; };
  std::stable_sort(order.begin(), order.end(),
                   [&](int32_t a, int32_t b) { return length(a) > length(b); });
  return order;
}

// Parts of documents, [begin, end) of one document each.
struct AttentionPart {
  int32_t document;
  int64_t begin, end;
};

// Every document in parts of `size` tokens, the longest first; a document's parts in order.
std::vector<AttentionPart> attention_parts(const std::vector<int32_t>& cu_seqlens, int64_t size) {
  std::vector<AttentionPart> parts;
  for (const int32_t document : longest_first(cu_seqlens)) {
    const int64_t length = cu_seqlens[document + 1] - cu_seqlens[document];
    for (int64_t begin = 0; begin < length; begin += size)
      parts.push_back({document, begin, std::min(begin + size, length)});
  }
  return parts;
}

// run(task, number) for each part and key/value head. A part's tasks start after those of the parts
// before it.
template <typename Run>
void run_attention(const AttentionTensors& tensors, const std::vector<int32_t>& cu_seqlens,
                   const HeadLayout& heads, int64_t part_size, const Run& run) {
  const std::vector<AttentionPart> parts = attention_parts(cu_seqlens, part_size);
  const int64_t num_tasks = static_cast<int64_t>(parts.size()) * heads.num_kv_heads;
  for_tasks(num_tasks, tensors.num_tokens > kRowGrain, [&](int64_t index) {
    const AttentionPart& part = parts[static_cast<size_t>(index / heads.num_kv_heads)];
    const int32_t first = cu_seqlens[part.document];
    rows::AttentionTask task = make_task(tensors, heads, index % heads.num_kv_heads, first);
    task.length = static_cast<size_t>(cu_seqlens[part.document + 1] - first);
    task.begin = static_cast<size_t>(part.begin), task.end = static_cast<size_t>(part.end);
    // Of a fixed size for a kind of head (nn/kernels_attention.h), of the thread that runs the
    // task.
    static thread_local AlignedFloats scratch;
    const size_t need = rows::attention_scratch_floats(task.group, task.head_dim);
    if (scratch.size() < need) scratch.resize(need);
    task.scratch = scratch.data();
    run(task, index);
  });
}

void run_attention_backward(const AttentionTensors& tensors, const std::vector<int32_t>& cu_seqlens,
                            const HeadLayout& heads) {
  const auto size = static_cast<int64_t>(rows::kAttentionKeys);
  int64_t num_parts = 0;
  for (size_t d = 0; d + 1 < cu_seqlens.size(); ++d)
    num_parts += (cu_seqlens[d + 1] - cu_seqlens[d] + size - 1) / size;
  std::vector<std::atomic<uint32_t>> done(static_cast<size_t>(num_parts * heads.num_kv_heads));
  run_attention(tensors, cu_seqlens, heads, size, [&](rows::AttentionTask& task, int64_t index) {
    task.done = &done[static_cast<size_t>(index)];
    if (task.begin > 0) task.before = &done[static_cast<size_t>(index - heads.num_kv_heads)];
    rows::attention_backward(task);
  });
}

class CpuKernels final : public Kernels {
 public:
  void gather_rows(const at::Tensor& table, const at::Tensor& rows,
                   const at::Tensor& out) const override {
    const ProfileScope scope("rows of the embedding");
    const size_t width = width_of(table);
    for_rows(rows.size(0), [&](rows::Range range) {
      for (size_t row = range.begin; row < range.end; ++row) {
        std::memcpy(floats(out) + row * width,
                    floats(table) + static_cast<size_t>(ints(rows)[row]) * width,
                    width * sizeof(float));
      }
    });
  }

  // Threads share the columns, not the rows: a row of the table may be named many times.
  void scatter_add_rows(const at::Tensor& values, const at::Tensor& rows,
                        const at::Tensor& table) const override {
    const ProfileScope scope("rows of the embedding");
    const int64_t width = table.size(1), num_rows = rows.size(0);
    at::parallel_for(0, (width + 15) / 16, 1, [&](int64_t begin, int64_t end) {
      const int64_t first = begin * 16, last = std::min(end * 16, width);
      for (int64_t row = 0; row < num_rows; ++row) {
        rows::add(floats(values) + row * width + first,
                  floats(table) + ints(rows)[row] * width + first,
                  static_cast<size_t>(last - first));
      }
    });
  }

  void rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps, const at::Tensor& out,
                const at::Tensor& rstd) const override {
    const ProfileScope scope("RMSNorm");
    const rows::RmsNorm task = {floats(x),    floats(weight), floats(out),
                                floats(rstd), width_of(x),    static_cast<float>(eps)};
    for_rows(x.size(0), [&](rows::Range range) { rows::rms_norm(task, range); });
  }

  void rms_norm_backward(const RmsNormGradient& g) const override {
    const ProfileScope scope("RMSNorm, backward");
    sum_over_blocks(g.x.size(0), width_of(g.x), floats(g.dweight),
                    [&](rows::Range range, float* sums) {
                      rows::rms_norm_backward({floats(g.dout), floats(g.x), floats(g.weight),
                                               floats(g.rstd), floats(g.dx), sums, width_of(g.x)},
                                              range);
                    });
  }

  void add_bias(const at::Tensor& x, const at::Tensor& bias) const override {
    for_rows(x.size(0), [&](rows::Range range) {
      for (size_t row = range.begin; row < range.end; ++row)
        rows::add(floats(bias), floats(x) + row * width_of(x), width_of(x));
    });
  }

  void add_bias_backward(const at::Tensor& dx, const at::Tensor& dbias) const override {
    sum_over_blocks(dx.size(0), width_of(dx), floats(dbias), [&](rows::Range range, float* sums) {
      rows::column_sums({floats(dx), sums, width_of(dx)}, range);
    });
  }

  void head_norm(const at::Tensor& qkv, const HeadNorm& norm, double eps,
                 const HeadLayout& heads) const override {
    const ProfileScope scope("norms of heads");
    rows::HeadNorm task = head_task(qkv, norm, heads);
    task.eps = static_cast<float>(eps);
    for_rows(qkv.size(0), [&](rows::Range range) { rows::head_norm(task, range); });
  }

  void head_norm_backward(const at::Tensor& dqkv, const HeadNorm& norm, const at::Tensor& dq_weight,
                          const at::Tensor& dk_weight, const HeadLayout& heads) const override {
    const ProfileScope scope("norms of heads, backward");
    const rows::HeadNorm task = head_task(dqkv, norm, heads);
    const size_t E = task.head_dim;
    std::vector<float> totals(2 * E, 0.0f);
    sum_over_blocks(dqkv.size(0), 2 * E, totals.data(), [&](rows::Range range, float* sums) {
      rows::head_norm_backward(task, sums, range);
    });
    rows::add(totals.data(), floats(dq_weight), E);
    rows::add(totals.data() + E, floats(dk_weight), E);
  }

  void bias_rope(const at::Tensor& qkv, const at::Tensor& bias, const RopeTable& table,
                 const HeadLayout& heads) const override {
    const ProfileScope scope("bias and RoPE");
    rotate(qkv, bias.defined() ? floats(bias) : nullptr, table, heads, 1.0f);
  }

  void bias_rope_backward(const at::Tensor& dqkv, const at::Tensor& dbias, const RopeTable& table,
                          const HeadLayout& heads) const override {
    const ProfileScope scope("bias and RoPE, backward");
    rotate(dqkv, nullptr, table, heads, -1.0f);
    if (dbias.defined()) add_bias_backward(dqkv, dbias);
  }

  void attention(const at::Tensor& qkv, const std::vector<int32_t>& cu_seqlens,
                 const HeadLayout& heads, const at::Tensor& out,
                 const at::Tensor& lse) const override {
    const ProfileScope scope("attention");
    run_attention({floats(qkv), floats(out), floats(lse), nullptr, nullptr, qkv.size(0)},
                  cu_seqlens, heads, rows::kAttentionQueries,
                  [](const rows::AttentionTask& task, int64_t) { rows::attention_forward(task); });
  }

  void attention_backward(const AttentionGradient& g, const std::vector<int32_t>& cu_seqlens,
                          const HeadLayout& heads) const override {
    const ProfileScope scope("attention, backward");
    run_attention_backward({floats(g.qkv), floats(g.out), floats(g.lse), floats(g.dout),
                            floats(g.dqkv), g.qkv.size(0)},
                           cu_seqlens, heads);
  }

  void swiglu(const at::Tensor& gate_up, const at::Tensor& out) const override {
    const ProfileScope scope("SwiGLU");
    const rows::Swiglu task = {floats(gate_up), floats(out), width_of(out)};
    for_rows(out.size(0), [&](rows::Range range) { rows::swiglu(task, range); });
  }

  void swiglu_backward(const at::Tensor& gate_up, const at::Tensor& dout) const override {
    const ProfileScope scope("SwiGLU, backward");
    const rows::Swiglu task = {floats(gate_up), floats(dout), width_of(dout)};
    for_rows(dout.size(0), [&](rows::Range range) { rows::swiglu_backward(task, range); });
  }

  void geglu(const at::Tensor& gate_up, const at::Tensor& out) const override {
    const ProfileScope scope("GeGLU");
    const rows::Swiglu task = {floats(gate_up), floats(out), width_of(out)};
    for_rows(out.size(0), [&](rows::Range range) { rows::geglu(task, range); });
  }

  void geglu_backward(const at::Tensor& gate_up, const at::Tensor& dout) const override {
    const ProfileScope scope("GeGLU, backward");
    const rows::Swiglu task = {floats(gate_up), floats(dout), width_of(dout)};
    for_rows(dout.size(0), [&](rows::Range range) { rows::geglu_backward(task, range); });
  }

  void cross_entropy(const CrossEntropyRows& r) const override {
    const ProfileScope scope("cross entropy");
    const rows::CrossEntropy task = {floats(r.logits),   ints(r.targets),
                                     floats(r.factors),  floats(r.nll),
                                     width_of(r.logits), static_cast<float>(r.softcap),
                                     r.gradient};
    for_rows(r.logits.size(0), [&](rows::Range range) { rows::cross_entropy(task, range); });
  }

 private:
  static rows::HeadNorm head_task(const at::Tensor& qkv, const HeadNorm& norm,
                                  const HeadLayout& heads) {
    rows::HeadNorm task = {};
    task.qkv = floats(qkv);
    task.q_weight = floats(norm.q_weight), task.k_weight = floats(norm.k_weight);
    task.raw = floats(norm.raw), task.rstd = floats(norm.rstd);
    task.width = width_of(qkv);
    task.num_heads = static_cast<size_t>(heads.num_heads);
    task.num_kv_heads = static_cast<size_t>(heads.num_kv_heads);
    task.head_dim = static_cast<size_t>(heads.head_dim);
    return task;
  }

  static void rotate(const at::Tensor& qkv, const float* bias, const RopeTable& table,
                     const HeadLayout& heads, float sign) {
    const rows::Rope task = {floats(qkv),
                             bias,
                             floats(table.cos),
                             floats(table.sin),
                             ints(table.positions),
                             width_of(qkv),
                             static_cast<size_t>(heads.num_heads + heads.num_kv_heads),
                             static_cast<size_t>(heads.head_dim),
                             static_cast<size_t>(heads.rotary_width()),
                             sign};
    for_rows(qkv.size(0), [&](rows::Range range) { rows::bias_rope(task, range); });
  }
};

}  // namespace

const Kernels& cpu_kernels() {
  static const CpuKernels kernels;
  return kernels;
}

bool has_own_kernels(const at::Tensor& tensor, bool aten_kernels) {
  return tensor.is_cpu() && !aten_kernels;
}

const Kernels& kernels_for(const at::Tensor& tensor, bool aten) {
  return has_own_kernels(tensor, aten) ? cpu_kernels() : aten_kernels();
}

}  // namespace laconic
