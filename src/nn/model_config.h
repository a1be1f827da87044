// What config.json says of a model, in one spelling.
//
// Reads transformers v4 and v5 spellings (torch_dtype | dtype; rope_theta + rope_scaling |
// rope_parameters). A field that decides the mathematics is never defaulted silently: a missing
// rope theta, an unknown architecture, rope type, activation or quantisation is Error(kModel)
// naming file, field and what is known. What a family's absent field means is in nn/families/.
// The fields after `tie_embeddings` are the table of differences between the families: each of
// them at its default is the plain decoder of Llama. Source: transformers' configuration classes.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace laconic {

class Json;

enum class Activation {
  kSilu,     // x sigmoid(x)
  kGeluTanh  // "gelu_pytorch_tanh"
};

enum class RopeKind { kDefault, kLinear, kDynamic, kYarn, kLlama3, kLongRope };

// How rotary frequencies are stretched; which fields count is said by `kind`. nn/rope.h has the
// formulas.
struct RopeScaling {
  RopeKind kind = RopeKind::kDefault;
  double factor = 1;                                 // all but default
  double low_freq_factor = 0, high_freq_factor = 0;  // llama3
  double original_max_positions = 0;                 // yarn, llama3, longrope
  double beta_fast = 32, beta_slow = 1;              // yarn
  bool truncate = true;                              // yarn
  double attention_factor = 1;                       // yarn, longrope: of cos and sin
  std::vector<double> short_factor, long_factor;     // longrope, [rotary_width / 2]
  bool operator==(const RopeScaling&) const = default;
};

struct ModelConfig {
  std::string architecture;       // "Qwen2ForCausalLM", ...: a family of nn/family.h
  int64_t vocab_size = 0;         // V
  int64_t hidden_size = 0;        // D
  int64_t intermediate_size = 0;  // F
  int64_t num_layers = 0;         // L
  int64_t num_heads = 0;          // H
  int64_t num_kv_heads = 0;       // K
  int64_t head_dim = 0;           // E
  int64_t max_positions = 0;      // max_position_embeddings
  double rms_norm_eps = 0;
  double rope_theta = 0;
  bool qkv_bias = false;  // on q, k and v
  bool tie_embeddings = false;

  bool o_bias = false;    // on the attention output
  bool mlp_bias = false;  // on gate, up and down
  bool qk_norm = false;   // RMSNorm of each head of q and k, before the rotation
  Activation activation = Activation::kSilu;
  double norm_offset = 0;              // a norm's factor is weight + this (Gemma: 1)
  bool sandwich_norms = false;         // a norm on each branch's output too, before it is added
  double embedding_scale = 1;          // of the embedded tokens
  double query_scale = 0;              // of the scores; 0: 1 / sqrt(E)
  double attention_softcap = 0;        // scores become cap * tanh(score / cap); 0: none
  double logit_softcap = 0;            // the same for logits
  std::vector<int64_t> layer_windows;  // [L] or empty: positions that a query sees, itself
                                       // included; 0: all before it
  int64_t rotary_dim = 0;              // rotated front of each head; 0: E
  RopeScaling rope;
  double local_rope_theta = 0;  // plain rotation of the layers with a window; 0: as the others

  int64_t num_experts = 0;                // X; 0: no sparse layers
  int64_t experts_per_token = 0;          // of X
  int64_t expert_intermediate_size = 0;   // Fx
  bool normalize_expert_weights = false;  // the chosen experts' weights sum to 1
  std::vector<bool> sparse_layers;        // [L] or empty: layers with experts for an MLP

  std::string dtype;  // "float32", "float16", "bfloat16": of the stored weights
  std::vector<int64_t>
      eos_token_ids;  // of config.json; generation_config.json wins (model_folder.h)

  int64_t q_width() const { return num_heads * head_dim; }                         // Q
  int64_t qkv_width() const { return (num_heads + 2 * num_kv_heads) * head_dim; }  // P
  int64_t rotary_width() const { return rotary_dim > 0 ? rotary_dim : head_dim; }
  double score_scale() const {
    return query_scale > 0 ? query_scale : 1.0 / std::sqrt(static_cast<double>(head_dim));
  }
  int64_t window(int64_t layer) const {
    return layer_windows.empty() ? 0 : layer_windows[static_cast<size_t>(layer)];
  }
  // Whether the layer rotates by local_rope_theta.
  bool is_local_rope(int64_t layer) const { return local_rope_theta > 0 && window(layer) > 0; }
  bool is_sparse(int64_t layer) const {
    return !sparse_layers.empty() && sparse_layers[static_cast<size_t>(layer)];
  }
};

// `place` is the path of config.json.
ModelConfig parse_model_config(const Json& json, const std::string& place);
// Notes the dtype of the stored weights, and rounds to it what transformers keeps in the model's
// dtype (Gemma's embedding scale).
void set_stored_dtype(ModelConfig& config, const std::string& dtype);
// An eos_token_id as config files write it: absent (nullptr), null, one id or an array of ids.
std::vector<int64_t> parse_token_ids(const Json* value, const std::string& place);

}  // namespace laconic
