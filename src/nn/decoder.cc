// SPDX-License-Identifier: Apache-2.0
#include "nn/decoder.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <malloc.h>

#include <algorithm>
#include <deque>
#include <utility>

#include "base/error.h"
#include "nn/kernels.h"
#include "nn/lora.h"
#include "nn/shares.h"
#include "nn/training_pass.h"

namespace laconic {
namespace {

void check_batch(const Weights& weights, const TokenBatch& batch) {
  const auto T = static_cast<size_t>(batch.num_tokens());
  const int64_t V = weights.config.vocab_size;
  LACONIC_CHECK(T > 0, "empty batch");
  LACONIC_CHECK(batch.targets.size() == T, batch.targets.size(), " targets for ", T, " tokens");
  LACONIC_CHECK(batch.loss_weights.empty() || batch.loss_weights.size() == T,
                batch.loss_weights.size(), " loss weights for ", T, " tokens");
  const auto& offsets = batch.cu_seqlens;
  LACONIC_CHECK(offsets.size() >= 2 && offsets.front() == 0 && offsets.back() == (int64_t)T &&
                    std::is_sorted(offsets.begin(), offsets.end()),
                "cu_seqlens must rise from 0 to ", T);
  for (size_t t = 0; t < T; ++t) {
    LACONIC_CHECK(batch.ids[t] >= 0 && batch.ids[t] < V, "id ", batch.ids[t], " of ", V);
    LACONIC_CHECK(batch.targets[t] >= -1 && batch.targets[t] < V, "target ", batch.targets[t]);
  }
}

LossSum run_share(TrainingPass& pass, double scale, Weights& gradients) {
  LossSum sum;
  sum.num_targets = static_cast<int64_t>(pass.rows().size());
  if (sum.num_targets == 0) return sum;
  pass.forward(/*keep=*/true);
  pass.loss(scale, &gradients);
  pass.backward(gradients);
  for (size_t i = 0; i < pass.rows().size(); ++i)
    sum.loss += pass.loss_weight(pass.rows()[i]) * pass.nll()[i];
  return sum;
}

std::vector<float> share_logprobs(TrainingPass& pass, size_t num_tokens) {
  std::vector<float> logprobs(num_tokens, 0.0f);
  if (pass.rows().empty()) return logprobs;
  pass.forward(/*keep=*/false);
  pass.score();
  for (size_t i = 0; i < pass.rows().size(); ++i) logprobs[pass.rows()[i]] = -pass.nll()[i];
  return logprobs;
}

// What a TokenLoss is shown, owned.
struct BatchScores {
  std::vector<float> logprobs, loss_weights;
  std::vector<int64_t> offsets = {0};
  std::vector<int32_t> rows;

  explicit BatchScores(const TokenBatch& batch) : rows(batch.documents) {
    for (size_t d = 0; d + 1 < batch.cu_seqlens.size(); ++d) {
      if (batch.documents.empty()) rows.push_back(static_cast<int32_t>(d));
      offsets.push_back(offsets.back());
      for (int32_t t = batch.cu_seqlens[d]; t < batch.cu_seqlens[d + 1]; ++t) {
        if (batch.targets[t] < 0) continue;
        ++offsets.back();
        if (!batch.loss_weights.empty()) loss_weights.push_back(batch.loss_weights[t]);
      }
    }
  }
  void append(const TrainingPass& pass) {
    for (size_t i = 0; i < pass.rows().size(); ++i) logprobs.push_back(-pass.nll()[i]);
  }
};

}  // namespace

struct Decoder::State {
  const Weights& weights;
  DecoderOptions options;
  PackedModel packed;
  std::deque<PassMemory> memories;  // of the threads, or of the passes that live together
  Workspace workspace;              // of what all shares of a call share

  // The parts of a batch that threads take through on their own; none: it is run whole.
  std::vector<TokenBatch> shares(const TokenBatch& batch) const {
    check_batch(weights, batch);
    const bool small = has_own_kernels(weights.flat, options.aten_kernels) &&
                       weights.flat.numel() <= kMaxSharedWeights;
    return small ? split_batch(batch) : std::vector<TokenBatch>{};
  }
  PassMemory& memory(size_t index) {
    while (memories.size() <= index) memories.emplace_back();
    return memories[index];
  }
  // body(share, worker, gradients to add to), in parallel; then all are added up in order.
  template <typename Body>
  void for_gradients(size_t count, Weights& gradients, const Body& body);
};

template <typename Body>
void Decoder::State::for_gradients(size_t count, Weights& gradients, const Body& body) {
  const at::Tensor& trained = trained_tensors(gradients).flat;
  const at::Tensor buffers = workspace.take(
      "share_gradients", {static_cast<int64_t>(count) - 1, trained.numel()}, trained.options());
  for_shares(count, [&](size_t share, size_t worker) {
    Weights own =
        share == 0
            ? gradients
            : view_gradients(weights, buffers.select(0, static_cast<int64_t>(share) - 1).zero_());
    body(share, worker, own);
  });
  add_rows(buffers, trained);
}

Decoder::Decoder(const Weights& weights, const DecoderOptions& options)
    : state_(new State{weights, options, {}, {}, {}}) {}

Decoder::~Decoder() = default;

void Decoder::set_dropout_key(uint64_t key) { state_->options.dropout_key = key; }

void Decoder::release() {
  state_->packed = {};
  state_->memories.clear();
  state_->workspace.release();
  // The allocator keeps freed blocks below its threshold for mappings, which grows to 32 MiB.
  ::malloc_trim(0);
}

int64_t Decoder::num_bytes() const {
  int64_t bytes = state_->packed.num_bytes() + state_->workspace.num_bytes();
  for (const PassMemory& memory : state_->memories) bytes += memory.workspace.num_bytes();
  return bytes;
}

LossSum Decoder::forward_backward(const TokenBatch& batch, double scale, Weights& gradients) {
  State& s = *state_;
  const std::vector<TokenBatch> shares = s.shares(batch);
  if (shares.size() < 2) {
    TrainingPass pass(s.weights, nullptr, batch, s.options, s.memory(0));
    return run_share(pass, scale, gradients);
  }
  s.packed.pack(s.weights, /*with_backward=*/true, s.options.precision);
  s.memory(num_workers() - 1);
  std::vector<LossSum> sums(shares.size());
  s.for_gradients(shares.size(), gradients, [&](size_t share, size_t worker, Weights& own) {
    TrainingPass pass(s.weights, &s.packed, shares[share], s.options, s.memories[worker]);
    sums[share] = run_share(pass, scale, own);
  });
  LossSum total;
  for (const LossSum& sum : sums) {
    total.loss += sum.loss;
    total.num_targets += sum.num_targets;
  }
  return total;
}

LossSum Decoder::forward_backward(const TokenBatch& batch, TokenLoss& loss, double scale,
                                  Weights& gradients) {
  State& s = *state_;
  std::vector<TokenBatch> shares = s.shares(batch);
  const bool alone = shares.size() < 2;
  if (alone)
    shares = {batch};
  else
    s.packed.pack(s.weights, /*with_backward=*/true, s.options.precision);
  // All passes wait for the loss, each with its activations.
  s.memory(shares.size() - 1);
  std::deque<TrainingPass> passes;
  for (size_t i = 0; i < shares.size(); ++i)
    passes.emplace_back(s.weights, alone ? nullptr : &s.packed, shares[i], s.options,
                        s.memories[i]);
  BatchScores scores(batch);
  LossSum sum;
  sum.num_targets = scores.offsets.back();
  if (sum.num_targets == 0) return sum;
  const auto score = [&](size_t i) {
    if (passes[i].rows().empty()) return;
    passes[i].forward(/*keep=*/true);
    passes[i].score();
  };
  alone ? score(0) : for_shares(shares.size(), [&](size_t i, size_t) { score(i); });
  for (const TrainingPass& pass : passes) scores.append(pass);
  std::vector<float> slopes(scores.logprobs.size());
  sum.loss =
      loss.evaluate({scores.logprobs, scores.loss_weights, scores.offsets, scores.rows}, slopes);
  size_t begin = 0;
  std::vector<std::vector<float>> factors(passes.size());
  for (size_t i = 0; i < passes.size(); ++i) {
    for (size_t r = 0; r < passes[i].rows().size(); ++r)
      factors[i].push_back(static_cast<float>(-scale * slopes[begin++]));
  }
  const auto finish = [&](size_t i, Weights& own) {
    if (passes[i].rows().empty()) return;
    passes[i].head_gradients(factors[i], own);
    passes[i].backward(own);
  };
  if (alone)
    finish(0, gradients);
  else
    s.for_gradients(shares.size(), gradients,
                    [&](size_t i, size_t, Weights& own) { finish(i, own); });
  return sum;
}

std::vector<float> Decoder::target_logprobs(const TokenBatch& batch) {
  State& s = *state_;
  const std::vector<TokenBatch> shares = s.shares(batch);
  if (shares.size() < 2) {
    TrainingPass pass(s.weights, nullptr, batch, s.options, s.memory(0));
    return share_logprobs(pass, batch.ids.size());
  }
  s.packed.pack(s.weights, /*with_backward=*/false, s.options.precision);
  s.memory(num_workers() - 1);
  std::vector<std::vector<float>> parts(shares.size());
  for_shares(shares.size(), [&](size_t share, size_t worker) {
    TrainingPass pass(s.weights, &s.packed, shares[share], s.options, s.memories[worker]);
    parts[share] = share_logprobs(pass, shares[share].ids.size());
  });
  std::vector<float> all;
  all.reserve(batch.ids.size());
  for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

at::Tensor Decoder::full_logits(const TokenBatch& batch) {
  State& s = *state_;
  check_batch(s.weights, batch);
  TrainingPass pass(s.weights, nullptr, batch, s.options, s.memory(0));
  pass.forward(/*keep=*/false);
  return pass.logits();
}

LossSum forward_backward(const Weights& weights, const TokenBatch& batch, double scale,
                         Weights& gradients, const DecoderOptions& options) {
  return Decoder(weights, options).forward_backward(batch, scale, gradients);
}

std::vector<float> target_logprobs(const Weights& weights, const TokenBatch& batch,
                                   const DecoderOptions& options) {
  return Decoder(weights, options).target_logprobs(batch);
}

at::Tensor full_logits(const Weights& weights, const TokenBatch& batch,
                       const DecoderOptions& options) {
  return Decoder(weights, options).full_logits(batch);
}

}  // namespace laconic
