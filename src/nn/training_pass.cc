// SPDX-License-Identifier: Apache-2.0
#include "nn/training_pass.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/mm.h>

#include <type_traits>

#include "nn/attention.h"
#include "nn/cross_entropy.h"
#include "nn/kernels.h"

namespace laconic {

void PackedModel::pack(const Weights& weights, bool with_backward, Precision precision) {
  layers.resize(weights.layers.size());
  for (size_t i = 0; i < layers.size(); ++i)
    layers[i].pack(weights.layers[i], with_backward, precision);
  head.pack(weights.head, with_backward, precision);
}

int64_t PackedModel::num_bytes() const {
  int64_t bytes = head.num_bytes();
  for (const PackedLayer& layer : layers)
    bytes += layer.qkv.num_bytes() + layer.o.num_bytes() + layer.gate_up.num_bytes() +
             layer.down.num_bytes();
  return bytes;
}

TrainingPass::TrainingPass(const Weights& weights, const PackedModel* packed,
                           const TokenBatch& batch, const DecoderOptions& options,
                           PassMemory& memory)
    : weights_(weights),
      packed_(packed),
      batch_(batch),
      options_(options),
      memory_(memory),
      T_(batch.num_tokens()),
      D_(weights.config.hidden_size),
      context_{kernels_for(weights.flat, options.aten_kernels),
               memory.workspace,
               weights.config,
               head_layout(weights.config),
               {},
               {},
               batch.cu_seqlens,
               T_,
               weights.flat.options().requires_grad(false),
               {options.precision, options.aten_kernels}} {
  ids_ = upload("ids", batch.ids);
  context_.rope = rope_table(/*local=*/false);
  if (weights.config.local_rope_theta > 0) context_.local_rope = rope_table(/*local=*/true);
  for (int64_t t = 0; t < T_; ++t) {
    if (batch.targets[t] >= 0) rows_.push_back(static_cast<int32_t>(t));
  }
}

template <typename T>
at::Tensor TrainingPass::upload(std::string_view name, const std::vector<T>& values) {
  const auto dtype = std::is_same_v<T, int32_t> ? at::kInt : at::kFloat;
  const auto size = static_cast<int64_t>(values.size());
  at::Tensor out = memory_.workspace.take(name, {size}, context_.options.dtype(dtype));
  out.copy_(at::from_blob(const_cast<T*>(values.data()), {size}, dtype));
  return out;
}

RopeTable TrainingPass::rope_table(bool local) {
  std::vector<int32_t> positions;
  RopeTable table =
      (local ? memory_.local_rope : memory_.rope)
          .rows(weights_.config, local, batch_.cu_seqlens, weights_.flat.device(), positions);
  table.positions = upload(local ? "local_positions" : "positions", positions);
  return table;
}

void TrainingPass::name_dropout() {
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

at::Tensor TrainingPass::layer_input(int64_t layer) {
  const int64_t L = weights_.config.num_layers;
  const Workspace::Slot own{layer, L + 1}, shared{layer % 2, 2};
  return memory_.workspace.take("x", keep_ ? own : shared, {T_, D_}, context_.options);
}

LayerActivations TrainingPass::activations(int64_t layer) {
  const bool keep_all = keep_ && options_.recompute == Recompute::kNothing;
  const Workspace::Slot own{layer, weights_.config.num_layers}, shared{0, 1};
  LayerActivations a =
      take_activations(context_, layer, {keep_ ? own : shared, keep_all ? own : shared});
  a.x = layer_input(layer);
  return a;
}

LayerView TrainingPass::layer(int64_t index) const {
  return {index, weights_.layers[index], packed_ ? &packed_->layers[index] : nullptr,
          keep_ ? &dropout_ : nullptr};
}

void TrainingPass::forward(bool keep) {
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

void TrainingPass::enter_head() {
  const auto R = static_cast<int64_t>(rows_.size());
  head_rows_ = upload("rows", rows_);
  head_x_ = take("head_x", {R, D_});
  head_normed_ = take("head_normed", {R, D_});
  head_rstd_ = take("head_rstd", {R});
  context_.kernels.gather_rows(layer_input(weights_.config.num_layers), head_rows_, head_x_);
  head_norm_ = norm_weight(context_, weights_.final_norm, "head_norm_weight");
  context_.kernels.rms_norm(head_x_, head_norm_, weights_.config.rms_norm_eps, head_normed_,
                            head_rstd_);
}

void TrainingPass::run_head(const std::vector<float>& factors, Weights* gradients) {
  const auto R = static_cast<int64_t>(rows_.size());
  std::vector<int32_t> targets;
  for (const int32_t row : rows_) targets.push_back(batch_.targets[static_cast<size_t>(row)]);
  HeadLoss head;
  head.rows = head_normed_;
  head.head = {weights_.head, nullptr, nullptr, context_.mode};
  head.head.workspace = &memory_.workspace;
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
  head_loss(head, options_.head_chunk, context_.kernels, memory_.workspace);
  nll_ = head.nll.cpu();
  if (gradients == nullptr) return;
  const at::Tensor dx = take("dhead_x", {R, D_}).zero_();
  context_.kernels.rms_norm_backward(
      {head.drows, head_x_, head_norm_, head_rstd_, dx, gradients->final_norm});
  dx_ = take("dx", {T_, D_}).zero_();
  context_.kernels.scatter_add_rows(dx, head_rows_, dx_);
}

void TrainingPass::loss(double scale, Weights* gradients) {
  std::vector<float> factors;
  for (const int32_t row : rows_) factors.push_back(static_cast<float>(scale * loss_weight(row)));
  enter_head();
  run_head(factors, gradients);
}

void TrainingPass::score() {
  enter_head();
  run_head(std::vector<float>(rows_.size(), 0.0f), nullptr);
}

void TrainingPass::head_gradients(const std::vector<float>& factors, Weights& gradients) {
  run_head(factors, &gradients);
}

void TrainingPass::backward(Weights& gradients) {
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

at::Tensor TrainingPass::logits() {
  const at::Tensor normed = take("head_normed", {T_, D_}), rstd = take("head_rstd", {T_});
  context_.kernels.rms_norm(layer_input(weights_.config.num_layers),
                            norm_weight(context_, weights_.final_norm),
                            weights_.config.rms_norm_eps, normed, rstd);
  const at::Tensor logits = at::mm(normed, weights_.head.t()).cpu();
  const double cap = weights_.config.logit_softcap;
  return cap > 0 ? (logits / cap).tanh() * cap : logits;
}

}  // namespace laconic
