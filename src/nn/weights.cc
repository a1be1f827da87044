// SPDX-License-Identifier: Apache-2.0
#include "nn/weights.h"

#include <ATen/ops/zeros.h>

#include <cmath>
#include <cstring>
#include <span>

#include "base/error.h"
#include "base/hash.h"
#include "base/philox.h"
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

}  // namespace

int64_t Parameter::size() const {
  int64_t product = 1;
  for (int64_t extent : shape) product *= extent;
  return product;
}

std::vector<Parameter> plan_parameters(const ModelConfig& config) {
  std::vector<Parameter> plan;
  int64_t offset = 0;
  const auto add = [&](std::string name, std::vector<int64_t> shape) {
    plan.push_back({std::move(name), offset, std::move(shape)});
    offset += plan.back().size();
  };
  const int64_t D = config.hidden_size, F = config.intermediate_size, Q = config.q_width();
  const int64_t KE = config.num_kv_heads * config.head_dim;
  add("model.embed_tokens.weight", {config.vocab_size, D});
  for (int64_t layer = 0; layer < config.num_layers; ++layer) {
    const std::string prefix = cat("model.layers.", layer, ".");
    add(prefix + "input_layernorm.weight", {D});
    add(prefix + "self_attn.q_proj.weight", {Q, D});
    add(prefix + "self_attn.k_proj.weight", {KE, D});
    add(prefix + "self_attn.v_proj.weight", {KE, D});
    if (config.qkv_bias) {
      add(prefix + "self_attn.q_proj.bias", {Q});
      add(prefix + "self_attn.k_proj.bias", {KE});
      add(prefix + "self_attn.v_proj.bias", {KE});
    }
    add(prefix + "self_attn.o_proj.weight", {D, Q});
    add(prefix + "post_attention_layernorm.weight", {D});
    add(prefix + "mlp.gate_proj.weight", {F, D});
    add(prefix + "mlp.up_proj.weight", {F, D});
    add(prefix + "mlp.down_proj.weight", {D, F});
  }
  add("model.norm.weight", {D});
  if (!config.tie_embeddings) add("lm_head.weight", {config.vocab_size, D});
  return plan;
}

int64_t count_weights(const ModelConfig& config) {
  const Parameter last = plan_parameters(config).back();
  return last.offset + last.size();
}

Weights make_weights(const ModelConfig& config) {
  return view_weights(config, at::zeros({count_weights(config)}, at::kFloat));
}

Weights view_weights(const ModelConfig& config, const at::Tensor& flat) {
  Weights weights;
  weights.config = config;
  weights.flat = flat;
  weights.parameters = plan_parameters(config);
  const int64_t D = config.hidden_size, F = config.intermediate_size;
  ViewCursor cursor(flat);
  weights.embedding = cursor.matrix(config.vocab_size, D);
  for (int64_t layer = 0; layer < config.num_layers; ++layer) {
    LayerWeights views;
    views.input_norm = cursor.vector(D);
    views.qkv_weight = cursor.matrix(config.qkv_width(), D);
    if (config.qkv_bias) views.qkv_bias = cursor.vector(config.qkv_width());
    views.o_weight = cursor.matrix(D, config.q_width());
    views.post_norm = cursor.vector(D);
    views.gate_up_weight = cursor.matrix(2 * F, D);
    views.down_weight = cursor.matrix(D, F);
    weights.layers.push_back(std::move(views));
  }
  weights.final_norm = cursor.vector(D);
  weights.head = config.tie_embeddings ? weights.embedding : cursor.matrix(config.vocab_size, D);
  LACONIC_CHECK(cursor.offset() == flat.numel(), "flat buffer of ", flat.numel(), ", layout of ",
                cursor.offset());
  return weights;
}

void initialize_weights(Weights& weights, double std, uint64_t seed) {
  float* const data = weights.flat.data_ptr<float>();
  for (size_t index = 0; index < weights.parameters.size(); ++index) {
    const Parameter& parameter = weights.parameters[index];
    float* const values = data + parameter.offset;
    if (parameter.shape.size() == 1) {
      std::fill_n(values, parameter.size(), is_bias(parameter) ? 0.0f : 1.0f);
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
