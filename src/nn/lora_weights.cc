// Attaching adapters and the layout of what is trained (the first half of nn/lora.h).
// SPDX-License-Identifier: Apache-2.0
#include <ATen/TensorOperators.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/error.h"
#include "base/philox.h"
#include "nn/lora.h"

namespace laconic {
namespace {

at::Tensor row_norms(const at::Tensor& matrix) {
  return at::linalg_vector_norm(matrix, 2, at::IntArrayRef{1});
}

// Every tensor field of the weights, layers in order. A tied head is the embedding and not visited.
void for_each_view(Weights& weights, const std::function<void(at::Tensor&)>& visit) {
  visit(weights.embedding);
  for (LayerWeights& w : weights.layers)
    for (at::Tensor* view :
         {&w.input_norm, &w.qkv_weight, &w.qkv_bias, &w.q_norm, &w.k_norm, &w.o_weight, &w.o_bias,
          &w.attention_out_norm, &w.post_norm, &w.gate_up_weight, &w.gate_up_bias, &w.down_weight,
          &w.down_bias, &w.mlp_out_norm, &w.router, &w.expert_gate_up, &w.expert_down})
      if (view->defined()) visit(*view);
  visit(weights.final_norm);
  if (!weights.config.tie_embeddings) visit(weights.head);
}

struct Matrix {
  at::Tensor LayerWeights::*weight;
  LoraLinear LayerWeights::*lora;
};
constexpr Matrix kMatrices[] = {{&LayerWeights::qkv_weight, &LayerWeights::qkv_lora},
                                {&LayerWeights::o_weight, &LayerWeights::o_lora},
                                {&LayerWeights::gate_up_weight, &LayerWeights::gate_up_lora},
                                {&LayerWeights::down_weight, &LayerWeights::down_lora}};

int64_t place_of(const Weights& weights, const at::Tensor& view) {
  return view.storage_offset() - weights.flat.storage_offset();
}

// Names, shapes and places in the trained buffer: matrices A, B and magnitudes by module, then the
// saved tensors.
std::vector<Parameter> plan_trained(const AdapterPlan& plan, bool use_dora) {
  std::vector<Parameter> parameters;
  int64_t offset = 0;
  const auto add = [&](std::string name, std::vector<int64_t> shape) {
    parameters.push_back({std::move(name), offset, std::move(shape)});
    offset += parameters.back().size();
  };
  for (const AdapterModule& module : plan.modules) {
    const std::vector<int64_t>& shape = module.parameter.shape;
    add(module.name + ".lora_A.weight", {module.r, shape[1]});
    add(module.name + ".lora_B.weight", {shape[0], module.r});
    if (use_dora) add(module.name + ".lora_magnitude_vector", {shape[0]});
  }
  for (const Parameter& saved : plan.saved) add(saved.name, saved.shape);
  return parameters;
}

at::Tensor view_of(const FlatTensors& tensors, const Parameter& parameter) {
  return tensors.flat.narrow(0, parameter.offset, parameter.size()).view(parameter.shape);
}

// Puts a module beside the matrix of `weights` that holds its rows.
void place_module(Weights& weights, const Weights& base, const AdapterModule& module,
                  const LoraModule& pair) {
  for (size_t layer = 0; layer < base.layers.size(); ++layer)
    for (const Matrix& matrix : kMatrices) {
      const at::Tensor& weight = base.layers[layer].*matrix.weight;
      if (!weight.defined()) continue;
      const int64_t begin = place_of(base, weight), offset = module.parameter.offset - begin;
      if (offset < 0 || offset >= weight.numel()) continue;
      LoraModule placed = pair;
      placed.first_row = offset / weight.size(1);
      placed.num_rows = module.parameter.shape[0];
      (weights.layers[layer].*matrix.lora).push_back(std::move(placed));
      return;
    }
  fail(ErrorKind::kModel, "target_modules: expected linear layers of attention or MLP, got ",
       module.name, " (it cannot be trained with LoRA here; modules_to_save takes it whole)");
}

// The views of `weights` that are whole saved tensors become views of the trained buffer.
void place_saved(Weights& weights, const Weights& base, const Parameter& saved,
                 const at::Tensor& view) {
  bool found = false;
  for_each_view(weights, [&](at::Tensor& field) {
    if (found || !field.storage().is_alias_of(base.flat.storage())) return;
    if (place_of(base, field) != saved.offset || field.numel() != saved.size()) return;
    field = view.view(field.sizes());
    found = true;
  });
  require(found, ErrorKind::kModel,
          "modules_to_save: expected modules with a matrix of their own, ", "got ", saved.name,
          " (it shares one with its neighbours here)");
}

// The layout of `plan` over lora->flat, beside the tensors of `base`.
Weights lay_out(const Weights& base, const std::shared_ptr<LoraWeights>& lora) {
  Weights weights = base;
  weights.lora = lora;
  size_t next = 0;
  const bool use_dora = lora->config.use_dora;
  for (size_t i = 0; i < lora->plan.modules.size(); ++i) {
    const AdapterModule& module = lora->plan.modules[i];
    LoraModule pair;
    pair.index = static_cast<int64_t>(i);
    pair.scale = module.scale;
    pair.a = view_of(*lora, lora->parameters[next++]);
    pair.b = view_of(*lora, lora->parameters[next++]);
    if (use_dora) pair.magnitude = view_of(*lora, lora->parameters[next++]);
    place_module(weights, base, module, pair);
  }
  for (const Parameter& saved : lora->plan.saved)
    place_saved(weights, base, saved, view_of(*lora, lora->parameters[next++]));
  return weights;
}

// The trained buffer has the dtype and device of `options`; on the device "meta" it has no memory.
std::shared_ptr<LoraWeights> make_lora(const Weights& base, const AdapterConfig& config,
                                       const AdapterPlan& plan, const at::TensorOptions& options) {
  LACONIC_CHECK(!base.lora, "a second adapter");
  for (const LayerWeights& layer : base.layers)
    require(!layer.router.defined(), ErrorKind::kModel,
            "lora_r: expected a model with a dense MLP, got ", base.config.architecture,
            " (adapters beside mixtures of experts cannot be trained; all weights can)");
  auto lora = std::make_shared<LoraWeights>();
  lora->config = config;
  lora->plan = plan;
  lora->parameters = plan_trained(plan, config.use_dora);
  const Parameter& last = lora->parameters.back();
  lora->flat = at::zeros({last.offset + last.size()}, options);
  return lora;
}

at::Tensor base_tensor(const Weights& base, const Parameter& parameter) {
  return base.flat.narrow(0, parameter.offset, parameter.size()).view(parameter.shape);
}

void initialize_a(const at::Tensor& a, uint64_t seed, size_t module) {
  const double bound = 1.0 / std::sqrt(static_cast<double>(a.size(1)));
  at::Tensor values = at::empty(a.sizes(), at::kFloat);
  auto* const data = values.data_ptr<float>();
  for (int64_t i = 0; i < values.numel(); ++i)
    data[i] = static_cast<float>(
        bound * (2.0 * philox_uniform(seed, static_cast<uint64_t>(i), module) - 1.0));
  a.copy_(values);
}

}  // namespace

Weights attach_adapter(const Weights& base, const AdapterConfig& config, uint64_t seed) {
  const std::shared_ptr<LoraWeights> lora =
      make_lora(base, config, plan_adapter(config, base.config, "adapter"), base.flat.options());
  Weights weights = lay_out(base, lora);
  const Adapter adapter = adapter_of(weights);
  for (size_t i = 0; i < adapter.low_rank.size(); ++i) {
    initialize_a(adapter.low_rank[i].a, seed, i);
    if (config.use_dora)
      adapter.low_rank[i].magnitude.copy_(
          row_norms(base_tensor(base, adapter.plan.modules[i].parameter)));
  }
  for (size_t i = 0; i < adapter.saved.size(); ++i)
    adapter.saved[i].copy_(base_tensor(base, adapter.plan.saved[i]));
  refresh_norms(weights);
  return weights;
}

void check_trainable(const Weights& base, const AdapterConfig& config) {
  const at::TensorOptions nowhere = base.flat.options().device(at::kMeta);
  lay_out(base, make_lora(base, config, plan_adapter(config, base.config, "adapter"), nowhere));
}

Weights attach_adapter(const Weights& base, const Adapter& adapter) {
  Weights weights =
      lay_out(base, make_lora(base, adapter.config, adapter.plan, base.flat.options()));
  const Adapter views = adapter_of(weights);
  for (size_t i = 0; i < views.low_rank.size(); ++i) {
    views.low_rank[i].a.copy_(adapter.low_rank[i].a);
    views.low_rank[i].b.copy_(adapter.low_rank[i].b);
    if (adapter.config.use_dora) views.low_rank[i].magnitude.copy_(adapter.low_rank[i].magnitude);
  }
  for (size_t i = 0; i < views.saved.size(); ++i) views.saved[i].copy_(adapter.saved[i]);
  refresh_norms(weights);
  return weights;
}

Adapter adapter_of(const Weights& weights) {
  LACONIC_CHECK(weights.lora != nullptr, "weights without an adapter");
  const LoraWeights& lora = *weights.lora;
  Adapter adapter;
  adapter.config = lora.config;
  adapter.plan = lora.plan;
  size_t next = 0;
  for (size_t i = 0; i < lora.plan.modules.size(); ++i) {
    LowRank& low_rank = adapter.low_rank.emplace_back();
    low_rank.a = view_of(lora, lora.parameters[next++]);
    low_rank.b = view_of(lora, lora.parameters[next++]);
    if (lora.config.use_dora) low_rank.magnitude = view_of(lora, lora.parameters[next++]);
  }
  for (size_t i = 0; i < lora.plan.saved.size(); ++i)
    adapter.saved.push_back(view_of(lora, lora.parameters[next++]));
  return adapter;
}

void refresh_norms(Weights& weights) {
  if (!weights.lora || !weights.lora->config.use_dora) return;
  for (LayerWeights& layer : weights.layers)
    for (const Matrix& matrix : kMatrices)
      for (LoraModule& module : layer.*matrix.lora) {
        const at::Tensor rows = (layer.*matrix.weight).narrow(0, module.first_row, module.num_rows);
        module.norm = direction_norms(at::addmm(rows, module.b, module.a, 1, module.scale));
      }
}

FlatTensors& trained_tensors(Weights& weights) {
  if (weights.lora) return *weights.lora;
  return weights;
}
const FlatTensors& trained_tensors(const Weights& weights) {
  if (weights.lora) return *weights.lora;
  return weights;
}

Weights view_gradients(const Weights& weights, const at::Tensor& flat) {
  if (!weights.lora) return view_weights(weights.config, flat);
  auto lora = std::make_shared<LoraWeights>(*weights.lora);
  lora->flat = flat;
  Weights base = weights;
  base.lora = nullptr;
  const Weights frozen = view_weights(weights.config, weights.flat);
  for (LayerWeights& layer : base.layers)
    for (const Matrix& matrix : kMatrices) (layer.*matrix.lora).clear();
  base.embedding = frozen.embedding, base.layers = frozen.layers;
  base.final_norm = frozen.final_norm, base.head = frozen.head;
  Weights gradients = lay_out(base, lora);
  int64_t longest = 0;
  const auto is_frozen = [&](const at::Tensor& view) {
    return view.storage().is_alias_of(weights.flat.storage());
  };
  for_each_view(gradients, [&](at::Tensor& view) {
    if (view.dim() == 1) longest = std::max(longest, view.numel());
  });
  const at::Tensor unread = at::zeros({longest}, weights.flat.options());
  for_each_view(gradients, [&](at::Tensor& view) {
    if (!is_frozen(view)) return;
    view = view.dim() == 1 ? unread.narrow(0, 0, view.numel()) : at::Tensor();
  });
  if (weights.config.tie_embeddings) gradients.head = gradients.embedding;
  gradients.flat = at::Tensor();  // of the base: not to be written through by mistake
  return gradients;
}

Weights make_gradients(const Weights& weights) {
  return view_gradients(weights, at::zeros_like(trained_tensors(weights).flat));
}

}  // namespace laconic
