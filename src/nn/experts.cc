// SPDX-License-Identifier: Apache-2.0
#include "nn/experts.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/topk.h>
#include <ATen/ops/zeros_like.h>

#include <vector>

namespace laconic {
namespace {

// body(expert, its rows of the sorted ones) for each expert that has any.
template <typename Body>
void for_experts(const ExpertActivations& a, const Body& body) {
  const int32_t* offsets = a.offsets.const_data_ptr<int32_t>();
  for (int64_t expert = 0; expert + 1 < a.offsets.size(0); ++expert) {
    const int64_t first = offsets[expert], count = offsets[expert + 1] - first;
    if (count == 0) continue;
    body(expert, [first, count](const at::Tensor& rows) { return rows.narrow(0, first, count); });
  }
}

LinearWeight expert_matrix(const LayerContext& c, const at::Tensor& all, int64_t expert) {
  LinearWeight weight = {all.select(0, expert), nullptr, nullptr, c.mode};
  weight.workspace = &c.workspace;
  return weight;
}

LinearWeight router_matrix(const LayerContext& c, const LayerWeights& w) {
  LinearWeight weight = {w.router, nullptr, nullptr, c.mode.in_float32()};
  weight.workspace = &c.workspace;
  return weight;
}

// Sorts the (token, choice) pairs by expert, tokens in order within one.
void sort_by_expert(const ExpertActivations& a) {
  const at::Tensor experts = a.chosen.cpu();
  const int64_t* expert = experts.const_data_ptr<int64_t>();
  const int64_t num_pairs = experts.numel(), k = experts.size(1);
  int32_t* offsets = a.offsets.data_ptr<int32_t>();
  a.offsets.zero_();
  for (int64_t pair = 0; pair < num_pairs; ++pair) ++offsets[expert[pair] + 1];
  for (int64_t i = 1; i < a.offsets.size(0); ++i) offsets[i] += offsets[i - 1];
  std::vector<int32_t> next(offsets, offsets + a.offsets.size(0));
  std::vector<int32_t> token_of(static_cast<size_t>(num_pairs)), row_of(token_of.size());
  for (int64_t pair = 0; pair < num_pairs; ++pair) {
    const int32_t row = next[static_cast<size_t>(expert[pair])]++;
    token_of[static_cast<size_t>(row)] = static_cast<int32_t>(pair / k);
    row_of[static_cast<size_t>(pair)] = row;
  }
  a.token_of.copy_(at::from_blob(token_of.data(), {num_pairs}, at::kInt));
  a.row_of.copy_(at::from_blob(row_of.data(), {num_pairs / k, k}, at::kInt));
}

// sums += factor of each choice * its row, choice by choice.
void add_choices(const ExpertActivations& a, const at::Tensor& rows, const at::Tensor& factors,
                 const at::Tensor& sums) {
  for (int64_t choice = 0; choice < a.row_of.size(1); ++choice) {
    const at::Tensor picked = rows.index_select(0, a.row_of.select(1, choice));
    if (factors.defined())
      sums.addcmul_(picked, factors.narrow(1, choice, 1));
    else
      sums.add_(picked);
  }
}

// The chosen experts' weights [T, k], by sorted row [T k, 1].
at::Tensor weights_by_row(const ExpertActivations& a) {
  const at::Tensor sorted = at::zeros_like(a.weights.flatten());
  sorted.scatter_(0, a.row_of.flatten().to(at::kLong), a.weights.flatten());
  return sorted.unsqueeze(1);
}

// d(chosen weights) [T, k] -> d(router logits) [T, X].
at::Tensor router_backward(const ModelConfig& config, const ExpertActivations& a,
                           at::Tensor dweights) {
  if (config.normalize_expert_weights) {
    const at::Tensor sum = a.probs.gather(1, a.chosen).sum(1, /*keepdim=*/true);
    dweights = (dweights - (dweights * a.weights).sum(1, /*keepdim=*/true)) / sum;
  }
  const at::Tensor dprobs = at::zeros_like(a.probs).scatter_(1, a.chosen, dweights);
  return a.probs * (dprobs - (a.probs * dprobs).sum(1, /*keepdim=*/true));
}

}  // namespace

ExpertActivations take_expert_activations(const LayerContext& c, Workspace::Slot slot) {
  const int64_t T = c.num_tokens, X = c.config.num_experts, k = c.config.experts_per_token;
  const auto take = [&](const char* name, at::IntArrayRef shape, const at::TensorOptions& options) {
    return c.workspace.take(name, slot, shape, options);
  };
  ExpertActivations a;
  a.probs = take("router_probs", {T, X}, c.options);
  a.chosen = take("router_chosen", {T, k}, c.options.dtype(at::kLong));
  a.weights = take("router_weights", {T, k}, c.options);
  a.token_of = take("router_token_of", {T * k}, c.options.dtype(at::kInt));
  a.row_of = take("router_row_of", {T, k}, c.options.dtype(at::kInt));
  a.offsets = take("router_offsets", {X + 1}, at::TensorOptions(at::kInt));
  a.gate_up = take("expert_gate_up", {T * k, 2 * c.config.expert_intermediate_size}, c.options);
  return a;
}

void experts_forward(const LayerContext& c, const LayerWeights& w, const ExpertActivations& a,
                     const ExpertRows& rows) {
  const int64_t D = c.config.hidden_size, num_rows = a.token_of.size(0);
  linear(rows.x, router_matrix(c, w), a.probs);
  a.probs.copy_(at::softmax(a.probs, -1));
  const auto [top, chosen] = at::topk(a.probs, c.config.experts_per_token, -1);
  a.chosen.copy_(chosen);
  a.weights.copy_(c.config.normalize_expert_weights ? top / top.sum(1, /*keepdim=*/true) : top);
  sort_by_expert(a);

  const at::Tensor sorted = c.workspace.take("expert_rows", {num_rows, D}, c.options);
  const at::Tensor hidden =
      c.workspace.take("expert_hidden", {num_rows, c.config.expert_intermediate_size}, c.options);
  c.kernels.gather_rows(rows.x, a.token_of, sorted);
  for_experts(a, [&](int64_t expert, const auto& part) {
    linear(part(sorted), expert_matrix(c, w.expert_gate_up, expert), part(a.gate_up));
  });
  c.kernels.swiglu(a.gate_up, hidden);
  for_experts(a, [&](int64_t expert, const auto& part) {
    linear(part(hidden), expert_matrix(c, w.expert_down, expert), part(sorted));
  });
  rows.out.copy_(rows.residual);
  add_choices(a, sorted, a.weights, rows.out);
}

void experts_backward(const LayerContext& c, const LayerWeights& w, const ExpertActivations& a,
                      const LayerWeights& g, const ExpertGradient& rows) {
  const int64_t D = c.config.hidden_size, num_rows = a.token_of.size(0);
  const at::Tensor sorted = c.workspace.take("expert_rows", {num_rows, D}, c.options);
  const at::Tensor hidden =
      c.workspace.take("expert_hidden", {num_rows, c.config.expert_intermediate_size}, c.options);
  const at::Tensor factors = weights_by_row(a);
  c.kernels.gather_rows(rows.dout, a.token_of, sorted);
  for_experts(a, [&](int64_t expert, const auto& part) {
    linear_backward_input(part(sorted), expert_matrix(c, w.expert_down, expert), part(hidden));
  });
  const at::Tensor slopes = hidden.clone();
  hidden.mul_(factors);
  c.kernels.swiglu_backward(a.gate_up, hidden);  // hidden then holds the forward result
  const at::Tensor dfactors = (slopes * hidden).sum(1);
  sorted.mul_(factors);
  for_experts(a, [&](int64_t expert, const auto& part) {
    linear_backward_weight(part(sorted), part(hidden), g.expert_down.select(0, expert), c.mode);
  });
  c.kernels.gather_rows(rows.x, a.token_of, sorted);
  for_experts(a, [&](int64_t expert, const auto& part) {
    linear_backward_weight(part(a.gate_up), part(sorted), g.expert_gate_up.select(0, expert),
                           c.mode);
    linear_backward_input(part(a.gate_up), expert_matrix(c, w.expert_gate_up, expert),
                          part(sorted));
  });

  const at::Tensor dweights = dfactors.index_select(0, a.row_of.flatten()).view_as(a.weights);
  const at::Tensor dlogits = router_backward(c.config, a, dweights);
  linear_backward_weight(dlogits, rows.x, g.router, c.mode.in_float32());
  linear_backward_input(dlogits, router_matrix(c, w), rows.dx);
  add_choices(a, sorted, {}, rows.dx);
}

}  // namespace laconic
