// The whole decoder against the plain formula under libtorch's autograd, and its own invariants.
// SPDX-License-Identifier: Apache-2.0
#include "nn/decoder.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/rsqrt.h>
#include <ATen/ops/softplus.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <numeric>

#include "nn/attention.h"
#include "nn/cross_entropy.h"
#include "nn/testing.h"

namespace laconic {
namespace {

using testing::random_batch;
using testing::random_weights;
using testing::relative_difference;

ModelConfig tiny_config(bool qwen) {
  ModelConfig c;
  c.architecture = qwen ? "Qwen2ForCausalLM" : "LlamaForCausalLM";
  c.vocab_size = 53, c.hidden_size = 48, c.intermediate_size = 72, c.num_layers = 3;
  c.num_heads = 4, c.num_kv_heads = 2, c.head_dim = 16;
  c.rms_norm_eps = 1e-6, c.rope_theta = 10000;
  c.qkv_bias = qwen, c.tie_embeddings = qwen;
  return c;
}

at::Tensor plain_norm(const at::Tensor& x, const at::Tensor& weight, double eps) {
  return x * at::rsqrt((x * x).mean(-1, true) + eps) * weight;
}

// [heads, n, E] rotated by its position.
at::Tensor plain_rope(const at::Tensor& x, const ModelConfig& config) {
  const RopeTable table = make_rope_table(config, x.size(1));
  const auto halves = x.chunk(2, 2);
  return at::cat({halves[0] * table.cos - halves[1] * table.sin,
                  halves[1] * table.cos + halves[0] * table.sin},
                 2);
}

at::Tensor plain_layer(const at::Tensor& x, const LayerWeights& w, const ModelConfig& c) {
  const int64_t n = x.size(0), E = c.head_dim;
  at::Tensor qkv = plain_norm(x, w.input_norm, c.rms_norm_eps).matmul(w.qkv_weight.t());
  if (w.qkv_bias.defined()) qkv = qkv + w.qkv_bias;
  const at::Tensor heads = qkv.view({n, -1, E}).transpose(0, 1);
  const at::Tensor q = plain_rope(heads.narrow(0, 0, c.num_heads), c);
  const int64_t group = c.num_heads / c.num_kv_heads;
  const at::Tensor k =
      plain_rope(heads.narrow(0, c.num_heads, c.num_kv_heads), c).repeat_interleave(group, 0);
  const at::Tensor v =
      heads.narrow(0, c.num_heads + c.num_kv_heads, c.num_kv_heads).repeat_interleave(group, 0);
  const at::Tensor hidden = at::ones({n, n}, at::kBool).triu(1);
  const at::Tensor scores = (q.matmul(k.transpose(1, 2)) / std::sqrt(static_cast<double>(E)))
                                .masked_fill(hidden, -std::numeric_limits<double>::infinity());
  const at::Tensor attended =
      scores.softmax(-1).matmul(v).transpose(0, 1).reshape({n, c.q_width()});
  const at::Tensor middle = x + attended.matmul(w.o_weight.t());
  const auto gate_up =
      plain_norm(middle, w.post_norm, c.rms_norm_eps).matmul(w.gate_up_weight.t()).chunk(2, 1);
  const at::Tensor mlp = gate_up[0] * gate_up[0].sigmoid() * gate_up[1];
  return middle + mlp.matmul(w.down_weight.t());
}

// Logits [T, V] by the formula.
at::Tensor plain_logits(const Weights& weights, const TokenBatch& batch) {
  std::vector<at::Tensor> documents;
  for (size_t d = 0; d + 1 < batch.cu_seqlens.size(); ++d) {
    const std::vector<int32_t> ids(batch.ids.begin() + batch.cu_seqlens[d],
                                   batch.ids.begin() + batch.cu_seqlens[d + 1]);
    at::Tensor x = weights.embedding.index_select(0, testing::int_tensor(ids));
    for (const LayerWeights& layer : weights.layers) x = plain_layer(x, layer, weights.config);
    documents.push_back(
        plain_norm(x, weights.final_norm, weights.config.rms_norm_eps).matmul(weights.head.t()));
  }
  return at::cat(documents);
}

at::Tensor plain_logprobs(const at::Tensor& logits, const TokenBatch& batch) {
  std::vector<int32_t> targets = batch.targets;
  for (int32_t& target : targets) target = std::max(target, 0);
  return logits.log_softmax(-1)
      .gather(1, testing::int_tensor(targets).to(at::kLong).unsqueeze(1))
      .squeeze(1);
}

at::Tensor loss_weights(const TokenBatch& batch) {
  at::Tensor out = at::zeros({batch.num_tokens()});
  for (int64_t t = 0; t < batch.num_tokens(); ++t) {
    if (batch.targets[t] >= 0) out[t] = batch.loss_weights[t];
  }
  return out;
}

const std::vector<int32_t> kLengths = {1, 2, 63, 64, 65, 130, 5};

TEST(Decoder, LossAndEveryGradientMatchAutograd) {
  for (const bool qwen : {true, false}) {
    const Weights weights = random_weights(tiny_config(qwen), 3);
    const TokenBatch batch = random_batch(kLengths, 53, 4);
    at::Tensor flat = weights.flat.to(at::kDouble).clone();
    flat.set_requires_grad(true);
    const Weights plain = view_weights(weights.config, flat);
    const at::Tensor want =
        -(plain_logprobs(plain_logits(plain, batch), batch) * loss_weights(batch)).sum();
    (want * 0.01).backward();
    testing::for_each_target([&](const std::string&) {
      Weights gradients = make_weights(weights.config);
      const LossSum got = forward_backward(weights, batch, 0.01, gradients, {.head_chunk = 100});
      EXPECT_NEAR(got.loss / want.item<double>(), 1.0, 1e-6);
      EXPECT_EQ(got.num_targets, loss_weights(batch).count_nonzero().item<int64_t>());
      for (const Parameter& p : weights.parameters) {
        const auto part = [&](const at::Tensor& x) { return x.narrow(0, p.offset, p.size()); };
        EXPECT_LT(relative_difference(part(gradients.flat), part(flat.grad())), 1e-4) << p.name;
      }
    });
  }
}

TEST(Decoder, LogitsAndLogprobsMatchTheFormula) {
  const Weights weights = random_weights(tiny_config(true), 3);
  const TokenBatch batch = random_batch(kLengths, 53, 4);
  const at::Tensor want = plain_logits(weights, batch);
  EXPECT_LT(relative_difference(full_logits(weights, batch), want), 1e-5);
  const std::vector<float> got = target_logprobs(weights, batch);
  const at::Tensor logprobs = plain_logprobs(want, batch);
  for (int64_t t = 0; t < batch.num_tokens(); ++t) {
    const float expected = batch.targets[t] < 0 ? 0.0f : logprobs[t].item<float>();
    EXPECT_NEAR(got[t], expected, 1e-4) << "position " << t;
  }
}

// Long enough to be split into shares.
const std::vector<int32_t> kManyLengths = {300, 1,   2,   63, 64,  65, 130,
                                           5,   299, 400, 31, 180, 90, 77};

TEST(Decoder, PackedEqualsOneByOne) {
  const Weights weights = random_weights(tiny_config(true), 5);
  const TokenBatch batch = random_batch(kManyLengths, 53, 6);
  Weights packed = make_weights(weights.config), single = make_weights(weights.config);
  const LossSum all = forward_backward(weights, batch, 0.01, packed);
  LossSum sum;
  for (size_t d = 0; d + 1 < batch.cu_seqlens.size(); ++d) {
    const auto begin = batch.cu_seqlens[d], end = batch.cu_seqlens[d + 1];
    TokenBatch one;
    one.ids.assign(batch.ids.begin() + begin, batch.ids.begin() + end);
    one.targets.assign(batch.targets.begin() + begin, batch.targets.begin() + end);
    one.loss_weights.assign(batch.loss_weights.begin() + begin, batch.loss_weights.begin() + end);
    one.cu_seqlens = {0, end - begin};
    const LossSum part = forward_backward(weights, one, 0.01, single);
    sum.loss += part.loss, sum.num_targets += part.num_targets;
  }
  EXPECT_EQ(sum.num_targets, all.num_targets);
  EXPECT_NEAR(sum.loss / all.loss, 1.0, 1e-6);
  EXPECT_LT(relative_difference(packed.flat, single.flat), 1e-5);
}

TEST(Decoder, ChunksOfTheHeadAreBoundedInBytes) {
  EXPECT_EQ(head_rows(1024, 49152), 1024);
  EXPECT_EQ(head_rows(1024, 151936), 331);
  EXPECT_EQ(head_rows(1024, 1 << 30), 12);
  EXPECT_EQ(head_rows(100, 53), 100);
}

TEST(Decoder, RecomputationAndRepetitionChangeNoBit) {
  const Weights weights = random_weights(tiny_config(false), 7);
  const TokenBatch batch = random_batch(kLengths, 53, 8);
  Weights kept = make_weights(weights.config), again = make_weights(weights.config);
  Weights recomputed = make_weights(weights.config);
  const LossSum a = forward_backward(weights, batch, 0.01, kept);
  const LossSum b =
      forward_backward(weights, batch, 0.01, recomputed, {.recompute = Recompute::kLayers});
  forward_backward(weights, batch, 0.01, again);
  EXPECT_EQ(a.loss, b.loss);
  EXPECT_TRUE(kept.flat.equal(recomputed.flat));
  EXPECT_TRUE(kept.flat.equal(again.flat));
}

TEST(Decoder, NumberOfThreadsChangesNoBit) {
  const Weights weights = random_weights(tiny_config(true), 7);
  const TokenBatch batch = random_batch(kManyLengths, 53, 8);
  const int threads = at::get_num_threads();
  Weights alone = make_weights(weights.config), together = make_weights(weights.config);
  at::set_num_threads(1);
  const LossSum a = forward_backward(weights, batch, 0.01, alone);
  const std::vector<float> logprobs = target_logprobs(weights, batch);
  at::set_num_threads(3);
  const LossSum b = forward_backward(weights, batch, 0.01, together);
  EXPECT_EQ(target_logprobs(weights, batch), logprobs);
  at::set_num_threads(threads);
  EXPECT_EQ(a.loss, b.loss);
  EXPECT_TRUE(alone.flat.equal(together.flat));
}

TEST(Decoder, LogprobsOfADocumentDoNotDependOnTheBatch) {
  const Weights weights = random_weights(tiny_config(true), 7);
  const TokenBatch batch = random_batch(kManyLengths, 53, 8);
  const std::vector<float> all = target_logprobs(weights, batch);
  for (size_t d = 0; d + 1 < batch.cu_seqlens.size(); ++d) {
    const auto begin = batch.cu_seqlens[d], end = batch.cu_seqlens[d + 1];
    TokenBatch one;
    one.ids.assign(batch.ids.begin() + begin, batch.ids.begin() + end);
    one.targets.assign(batch.targets.begin() + begin, batch.targets.begin() + end);
    one.cu_seqlens = {0, end - begin};
    const std::vector<float> want(all.begin() + begin, all.begin() + end);
    EXPECT_EQ(target_logprobs(weights, one), want) << "document " << d;
  }
}

TEST(Decoder, GradientsAreAddedToWhatIsThere) {
  const Weights weights = random_weights(tiny_config(true), 9);
  const TokenBatch batch = random_batch({40, 17}, 53, 10);
  Weights once = make_weights(weights.config), twice = make_weights(weights.config);
  forward_backward(weights, batch, 0.01, once);
  forward_backward(weights, batch, 0.01, twice);
  forward_backward(weights, batch, 0.01, twice);
  EXPECT_LT(relative_difference(twice.flat, once.flat * 2), 1e-5);
}

TEST(Decoder, WeightsOfMinusOneFlipTheGradientExactly) {
  const Weights weights = random_weights(tiny_config(true), 9);
  TokenBatch batch = random_batch(kManyLengths, 53, 10);
  Weights unweighted = make_weights(weights.config), ones = make_weights(weights.config),
          flipped = make_weights(weights.config);
  batch.loss_weights.clear();
  const LossSum a = forward_backward(weights, batch, 0.01, unweighted);
  batch.loss_weights.assign(batch.ids.size(), 1.0f);
  const LossSum b = forward_backward(weights, batch, 0.01, ones);
  batch.loss_weights.assign(batch.ids.size(), -1.0f);
  const LossSum c = forward_backward(weights, batch, 0.01, flipped);
  EXPECT_EQ(a.loss, b.loss);
  EXPECT_EQ(a.loss, -c.loss);
  EXPECT_TRUE(unweighted.flat.equal(ones.flat));
  EXPECT_TRUE(ones.flat.equal(-flipped.flat));
  EXPECT_GT(ones.flat.abs().max().item<float>(), 0);
}

// Rows in pairs: the sum of -log sigmoid(kBeta (mean log p of the first - that of the second)), by
// hand and by libtorch.
constexpr double kBeta = 2;
class PairLoss final : public TokenLoss {
 public:
  double evaluate(const TargetScores& scores, std::span<float> slopes) override {
    ++num_calls;
    double loss = 0;
    for (size_t b = 0; b + 1 < scores.num_rows(); b += 2) {
      const auto first = scores.row_logprobs(b), second = scores.row_logprobs(b + 1);
      const double gap = kBeta * (mean(first) - mean(second)), slope = kBeta / (1 + std::exp(gap));
      loss += std::log1p(std::exp(-gap));
      float* to = slopes.data() + scores.offsets[b];
      to = std::fill_n(to, first.size(), -slope / static_cast<double>(first.size()));
      std::fill_n(to, second.size(), slope / static_cast<double>(second.size()));
    }
    return loss;
  }
  static double mean(std::span<const float> x) {
    return std::accumulate(x.begin(), x.end(), 0.0) / static_cast<double>(x.size());
  }
  int num_calls = 0;
};

at::Tensor plain_pair_loss(const at::Tensor& logprobs, const TokenBatch& batch) {
  std::vector<at::Tensor> means;
  for (size_t d = 0; d + 1 < batch.cu_seqlens.size(); ++d) {
    std::vector<int32_t> rows;
    for (int32_t t = batch.cu_seqlens[d]; t < batch.cu_seqlens[d + 1]; ++t)
      if (batch.targets[t] >= 0) rows.push_back(t);
    means.push_back(logprobs.index_select(0, testing::int_tensor(rows)).mean());
  }
  at::Tensor loss = at::zeros({}, at::kDouble);
  for (size_t d = 0; d < means.size(); d += 2)
    loss = loss + at::softplus((means[d + 1] - means[d]) * kBeta);
  return loss;
}

TEST(Decoder, ALossOfPairsOfRowsMatchesAutograd) {
  const std::vector<int32_t> few = {33, 19, 63, 64, 65, 130};
  const std::vector<int32_t> many = {300, 40, 63, 64, 65, 130, 299, 400, 31, 180};  // shares
  for (const auto& lengths : {few, many}) {
    const Weights weights = random_weights(tiny_config(true), 3);
    const TokenBatch batch = random_batch(lengths, 53, 4);
    at::Tensor flat = weights.flat.to(at::kDouble).clone();
    flat.set_requires_grad(true);
    const Weights plain = view_weights(weights.config, flat);
    const at::Tensor want =
        plain_pair_loss(plain_logprobs(plain_logits(plain, batch), batch), batch);
    (want * 0.5).backward();
    for (const DecoderOptions& options :
         {DecoderOptions{.head_chunk = 100}, DecoderOptions{.recompute = Recompute::kLayers},
          DecoderOptions{.aten_kernels = true}}) {
      Weights gradients = make_weights(weights.config);
      PairLoss loss;
      const LossSum got = Decoder(weights, options).forward_backward(batch, loss, 0.5, gradients);
      EXPECT_EQ(loss.num_calls, 1);
      EXPECT_NEAR(got.loss / want.item<double>(), 1.0, 1e-5);
      for (const Parameter& p : weights.parameters) {
        const auto part = [&](const at::Tensor& x) { return x.narrow(0, p.offset, p.size()); };
        EXPECT_LT(relative_difference(part(gradients.flat), part(flat.grad())), 1e-4) << p.name;
      }
    }
  }
}

// Resident, of this process.
int64_t resident_bytes() {
  int64_t size = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> size >> resident;
  return resident * 4096;
}

TEST(Decoder, MemoryOfEarlierCallsChangesNoBitAndReleaseGivesItBack) {
  ModelConfig config = tiny_config(true);
  config.hidden_size = 128, config.intermediate_size = 512, config.num_layers = 4;
  const Weights weights = random_weights(config, 7);
  const TokenBatch large = random_batch(std::vector<int32_t>(16, 256), 53, 8);
  const TokenBatch small = random_batch({5, 90, 77}, 53, 9);
  Weights fresh = make_weights(config), kept = make_weights(config), scored = make_weights(config);
  forward_backward(weights, small, 0.01, fresh);
  PairLoss loss;

  Decoder decoder(weights);
  EXPECT_EQ(decoder.num_bytes(), 0);
  decoder.forward_backward(large, 0.01, scored);
  decoder.forward_backward(large, loss, 0.01, scored);
  decoder.target_logprobs(large);
  decoder.forward_backward(small, 0.01, kept);
  EXPECT_TRUE(kept.flat.equal(fresh.flat));
  const int64_t before = resident_bytes();
  EXPECT_GT(decoder.num_bytes(), int64_t{100} << 20);
  decoder.release();
  EXPECT_EQ(decoder.num_bytes(), 0);
  EXPECT_LT(resident_bytes(), before - (int64_t{80} << 20));
  kept.flat.zero_();
  decoder.forward_backward(small, 0.01, kept);
  EXPECT_TRUE(kept.flat.equal(fresh.flat));
}

TEST(Decoder, BatchWithoutTargetsHasNoGradient) {
  const Weights weights = random_weights(tiny_config(true), 9);
  TokenBatch batch = random_batch({10}, 53, 10);
  batch.targets.assign(10, -1);
  Weights gradients = make_weights(weights.config);
  EXPECT_EQ(forward_backward(weights, batch, 1.0, gradients).num_targets, 0);
  PairLoss loss;
  EXPECT_EQ(Decoder(weights).forward_backward(batch, loss, 1.0, gradients).loss, 0);
  EXPECT_EQ(loss.num_calls, 0);
  EXPECT_EQ(gradients.flat.count_nonzero().item<int64_t>(), 0);
  EXPECT_EQ(target_logprobs(weights, batch), std::vector<float>(10, 0.0f));
}

}  // namespace
}  // namespace laconic
