// What config.json says of a model, in one spelling.
//
// Reads transformers v4 and v5 spellings (torch_dtype | dtype; rope_theta + rope_scaling |
// rope_parameters). A field that decides the mathematics is never defaulted silently: a missing
// rope theta, an unknown architecture, rope type, activation or quantisation is Error(kModel)
// naming file, field and what is known. Source: transformers' Qwen2Config and LlamaConfig.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace laconic {

class Json;

struct ModelConfig {
  std::string architecture;       // "Qwen2ForCausalLM" or "LlamaForCausalLM"
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
  bool qkv_bias = false;  // Qwen2: true; Llama: false (attention_bias is refused)
  bool tie_embeddings = false;
  std::string dtype;  // "float32", "float16", "bfloat16": of the stored weights
  std::vector<int64_t>
      eos_token_ids;  // of config.json; generation_config.json wins (model_folder.h)

  int64_t q_width() const { return num_heads * head_dim; }                         // Q
  int64_t qkv_width() const { return (num_heads + 2 * num_kv_heads) * head_dim; }  // P
};

// `place` is the path of config.json.
ModelConfig parse_model_config(const Json& json, const std::string& place);
// An eos_token_id as config files write it: absent (nullptr), null, one id or an array of ids.
std::vector<int64_t> parse_token_ids(const Json* value, const std::string& place);

}  // namespace laconic
