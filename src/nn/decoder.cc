// SPDX-License-Identifier: Apache-2.0
#include "nn/decoder.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/mm.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "nn/attention.h"
#include "nn/cross_entropy.h"
#include "nn/kernels.h"
#include "nn/layer.h"
#include "nn/lora.h"
#include "nn/rope.h"
#include "nn/shares.h"
#include "nn/workspace.h"

namespace laconic {
namespace {

// Panels of all matrices, made once for all shares of a call.
struct PackedModel {
  std::vector<PackedLayer> layers;
  PackedLinear head;

  void pack(const Weights& weights, bool with_backward, Precision precision) {
    layers.resize(weights.layers.size());
    for (size_t i = 0; i < layers.size(); ++i)
      layers[i].pack(weights.layers[i], with_backward, precision);
    head.pack(weights.head, with_backward, precision);
  }
};

// Kept from call to call; each thread that works on a batch has its own.
struct ThreadState {
  Workspace workspace;
  PackedModel packed;
  RopeCache rope, local_rope;
};

ThreadState& thread_state() {
  static thread_local ThreadState state;
  return state;
}

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

// One pass over one batch: its index tensors and the activations under way.
class Pass {
 public:
  // `packed` may be null: then each product packs for itself.
  Pass(const Weights& weights, const PackedModel* packed, const TokenBatch& batch,
       const DecoderOptions& options);

  void forward(bool keep);
  void backward(Weights& gradients);
  // Head and loss at the rows with a target. Without gradients if `gradients` is null.
  void loss(double scale, Weights* gradients);
  at::Tensor logits();
  const at::Tensor& nll() const { return nll_; }              // [R] on the CPU
  const std::vector<int32_t>& rows() const { return rows_; }  // R rows with a target

 private:
  at::Tensor take(std::string_view name, at::IntArrayRef shape) {
    return workspace_.take(name, shape, context_.options);
  }
  template <typename T>
  at::Tensor upload(std::string_view name, const std::vector<T>& values);
  RopeTable rope_table(bool local);
  void name_dropout();
  at::Tensor layer_input(int64_t layer) {
    const int64_t L = weights_.config.num_layers;
    const Workspace::Slot own{layer, L + 1}, shared{layer % 2, 2};
    return workspace_.take("x", keep_ ? own : shared, {T_, D_}, context_.options);
  }
  LayerActivations activations(int64_t layer);

  LayerView layer(int64_t index) const {
    return {index, weights_.layers[index], packed_ ? &packed_->layers[index] : nullptr,
            keep_ ? &dropout_ : nullptr};
  }

  const Weights& weights_;
  const PackedModel* packed_;
  const TokenBatch& batch_;
  const DecoderOptions& options_;
  const int64_t T_, D_;
  Workspace& workspace_;
  LayerContext context_;
  LoraDropout dropout_;
  at::Tensor ids_;
  bool keep_ = false;
  at::Tensor dx_;
  at::Tensor nll_;
  std::vector<int32_t> rows_;
};

Pass::Pass(const Weights& weights, const PackedModel* packed, const TokenBatch& batch,
           const DecoderOptions& options)
    : weights_(weights),
      packed_(packed),
      batch_(batch),
      options_(options),
      T_(batch.num_tokens()),
      D_(weights.config.hidden_size),
      workspace_(thread_state().workspace),
      context_{kernels_for(weights.flat),
               workspace_,
               weights.config,
               head_layout(weights.config),
               {},
               {},
               batch.cu_seqlens,
               T_,
               weights.flat.options().requires_grad(false),
               options.precision} {
  ids_ = upload("ids", batch.ids);
  context_.rope = rope_table(/*local=*/false);
  if (weights.config.local_rope_theta > 0) context_.local_rope = rope_table(/*local=*/true);
  for (int64_t t = 0; t < T_; ++t) {
    if (batch.targets[t] >= 0) rows_.push_back(static_cast<int32_t>(t));
  }
}

template <typename T>
at::Tensor Pass::upload(std::string_view name, const std::vector<T>& values) {
  const auto dtype = std::is_same_v<T, int32_t> ? at::kInt : at::kFloat;
  const auto size = static_cast<int64_t>(values.size());
  at::Tensor out = workspace_.take(name, {size}, context_.options.dtype(dtype));
  out.copy_(at::from_blob(const_cast<T*>(values.data()), {size}, dtype));
  return out;
}

RopeTable Pass::rope_table(bool local) {
  std::vector<int32_t> positions;
  ThreadState& state = thread_state();
  RopeTable table =
      (local ? state.local_rope : state.rope)
          .rows(weights_.config, local, batch_.cu_seqlens, weights_.flat.device(), positions);
  table.positions = upload(local ? "local_positions" : "positions", positions);
  return table;
}

void Pass::name_dropout() {
  if (!weights_.lora || weights_.lora->config.dropout <= 0) return;
  dropout_.rate = weights_.lora->config.dropout;
  dropout_.key = options_.dropout_key;
  dropout_.rows.clear();
  for (size_t d = 0; d + 1 < batch_.cu_seqlens.size(); ++d) {
    const uint64_t document = batch_.documents.empty() ? d : batch_.documents[d];
    const int32_t length = batch_.cu_seqlens[d + 1] - batch_.cu_seqlens[d];
    for (int32_t t = 0; t < length; ++t)
      dropout_.rows.push_back(document << 32 | static_cast<uint32_t>(t));
  }
}

LayerActivations Pass::activations(int64_t layer) {
  const bool keep_all = keep_ && options_.recompute == Recompute::kNothing;
  const Workspace::Slot own{layer, weights_.config.num_layers}, shared{0, 1};
  LayerActivations a =
      take_activations(context_, layer, {keep_ ? own : shared, keep_all ? own : shared});
  a.x = layer_input(layer);
  return a;
}

void Pass::forward(bool keep) {
  keep_ = keep;
  if (keep) name_dropout();
  context_.kernels.gather_rows(weights_.embedding, ids_, layer_input(0));
  const double scale = weights_.config.embedding_scale;
  if (scale != 1) layer_input(0).mul_(scale);
  const int64_t L = weights_.config.num_layers;
  for (int64_t layer = 0; layer < L; ++layer) {
    layer_forward(context_, this->layer(layer), activations(layer), layer_input(layer + 1));
  }
}

void Pass::loss(double scale, Weights* gradients) {
  const auto R = static_cast<int64_t>(rows_.size());
  std::vector<int32_t> targets;
  std::vector<float> factors;
  for (const int32_t row : rows_) {
    targets.push_back(batch_.targets[row]);
    const float weight = batch_.loss_weights.empty() ? 1.0f : batch_.loss_weights[row];
    factors.push_back(static_cast<float>(scale * weight));
  }
  const at::Tensor rows = upload("rows", rows_), x = take("head_x", {R, D_});
  const at::Tensor normed = take("head_normed", {R, D_}), rstd = take("head_rstd", {R});
  context_.kernels.gather_rows(layer_input(weights_.config.num_layers), rows, x);
  const at::Tensor norm = norm_weight(context_, weights_.final_norm);
  context_.kernels.rms_norm(x, norm, weights_.config.rms_norm_eps, normed, rstd);
  HeadLoss head;
  head.rows = normed;
  head.head = {weights_.head, nullptr, nullptr, options_.precision};
  if (packed_) {
    head.head.forward = &packed_->head.forward;
    head.head.backward = &packed_->head.backward;
  }
  head.targets = upload("targets", targets);
  head.factors = upload("factors", factors);
  head.nll = take("nll", {R});
  head.softcap = weights_.config.logit_softcap;
  if (gradients != nullptr) {
    head.drows = take("dhead_rows", {R, D_});
    head.dhead = gradients->head;
  }
  head_loss(head, options_.head_chunk, context_.kernels, workspace_);
  nll_ = head.nll.cpu();
  if (gradients == nullptr) return;
  const at::Tensor dx = take("dhead_x", {R, D_}).zero_();
  context_.kernels.rms_norm_backward({head.drows, x, norm, rstd, dx, gradients->final_norm});
  dx_ = take("dx", {T_, D_}).zero_();
  context_.kernels.scatter_add_rows(dx, rows, dx_);
}

void Pass::backward(Weights& gradients) {
  const bool recompute = options_.recompute == Recompute::kLayers;
  for (int64_t layer = weights_.config.num_layers - 1; layer >= 0; --layer) {
    const LayerActivations a = activations(layer);
    // The output is already known; it goes where the next layer's input was.
    if (recompute) {
      layer_forward(context_, this->layer(layer), a, layer_input(layer + 1), LayerRun::kAgain);
    }
    layer_backward(context_, this->layer(layer), a, gradients.layers[layer], dx_);
  }
  const double scale = weights_.config.embedding_scale;
  if (scale != 1) dx_.mul_(scale);
  if (gradients.embedding.defined())
    context_.kernels.scatter_add_rows(dx_, ids_, gradients.embedding);
}

at::Tensor Pass::logits() {
  const at::Tensor normed = take("head_normed", {T_, D_}), rstd = take("head_rstd", {T_});
  context_.kernels.rms_norm(layer_input(weights_.config.num_layers),
                            norm_weight(context_, weights_.final_norm),
                            weights_.config.rms_norm_eps, normed, rstd);
  const at::Tensor logits = at::mm(normed, weights_.head.t()).cpu();
  const double cap = weights_.config.logit_softcap;
  return cap > 0 ? (logits / cap).tanh() * cap : logits;
}

LossSum share_forward_backward(Pass& pass, const TokenBatch& batch, double scale,
                               Weights& gradients) {
  LossSum sum;
  sum.num_targets = static_cast<int64_t>(pass.rows().size());
  if (sum.num_targets == 0) return sum;
  pass.forward(/*keep=*/true);
  pass.loss(scale, &gradients);
  pass.backward(gradients);
  const float* nll = pass.nll().data_ptr<float>();
  for (size_t i = 0; i < pass.rows().size(); ++i) {
    const int32_t row = pass.rows()[i];
    const double weight = batch.loss_weights.empty() ? 1.0 : batch.loss_weights[row];
    sum.weighted_nll += weight * nll[i];
  }
  return sum;
}

std::vector<float> share_logprobs(Pass& pass, const TokenBatch& batch) {
  std::vector<float> logprobs(batch.ids.size(), 0.0f);
  if (pass.rows().empty()) return logprobs;
  pass.forward(/*keep=*/false);
  pass.loss(1.0, nullptr);
  const float* nll = pass.nll().data_ptr<float>();
  for (size_t i = 0; i < pass.rows().size(); ++i) logprobs[pass.rows()[i]] = -nll[i];
  return logprobs;
}

bool use_shares(const Weights& weights) {
  return has_own_kernels(weights.flat) && weights.flat.numel() <= kMaxSharedWeights;
}

}  // namespace

LossSum forward_backward(const Weights& weights, const TokenBatch& batch, double scale,
                         Weights& gradients, const DecoderOptions& options) {
  check_batch(weights, batch);
  const std::vector<TokenBatch> shares =
      use_shares(weights) ? split_batch(batch) : std::vector<TokenBatch>{};
  if (shares.size() < 2) {
    Pass pass(weights, nullptr, batch, options);
    return share_forward_backward(pass, batch, scale, gradients);
  }
  PackedModel& packed = thread_state().packed;
  packed.pack(weights, /*with_backward=*/true, options.precision);
  const auto num_buffers = static_cast<int64_t>(shares.size()) - 1;
  const at::Tensor& trained = trained_tensors(gradients).flat;
  const at::Tensor buffers = thread_state().workspace.take(
      "share_gradients", {num_buffers, trained.numel()}, trained.options());
  std::vector<LossSum> sums(shares.size());
  for_shares(shares.size(), [&](size_t share) {
    Weights own =
        share == 0
            ? gradients
            : view_gradients(weights, buffers.select(0, static_cast<int64_t>(share) - 1).zero_());
    Pass pass(weights, &packed, shares[share], options);
    sums[share] = share_forward_backward(pass, shares[share], scale, own);
  });
  add_rows(buffers, trained);
  LossSum total;
  for (const LossSum& sum : sums) {
    total.weighted_nll += sum.weighted_nll;
    total.num_targets += sum.num_targets;
  }
  return total;
}

std::vector<float> target_logprobs(const Weights& weights, const TokenBatch& batch,
                                   const DecoderOptions& options) {
  check_batch(weights, batch);
  const std::vector<TokenBatch> shares =
      use_shares(weights) ? split_batch(batch) : std::vector<TokenBatch>{};
  if (shares.size() < 2) {
    Pass pass(weights, nullptr, batch, options);
    return share_logprobs(pass, batch);
  }
  PackedModel& packed = thread_state().packed;
  packed.pack(weights, /*with_backward=*/false, options.precision);
  std::vector<std::vector<float>> parts(shares.size());
  for_shares(shares.size(), [&](size_t share) {
    Pass pass(weights, &packed, shares[share], options);
    parts[share] = share_logprobs(pass, shares[share]);
  });
  std::vector<float> all;
  all.reserve(batch.ids.size());
  for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

at::Tensor full_logits(const Weights& weights, const TokenBatch& batch) {
  check_batch(weights, batch);
  const DecoderOptions options;
  Pass pass(weights, nullptr, batch, options);
  pass.forward(/*keep=*/false);
  return pass.logits();
}

}  // namespace laconic
