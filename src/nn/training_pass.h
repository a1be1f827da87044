// One pass of the decoder over one batch, stage by stage: what nn/decoder.h calls in order.
//
// forward, then either loss (head, its loss and its gradients at once), or score (the targets'
// log-probabilities) and, once somebody knows the factors, head_gradients; then backward. The
// activations under way are in PassMemory: between two stages no other pass may use it. Not
// thread-safe; passes with memories of their own run side by side.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "nn/decoder.h"
#include "nn/layer.h"
#include "nn/lora.h"
#include "nn/rope.h"
#include "nn/workspace.h"

namespace laconic {

// Panels of all matrices, made once for all shares of a call.
struct PackedModel {
  std::vector<PackedLayer> layers;
  PackedLinear head;

  void pack(const Weights& weights, bool with_backward, Precision precision);
  int64_t num_bytes() const;
};

// What passes leave behind for the next one.
struct PassMemory {
  Workspace workspace;
  RopeCache rope, local_rope;
};

class TrainingPass {
 public:
  // `packed` may be null: then each product packs for itself. All must outlive the pass.
  TrainingPass(const Weights& weights, const PackedModel* packed, const TokenBatch& batch,
               const DecoderOptions& options, PassMemory& memory);

  void forward(bool keep);
  // Head and loss at the rows with a target. Without gradients if `gradients` is null.
  void loss(double scale, Weights* gradients);
  // Head alone: nll().
  void score();
  // After score(): the gradients of sum factors[r] * nll[r], the logits computed again.
  void head_gradients(const std::vector<float>& factors, Weights& gradients);
  void backward(Weights& gradients);
  at::Tensor logits();

  const float* nll() const { return nll_.const_data_ptr<float>(); }  // [R]
  const std::vector<int32_t>& rows() const { return rows_; }         // R rows with a target
  double loss_weight(int32_t row) const {
    return batch_.loss_weights.empty() ? 1.0 : batch_.loss_weights[static_cast<size_t>(row)];
  }

 private:
  at::Tensor take(std::string_view name, at::IntArrayRef shape) {
    return memory_.workspace.take(name, shape, context_.options);
  }
  template <typename T>
  at::Tensor upload(std::string_view name, const std::vector<T>& values);
  RopeTable rope_table(bool local);
  void name_dropout();
  at::Tensor layer_input(int64_t layer);
  LayerActivations activations(int64_t layer);
  LayerView layer(int64_t index) const;
  // The rows with a target, normalised.
  void enter_head();
  void run_head(const std::vector<float>& factors, Weights* gradients);

  const Weights& weights_;
  const PackedModel* packed_;
  const TokenBatch& batch_;
  const DecoderOptions& options_;
  PassMemory& memory_;
  const int64_t T_, D_;
  LayerContext context_;
  LoraDropout dropout_;
  at::Tensor ids_;
  bool keep_ = false;
  at::Tensor dx_;
  at::Tensor head_rows_, head_x_, head_normed_, head_rstd_, head_norm_;
  at::Tensor nll_;
  std::vector<int32_t> rows_;
};

}  // namespace laconic
