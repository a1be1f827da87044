// Attention of the CPU's and the ATen kernels against the plain formula differentiated by
// libtorch's autograd, under every instruction set that the machine has.
// SPDX-License-Identifier: Apache-2.0
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/ones.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "nn/kernels.h"
#include "nn/testing.h"

namespace laconic {
namespace {

using testing::expect_close;
using testing::for_each_kernels;
using testing::random_tensor;
using testing::variable;

struct AttentionCase {
  HeadLayout heads;
  std::vector<int32_t> lengths;
};

std::vector<int32_t> offsets_of(const std::vector<int32_t>& lengths) {
  std::vector<int32_t> offsets = {0};
  for (const int32_t length : lengths) offsets.push_back(offsets.back() + length);
  return offsets;
}

// softmax(q k^T / sqrt(E)) v by the formula, document by document. qkv [T, P] -> [T, Q].
at::Tensor plain_attention(const at::Tensor& qkv, const AttentionCase& c) {
  const HeadLayout& h = c.heads;
  std::vector<at::Tensor> documents;
  const std::vector<int32_t> offsets = offsets_of(c.lengths);
  for (size_t d = 0; d < c.lengths.size(); ++d) {
    const int64_t n = c.lengths[d];
    const at::Tensor rows = qkv.narrow(0, offsets[d], n).view({n, -1, h.head_dim}).transpose(0, 1);
    at::Tensor hidden = at::ones({n, n}, at::kBool).triu(1);
    if (h.window > 0) hidden = hidden.logical_or(at::ones({n, n}, at::kBool).tril(-h.window));
    std::vector<at::Tensor> outs;
    for (int64_t head = 0; head < h.num_heads; ++head) {
      const int64_t kv = head / (h.num_heads / h.num_kv_heads);
      const at::Tensor q = rows[head], k = rows[h.num_heads + kv];
      const at::Tensor v = rows[h.num_heads + h.num_kv_heads + kv];
      const double scale = h.scale > 0 ? h.scale : 1 / std::sqrt(static_cast<double>(h.head_dim));
      at::Tensor scores = q.matmul(k.t()) * scale;
      if (h.softcap > 0) scores = (scores / h.softcap).tanh() * h.softcap;
      scores = scores.masked_fill(hidden, -std::numeric_limits<double>::infinity());
      outs.push_back(scores.softmax(-1).matmul(v));
    }
    documents.push_back(at::cat(outs, 1));
  }
  return at::cat(documents, 0);
}

HeadLayout shaped(HeadLayout heads, double scale, double softcap, int64_t window) {
  heads.scale = scale, heads.softcap = softcap, heads.window = window;
  return heads;
}

const std::vector<AttentionCase>& attention_cases() {
  static const std::vector<AttentionCase> cases = {
      {shaped({2, 1, 16}, 0, 0, 1), {1, 40, 200}},
      {shaped({2, 1, 16}, 0, 0, 7), {3, 7, 8, 100, 300}},
      {shaped({4, 2, 24}, 0, 0, 64), {65, 300}},
      {shaped({2, 2, 32}, 0, 0, 500), {40, 300}},
      {shaped({2, 1, 16}, 0.4, 0, 0), {33, 129}},
      {shaped({2, 1, 16}, 0.4, 1.5, 0), {33, 129}},
      {shaped({4, 2, 80}, 0.2, 3, 33), {20, 400}},
      {{2, 2, 32}, {1, 2, 63, 64, 65, 300}},
      {{4, 2, 16}, {33, 1, 129}},
      {{6, 2, 64}, {97, 32}},
      {{3, 1, 80}, {65, 150}},
      {{1, 1, 128}, {257}},
      {{4, 1, 24}, {40, 16, 7}},
      {{2, 1, 6}, {5, 130}}};
  return cases;
}

TEST(Kernels, Attention) {
  for (const AttentionCase& c : attention_cases()) {
    SCOPED_TRACE("head_dim " + std::to_string(c.heads.head_dim));
    const std::vector<int32_t> offsets = offsets_of(c.lengths);
    const int64_t T = offsets.back();
    const at::Tensor qkv = random_tensor({T, c.heads.qkv_width()}, 1) * 1.5;
    const at::Tensor dout = random_tensor({T, c.heads.q_width()}, 2), v = variable(qkv);
    const at::Tensor want = plain_attention(v, c);
    want.backward(dout.to(at::kDouble));
    for_each_kernels([&](const Kernels& kernels) {
      const at::Tensor out = at::empty({T, c.heads.q_width()});
      const at::Tensor lse = at::empty({c.heads.num_heads, T}), dqkv = at::empty_like(qkv);
      kernels.attention(qkv, offsets, c.heads, out, lse);
      expect_close(out, want, "out");
      kernels.attention_backward({qkv, out, lse, dout, dqkv}, offsets, c.heads);
      expect_close(dqkv, v.grad(), "dqkv");
    });
  }
}

double l2_difference(const at::Tensor& got, const at::Tensor& want) {
  return ((got - want).norm() / want.norm()).item<double>();
}

// Inputs are bf16 values, so that what differs is the rounding within: of the scaled q, of the
// exponentials and of the scores' gradients, up to 2^-9 each. A key or query left out of sums over
// some hundred would show.
TEST(Kernels, AttentionInBfloat16) {
  const auto rounded = [](const at::Tensor& x) { return x.to(at::kBFloat16).to(at::kFloat); };
  for (const AttentionCase& c : attention_cases()) {
    SCOPED_TRACE("head_dim " + std::to_string(c.heads.head_dim));
    const std::vector<int32_t> offsets = offsets_of(c.lengths);
    const int64_t T = offsets.back();
    const at::Tensor qkv = rounded(random_tensor({T, c.heads.qkv_width()}, 1) * 1.5);
    const at::Tensor dout = rounded(random_tensor({T, c.heads.q_width()}, 2)), v = variable(qkv);
    const at::Tensor want = plain_attention(v, c);
    want.backward(dout.to(at::kDouble));
    HeadLayout heads = c.heads;
    for (const Precision precision : {Precision::kBfloat16, Precision::kBfloat16Rounded}) {
      heads.precision = precision;
      testing::for_each_target([&](const std::string&) {
        const at::Tensor out = at::empty({T, heads.q_width()});
        const at::Tensor lse = at::empty({heads.num_heads, T}), dqkv = at::empty_like(qkv);
        cpu_kernels().attention(qkv, offsets, heads, out, lse);
        EXPECT_LT(l2_difference(out, want), 4e-3) << "out";
        cpu_kernels().attention_backward({qkv, out, lse, dout, dqkv}, offsets, heads);
        EXPECT_LT(l2_difference(dqkv, v.grad()), 6e-3) << "dqkv";
      });
    }
  }
}

// A long document is cut into parts that threads share: the same bits, and the right ones.
TEST(Kernels, AttentionOfLongDocumentsOnThreads) {
  const int num_threads = at::get_num_threads();
  for (const auto& [window, precision] : {std::pair<int64_t, Precision>{0, Precision::kFloat32},
                                          {300, Precision::kFloat32},
                                          {0, Precision::kBfloat16},
                                          {300, Precision::kBfloat16}}) {
    AttentionCase c = {shaped({4, 2, 16}, 0, 0, window), {40, 1100, 513}};
    c.heads.precision = precision;
    const double most = precision == Precision::kFloat32 ? testing::kKernelTolerance : 8e-3;
    const std::vector<int32_t> offsets = offsets_of(c.lengths);
    const int64_t T = offsets.back();
    const at::Tensor qkv = random_tensor({T, c.heads.qkv_width()}, 1);
    const at::Tensor dout = random_tensor({T, c.heads.q_width()}, 2), v = variable(qkv);
    const at::Tensor want = plain_attention(v, c);
    want.backward(dout.to(at::kDouble));
    at::Tensor first_out, first_dqkv;
    for (const int threads : {1, 2, 5}) {
      at::set_num_threads(threads);
      const at::Tensor out = at::empty({T, c.heads.q_width()});
      const at::Tensor lse = at::empty({c.heads.num_heads, T}), dqkv = at::empty_like(qkv);
      cpu_kernels().attention(qkv, offsets, c.heads, out, lse);
      cpu_kernels().attention_backward({qkv, out, lse, dout, dqkv}, offsets, c.heads);
      EXPECT_LT(l2_difference(out, want), most) << "out";
      EXPECT_LT(l2_difference(dqkv, v.grad()), most) << "dqkv";
      if (!first_out.defined()) first_out = out, first_dqkv = dqkv;
      EXPECT_TRUE(out.equal(first_out) && dqkv.equal(first_dqkv)) << threads << " threads";
    }
    at::set_num_threads(num_threads);
  }
}

}  // namespace
}  // namespace laconic
