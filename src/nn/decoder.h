// The decoder as training sees it: flat, padding-free batches forward and backward, without an
// autograd graph.
//
// An operator is a forward and a backward function (nn/operators.h); this calls them in order and
// in reverse. Attention is causal within each document and never makes a [T, T] matrix; the head is
// computed only at target positions, in chunks, and never makes a [T, V] one. Gradients are added
// to `gradients`, laid out as the weights. Device: that of weights.flat; index tensors may be on
// the CPU. fp32. Deterministic on one machine type and thread count. Not thread-safe (intra-op
// threads only); two decoders share nothing.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "base/token_loss.h"
#include "nn/gemm.h"  // Precision
#include "nn/weights.h"

namespace laconic {

struct TokenBatch {
  std::vector<int32_t> ids;         // [T]
  std::vector<int32_t> cu_seqlens;  // [B+1], starts at 0, ends at T
  std::vector<int32_t> targets;     // [T]: the id to predict at this position, or -1 for none
  // [T] or empty (all 1): factor of the target's negative log-likelihood, of any sign.
  std::vector<float> loss_weights;
  // [B] or empty (0, 1, ...): each document's number in the step, which names its dropout masks.
  std::vector<int32_t> documents;
  int64_t num_tokens() const { return static_cast<int64_t>(ids.size()); }
};

enum class Recompute {
  kNothing,  // keep every activation that backward needs
  kLayers    // keep the input and the attention of each layer, run the rest again in backward
};

struct DecoderOptions {
  Recompute recompute = Recompute::kNothing;
  Precision precision =
      Precision::kFloat32;   // of matrix products, attention's too; on the CPU only
  uint64_t dropout_key = 0;  // of the seed and the step: names the masks of LoRA's dropout
  // Target rows per chunk of the head, at most; fewer where rows x V floats are over 192 MiB
  // (head_rows in nn/cross_entropy.h).
  int64_t head_chunk = 1024;
  bool aten_kernels = false;  // ATen's operators on the CPU too, as on other devices: to test them
};

struct LossSum {
  double loss = 0;  // sum of loss_weight * -log p(target), or what the TokenLoss returned
  int64_t num_targets = 0;
};

// The passes over one model and the memory that they keep from call to call: activations, packed
// matrices, RoPE's tables. The weights are somebody else's, outlive this and may change between
// calls.
class Decoder {
 public:
  explicit Decoder(const Weights& weights, const DecoderOptions& options = {});
  ~Decoder();

  // Adds d(scale * sum_t w_t nll_t)/d(weight) to `gradients`.
  LossSum forward_backward(const TokenBatch& batch, double scale, Weights& gradients);
  // Adds d(scale * loss)/d(weight); the batch's targets are given to `loss` at once.
  LossSum forward_backward(const TokenBatch& batch, TokenLoss& loss, double scale,
                           Weights& gradients);
  // log p(targets[t]) for each t with a target, 0 elsewhere. [T] on the CPU. No gradients, no
  // dropout.
  std::vector<float> target_logprobs(const TokenBatch& batch);
  // Logits [T, V] of a small batch on the CPU: for parity checks and `logprobs --top-logprobs`, not
  // for training.
  at::Tensor full_logits(const TokenBatch& batch);

  void set_dropout_key(uint64_t key);
  // Gives the memory back to the system; the next call takes it again. For between phases: a
  // step's activations need not stay while a model samples.
  void release();
  int64_t num_bytes() const;  // of address space that is kept

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The same with memory of their own, for a single call.
LossSum forward_backward(const Weights& weights, const TokenBatch& batch, double scale,
                         Weights& gradients, const DecoderOptions& options = {});
std::vector<float> target_logprobs(const Weights& weights, const TokenBatch& batch,
                                   const DecoderOptions& options = {});
at::Tensor full_logits(const Weights& weights, const TokenBatch& batch,
                       const DecoderOptions& options = {});

}  // namespace laconic
