// SPDX-License-Identifier: Apache-2.0
#include "nn/weights.h"

#include <ATen/ops/zeros.h>

#include <cmath>
#include <cstring>
#include <span>

#include "base/error.h"
#include "base/hash.h"
#include "base/philox.h"
#include "nn/family.h"
#include "nn/half.h"

namespace laconic {
namespace {

// Hands out consecutive views of a flat buffer.
class ViewCursor {
 public:
  explicit ViewCursor(const at::Tensor& flat) : flat_(flat) {}
  at::Tensor vector(int64_t size) {
    at::Tensor view = flat_.narrow(0, offset_, size);
    offset_ += size;
    return view;
  }
  at::Tensor matrix(int64_t rows, int64_t columns) {
    return vector(rows * columns).view({rows, columns});
  }
  int64_t offset() const { return offset_; }

 private:
  at::Tensor flat_;
  int64_t offset_ = 0;
};

bool is_bias(const Parameter& parameter) { return parameter.name.ends_with(".bias"); }

// Parameters one behind the other.
struct Plan {
  std::vector<Parameter> parameters;
  int64_t offset = 0;

  void add(std::string name, std::vector<int64_t> shape) {
    parameters.push_back({std::move(name), offset, std::move(shape)});
    offset += parameters.back().size();
  }
  // The rows of one linear operator: under `fused`, or where that is empty under each part's name;
  // all weights, then all biases.
  struct Part {
    std::string_view name;
    int64_t rows;
  };
  void add_linear(const std::string& prefix, std::string_view fused, const std::vector<Part>& parts,
                  int64_t columns, bool bias) {
    int64_t rows = 0;
    for (const Part& part : parts) rows += part.rows;
    const std::vector<Part> tensors = fused.empty() ? parts : std::vector<Part>{{fused, rows}};
    for (const Part& t : tensors) add(cat(prefix, t.name, ".weight"), {t.rows, columns});
    if (!bias) return;
    for (const Part& t : tensors) add(cat(prefix, t.name, ".bias"), {t.rows});
  }
};

void plan_attention(const ModelConfig& config, const TensorNames& names, const std::string& prefix,
                    Plan& plan) {
  const int64_t D = config.hidden_size, E = config.head_dim, Q = config.q_width();
  const int64_t KE = config.num_kv_heads * E;
  const std::string attention = prefix + "self_attn.";
  plan.add(prefix + "input_layernorm.weight", {D});
  plan.add_linear(attention, names.qkv, {{"q_proj", Q}, {"k_proj", KE}, {"v_proj", KE}}, D,
                  config.qkv_bias);
  if (config.qk_norm) {
    plan.add(attention + "q_norm.weight", {E});
    plan.add(attention + "k_norm.weight", {E});
  }
  plan.add_linear(attention, "", {{"o_proj", D}}, Q, config.o_bias);
  if (config.sandwich_norms) plan.add(cat(prefix, names.attention_out_norm, ".weight"), {D});
}

void plan_experts(const ModelConfig& config, const std::string& prefix, Plan& plan) {
  const int64_t D = config.hidden_size, X = config.num_experts, F = config.expert_intermediate_size;
  plan.add(prefix + "gate.weight", {X, D});
  for (int64_t expert = 0; expert < X; ++expert)
    plan.add_linear(cat(prefix, "experts.", expert, "."), "", {{"gate_proj", F}, {"up_proj", F}}, D,
                    false);
  for (int64_t expert = 0; expert < X; ++expert)
    plan.add_linear(cat(prefix, "experts.", expert, "."), "", {{"down_proj", D}}, F, false);
}

void plan_layer(const ModelConfig& config, int64_t layer, Plan& plan) {
  static constexpr TensorNames kPlain;
  const Family* family = find_family(config.architecture);
  const TensorNames& names = family ? family->names : kPlain;
  const int64_t D = config.hidden_size, F = config.intermediate_size;
  const std::string prefix = cat("model.layers.", layer, ".");
  plan_attention(config, names, prefix, plan);
  plan.add(cat(prefix, names.mlp_norm, ".weight"), {D});
  if (config.is_sparse(layer)) {
    plan_experts(config, prefix + "mlp.", plan);
  } else {
    plan.add_linear(prefix + "mlp.", names.gate_up, {{"gate_proj", F}, {"up_proj", F}}, D,
                    config.mlp_bias);
    plan.add_linear(prefix + "mlp.", "", {{"down_proj", D}}, F, config.mlp_bias);
  }
  if (config.sandwich_norms) plan.add(cat(prefix, names.mlp_out_norm, ".weight"), {D});
}

LayerWeights view_layer(const ModelConfig& config, int64_t layer, ViewCursor& cursor) {
  const int64_t D = config.hidden_size, F = config.intermediate_size;
  LayerWeights views;
  views.input_norm = cursor.vector(D);
  views.qkv_weight = cursor.matrix(config.qkv_width(), D);
  if (config.qkv_bias) views.qkv_bias = cursor.vector(config.qkv_width());
  if (config.qk_norm) {
    views.q_norm = cursor.vector(config.head_dim);
    views.k_norm = cursor.vector(config.head_dim);
  }
  views.o_weight = cursor.matrix(D, config.q_width());
  if (config.o_bias) views.o_bias = cursor.vector(D);
  if (config.sandwich_norms) views.attention_out_norm = cursor.vector(D);
  views.post_norm = cursor.vector(D);
  if (config.is_sparse(layer)) {
    const int64_t X = config.num_experts, Fx = config.expert_intermediate_size;
    views.router = cursor.matrix(X, D);
    views.expert_gate_up = cursor.matrix(X * 2 * Fx, D).view({X, 2 * Fx, D});
    views.expert_down = cursor.matrix(X * D, Fx).view({X, D, Fx});
  } else {
    views.gate_up_weight = cursor.matrix(2 * F, D);
    if (config.mlp_bias) views.gate_up_bias = cursor.vector(2 * F);
    views.down_weight = cursor.matrix(D, F);
    if (config.mlp_bias) views.down_bias = cursor.vector(D);
  }
  if (config.sandwich_norms) views.mlp_out_norm = cursor.vector(D);
  return views;
}

}  // namespace

int64_t Parameter::size() const {
  int64_t product = 1;
  for (int64_t extent : shape) product *= extent;
  return product;
}

std::vector<Parameter> plan_parameters(const ModelConfig& config) {
  Plan plan;
  const int64_t D = config.hidden_size;
  plan.add("model.embed_tokens.weight", {config.vocab_size, D});
  for (int64_t layer = 0; layer < config.num_layers; ++layer) plan_layer(config, layer, plan);
  plan.add("model.norm.weight", {D});
  if (!config.tie_embeddings) plan.add("lm_head.weight", {config.vocab_size, D});
  return std::move(plan.parameters);
}

int64_t count_weights(const ModelConfig& config) {
  const Parameter last = plan_parameters(config).back();
  return last.offset + last.size();
}

int64_t count_active_weights(const ModelConfig& config) {
  int64_t idle = 0;
  for (int64_t layer = 0; layer < config.num_layers; ++layer)
    if (config.is_sparse(layer))
      idle += (config.num_experts - config.experts_per_token) * 3 * config.hidden_size *
              config.expert_intermediate_size;
  return count_weights(config) - idle;
}

Weights make_weights(const ModelConfig& config) {
  return view_weights(config, at::zeros({count_weights(config)}, at::kFloat));
}

Weights view_weights(const ModelConfig& config, const at::Tensor& flat) {
  Weights weights;
  weights.config = config;
  weights.flat = flat;
  weights.parameters = plan_parameters(config);
  const int64_t D = config.hidden_size;
  ViewCursor cursor(flat);
  weights.embedding = cursor.matrix(config.vocab_size, D);
  for (int64_t layer = 0; layer < config.num_layers; ++layer)
    weights.layers.push_back(view_layer(config, layer, cursor));
  weights.final_norm = cursor.vector(D);
  weights.head = config.tie_embeddings ? weights.embedding : cursor.matrix(config.vocab_size, D);
  LACONIC_CHECK(cursor.offset() == flat.numel(), "flat buffer of ", flat.numel(), ", layout of ",
                cursor.offset());
  return weights;
}

void initialize_weights(Weights& weights, double std, uint64_t seed) {
  float* const data = weights.flat.data_ptr<float>();
  const auto norm = static_cast<float>(1.0 - weights.config.norm_offset);
  for (size_t index = 0; index < weights.parameters.size(); ++index) {
    const Parameter& parameter = weights.parameters[index];
    float* const values = data + parameter.offset;
    if (parameter.shape.size() == 1) {
      std::fill_n(values, parameter.size(), is_bias(parameter) ? 0.0f : norm);
      continue;
    }
    // Box-Muller, two values a draw pair.
    for (int64_t i = 0; i < parameter.size(); ++i) {
      const double u = 1.0 - philox_uniform(seed, static_cast<uint64_t>(2 * i), index);
      const double v = philox_uniform(seed, static_cast<uint64_t>(2 * i + 1), index);
      values[i] =
          static_cast<float>(std * std::sqrt(-2.0 * std::log(u)) * std::cos(6.283185307179586 * v));
    }
  }
}

void round_weights(Weights& weights, const std::string& dtype) {
  float* const data = weights.flat.data_ptr<float>();
  const int64_t size = weights.flat.numel();
  if (dtype == "float32") return;
  if (dtype == "bfloat16") {
    for (int64_t i = 0; i < size; ++i) data[i] = bfloat16_to_float(float_to_bfloat16(data[i]));
    return;
  }
  LACONIC_CHECK(dtype == "float16", "dtype ", dtype);
  for (int64_t i = 0; i < size; ++i) data[i] = float16_to_float(float_to_float16(data[i]));
}

std::string hash_weights(const Weights& weights, const std::string& dtype) {
  const float* const data = weights.flat.data_ptr<float>();
  const int64_t size = weights.flat.numel();
  Hash128 hash;
  if (dtype == "float32") {
    hash.add(std::as_bytes(std::span(data, static_cast<size_t>(size))));
    return hash.hex();
  }
  LACONIC_CHECK(dtype == "float16" || dtype == "bfloat16", "dtype ", dtype);
  const bool brain = dtype == "bfloat16";
  std::vector<uint16_t> block;
  for (int64_t start = 0; start < size; start += 1 << 16) {
    const int64_t count = std::min<int64_t>(size - start, 1 << 16);
    block.resize(static_cast<size_t>(count));
    for (int64_t i = 0; i < count; ++i)
      block[static_cast<size_t>(i)] =
          brain ? float_to_bfloat16(data[start + i]) : float_to_float16(data[start + i]);
    hash.add(std::as_bytes(std::span(block)));
  }
  return hash.hex();
}

}  // namespace laconic
