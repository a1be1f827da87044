// Each operator, forward and backward, against the plain formula differentiated by libtorch's
// autograd: the CPU kernels under every instruction set that the machine has, and the ATen kernels
// on CPU tensors.
// SPDX-License-Identifier: Apache-2.0
#include "nn/kernels.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/rsqrt.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "nn/attention.h"
#include "nn/testing.h"

namespace laconic {
namespace {

using testing::expect_close;
using testing::for_each_kernels;
using testing::int_tensor;
using testing::random_tensor;
using testing::variable;

TEST(Kernels, RunsUnderEveryTargetOfTheMachine) {
  int count = 0;
  testing::for_each_target([&](const std::string&) { ++count; });
  EXPECT_GE(count, 1);
}

TEST(Kernels, GatherAndScatterAddRows) {
  const at::Tensor table = random_tensor({7, 37}, 1), rows = int_tensor({3, 0, 3, 6, 3});
  const at::Tensor values = random_tensor({5, 37}, 2);
  for_each_kernels([&](const Kernels& kernels) {
    const at::Tensor out = at::empty({5, 37});
    kernels.gather_rows(table, rows, out);
    EXPECT_TRUE(out.equal(table.index_select(0, rows)));
    const at::Tensor sums = table.clone();
    kernels.scatter_add_rows(values, rows, sums);
    expect_close(sums, table.index_add(0, rows, values), "sums");
  });
}

TEST(Kernels, RmsNorm) {
  for (const int64_t width : {1, 16, 37, 128, 576}) {
    const at::Tensor x = random_tensor({1100, width}, 1), weight = random_tensor({width}, 2);
    const at::Tensor dout = random_tensor({1100, width}, 3),
                     before = random_tensor({1100, width}, 4);
    const at::Tensor vx = variable(x), vw = variable(weight);
    const at::Tensor want = vx * at::rsqrt((vx * vx).mean(-1, true) + 1e-6) * vw;
    want.backward(dout.to(at::kDouble));
    for_each_kernels([&](const Kernels& kernels) {
      const at::Tensor out = at::empty({1100, width}), rstd = at::empty({1100});
      kernels.rms_norm(x, weight, 1e-6, out, rstd);
      expect_close(out, want, "out");
      const at::Tensor dx = before.clone(), dweight = weight.clone();
      kernels.rms_norm_backward({dout, x, weight, rstd, dx, dweight});
      expect_close(dx, vx.grad() + before, "dx");
      expect_close(dweight, vw.grad() + weight, "dweight");
    });
  }
}

TEST(Kernels, Swiglu) {
  for (const int64_t width : {1, 24, 384}) {
    const at::Tensor gate_up = random_tensor({130, 2 * width}, 1) * 6;
    const at::Tensor dout = random_tensor({130, width}, 2), v = variable(gate_up);
    const auto halves = v.chunk(2, 1);
    const at::Tensor want = halves[0] * halves[0].sigmoid() * halves[1];
    want.backward(dout.to(at::kDouble));
    for_each_kernels([&](const Kernels& kernels) {
      const at::Tensor out = at::empty({130, width}), x = gate_up.clone(), d = dout.clone();
      kernels.swiglu(x, out);
      expect_close(out, want, "out");
      kernels.swiglu_backward(x, d);
      expect_close(d, want, "out again");
      expect_close(x, v.grad(), "dgate_up");
    });
  }
}

TEST(Kernels, Geglu) {
  for (const int64_t width : {1, 24, 384}) {
    const at::Tensor gate_up = random_tensor({130, 2 * width}, 1) * 6;
    const at::Tensor dout = random_tensor({130, width}, 2), v = variable(gate_up);
    const auto halves = v.chunk(2, 1);
    const at::Tensor want = at::gelu(halves[0], "tanh") * halves[1];
    want.backward(dout.to(at::kDouble));
    for_each_kernels([&](const Kernels& kernels) {
      const at::Tensor out = at::empty({130, width}), x = gate_up.clone(), d = dout.clone();
      kernels.geglu(x, out);
      expect_close(out, want, "out");
      kernels.geglu_backward(x, d);
      expect_close(d, want, "out again");
      expect_close(x, v.grad(), "dgate_up");
    });
  }
}

TEST(Kernels, Bias) {
  const at::Tensor x = random_tensor({1100, 37}, 1), bias = random_tensor({37}, 2);
  for_each_kernels([&](const Kernels& kernels) {
    const at::Tensor sum = x.clone(), dbias = bias.clone();
    kernels.add_bias(sum, bias);
    EXPECT_TRUE(sum.equal(x + bias));
    kernels.add_bias_backward(x, dbias);
    expect_close(dbias, x.to(at::kDouble).sum(0) + bias, "dbias");
  });
}

TEST(Kernels, HeadNorm) {
  for (const int64_t head_dim : {6, 16, 80}) {
    const HeadLayout heads = {4, 2, head_dim};
    const int64_t T = 1100, count = 6;
    const at::Tensor qkv = random_tensor({T, heads.qkv_width()}, 1);
    const at::Tensor q_weight = random_tensor({head_dim}, 2),
                     k_weight = random_tensor({head_dim}, 3);
    const at::Tensor dout = random_tensor({T, heads.qkv_width()}, 4);
    const at::Tensor vx = variable(qkv), vq = variable(q_weight), vk = variable(k_weight);
    const at::Tensor rows = vx.view({T, 8, head_dim});
    const at::Tensor x = rows.narrow(1, 0, count);
    const at::Tensor factors = at::cat({vq.expand({4, -1}), vk.expand({2, -1})});
    const at::Tensor normed = x * at::rsqrt((x * x).mean(-1, true) + 1e-6) * factors;
    const at::Tensor want = at::cat({normed, rows.narrow(1, count, 2)}, 1).flatten(1);
    want.backward(dout.to(at::kDouble));
    for_each_kernels([&](const Kernels& kernels) {
      const at::Tensor out = qkv.clone(), dx = dout.clone();
      const at::Tensor dq = q_weight.clone(), dk = k_weight.clone();
      const HeadNorm norm = {q_weight, k_weight, at::empty({T, count * head_dim}),
                             at::empty({T, count})};
      kernels.head_norm(out, norm, 1e-6, heads);
      expect_close(out, want, "out");
      kernels.head_norm_backward(dx, norm, dq, dk, heads);
      expect_close(dx, vx.grad(), "dx");
      expect_close(dq, vq.grad() + q_weight, "dq_weight");
      expect_close(dk, vk.grad() + k_weight, "dk_weight");
    });
  }
}

TEST(Kernels, SwigluAtTheEndsOfTheRange) {
  const at::Tensor gate_up = at::zeros({1, 4});
  float* x = gate_up.data_ptr<float>();
  x[0] = -200.0f, x[1] = 200.0f, x[2] = x[3] = 1.0f;
  for_each_kernels([&](const Kernels& kernels) {
    const at::Tensor out = at::empty({1, 2}), slopes = at::ones({1, 2}), again = gate_up.clone();
    kernels.swiglu(gate_up, out);
    EXPECT_NEAR(out[0][0].item<float>(), 0.0f, 1e-30);
    EXPECT_EQ(out[0][1].item<float>(), 200.0f);
    kernels.swiglu_backward(again, slopes);
    EXPECT_TRUE(again.isfinite().all().item<bool>());
  });
}

TEST(Kernels, CrossEntropy) {
  for (const int64_t vocab : {1, 33, 400, 1003}) {
    const at::Tensor logits = random_tensor({70, vocab}, 1) * 5;
    std::vector<int32_t> ids;
    for (int64_t i = 0; i < 70; ++i) ids.push_back(static_cast<int32_t>(i * 31 % vocab));
    const at::Tensor targets = int_tensor(ids), factors = random_tensor({70}, 2);
    const at::Tensor v = variable(logits);
    const at::Tensor want =
        -v.log_softmax(-1).gather(1, targets.to(at::kLong).unsqueeze(1)).squeeze(1);
    want.backward(factors.to(at::kDouble));
    for_each_kernels([&](const Kernels& kernels) {
      const at::Tensor x = logits.clone(), nll = at::empty({70});
      kernels.cross_entropy({x, targets, factors, nll, false});
      EXPECT_TRUE(x.equal(logits)) << "logits changed without being asked for a gradient";
      EXPECT_LT((nll - want).abs().max().item<double>(), 1e-5);
      kernels.cross_entropy({x, targets, factors, nll, true});
      EXPECT_LT((nll - want).abs().max().item<double>(), 1e-5);
      EXPECT_LT((x - v.grad()).abs().max().item<double>(), 1e-5);
    });
  }
}

TEST(Kernels, CrossEntropyOfCappedLogits) {
  for (const int64_t vocab : {1, 33, 1003}) {
    const double cap = 7;
    const at::Tensor logits = random_tensor({70, vocab}, 1) * 8;
    std::vector<int32_t> ids;
    for (int64_t i = 0; i < 70; ++i) ids.push_back(static_cast<int32_t>(i * 31 % vocab));
    const at::Tensor targets = int_tensor(ids), factors = random_tensor({70}, 2);
    const at::Tensor v = variable(logits);
    const at::Tensor want = -((v / cap).tanh() * cap)
                                 .log_softmax(-1)
                                 .gather(1, targets.to(at::kLong).unsqueeze(1))
                                 .squeeze(1);
    want.backward(factors.to(at::kDouble));
    for_each_kernels([&](const Kernels& kernels) {
      const at::Tensor x = logits.clone(), y = logits.clone(), nll = at::empty({70});
      kernels.cross_entropy({x, targets, factors, nll, false, cap});
      EXPECT_LT((nll - want).abs().max().item<double>(), 1e-5);
      kernels.cross_entropy({y, targets, factors, nll, true, cap});
      EXPECT_LT((nll - want).abs().max().item<double>(), 1e-5);
      EXPECT_LT((y - v.grad()).abs().max().item<double>(), 1e-5);
    });
  }
}

// As transformers' apply_rotary_pos_emb, from the angles.
at::Tensor plain_rope(const at::Tensor& qkv, const at::Tensor& bias, const ModelConfig& config,
                      const std::vector<int32_t>& positions) {
  const int64_t E = config.head_dim, R = config.rotary_width(), T = qkv.size(0);
  const at::Tensor x = (qkv + bias).view({T, -1, E});
  std::vector<at::Tensor> rows;
  for (int64_t t = 0; t < T; ++t) {
    std::vector<double> angles;
    for (int64_t i = 0; i < R; ++i) {
      const double pair = static_cast<double>(i % (R / 2));
      angles.push_back(positions[t] *
                       std::pow(config.rope_theta, -2.0 * pair / static_cast<double>(R)));
    }
    at::Tensor angle = at::empty({R}, at::kDouble);
    std::copy(angles.begin(), angles.end(), angle.data_ptr<double>());
    const at::Tensor front = x[t].narrow(1, 0, R), rest = x[t].narrow(1, R, E - R);
    const auto halves = front.chunk(2, 1);
    const at::Tensor turned = at::cat({-halves[1], halves[0]}, 1);
    const int64_t kept = config.num_heads + config.num_kv_heads;
    const at::Tensor rotated = at::cat({front * angle.cos() + turned * angle.sin(), rest}, 1);
    rows.push_back(
        at::cat({rotated.narrow(0, 0, kept), x[t].narrow(0, kept, config.num_kv_heads)}).flatten());
  }
  return at::stack(rows);
}

TEST(Kernels, BiasAndRope) {
  struct Widths {
    int64_t head, rotated;
  };
  for (const Widths width : {Widths{16, 0}, {32, 0}, {80, 0}, {6, 0}, {16, 12}, {80, 38}}) {
    ModelConfig config;
    config.num_heads = 4, config.num_kv_heads = 2;
    config.head_dim = width.head, config.rotary_dim = width.rotated;
    config.rope_theta = 10000;
    const std::vector<int32_t> positions = document_positions({0, 70, 71, 80});
    const at::Tensor qkv = random_tensor({80, config.qkv_width()}, 1);
    const at::Tensor bias = random_tensor({config.qkv_width()}, 2);
    const at::Tensor dout = random_tensor({80, config.qkv_width()}, 3);
    const at::Tensor vx = variable(qkv), vb = variable(bias);
    const at::Tensor want = plain_rope(vx, vb, config, positions);
    want.backward(dout.to(at::kDouble));
    RopeTable table = make_rope_table(config, 70);
    table.positions = int_tensor(positions);
    for_each_kernels([&](const Kernels& kernels) {
      const at::Tensor x = qkv.clone(), dx = dout.clone(), dbias = bias.clone();
      kernels.bias_rope(x, bias, table, head_layout(config));
      expect_close(x, want, "out");
      kernels.bias_rope_backward(dx, dbias, table, head_layout(config));
      expect_close(dx, vx.grad(), "dx");
      expect_close(dbias, vb.grad() + bias, "dbias");
    });
  }
}

}  // namespace
}  // namespace laconic
