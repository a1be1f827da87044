// What several families read alike.
// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/json.h"
#include "nn/families/families.h"
#include "nn/rope_config.h"

namespace laconic {

void read_silu(const ConfigReader& reader, ModelConfig& config) {
  const std::string name = reader.text("hidden_act");
  require(name == "silu", ErrorKind::kModel, reader.where("hidden_act"),
          ": expected \"silu\", got \"", name, "\"");
  config.activation = Activation::kSilu;
}

void read_kv_heads(const ConfigReader& reader, ModelConfig& config) {
  const bool is_null = reader.has("num_key_value_heads") && !reader.find("num_key_value_heads");
  config.num_kv_heads = is_null ? config.num_heads : reader.count("num_key_value_heads", kMaxCount);
}

void read_head_dim(const ConfigReader& reader, ModelConfig& config) {
  if (reader.find("head_dim")) {
    config.head_dim = reader.count("head_dim", kMaxCount);
    return;
  }
  require(config.hidden_size % config.num_heads == 0, ErrorKind::kModel,
          reader.where("hidden_size"), ": expected a multiple of num_attention_heads ",
          config.num_heads, ", got ", config.hidden_size);
  config.head_dim = config.hidden_size / config.num_heads;
}

void read_layer_types(const ConfigReader& reader, int64_t window, ModelConfig& config) {
  const std::vector<std::string> types = reader.texts("layer_types");
  require(static_cast<int64_t>(types.size()) == config.num_layers, ErrorKind::kModel,
          reader.where("layer_types"), ": expected one for each of ", config.num_layers,
          " layers, got ", types.size());
  config.layer_windows.clear();
  bool any = false;
  for (const std::string& type : types) {
    const bool sliding = type == "sliding_attention";
    require(sliding || type == "full_attention", ErrorKind::kModel, reader.where("layer_types"),
            ": expected full_attention or sliding_attention, got \"", type, "\"");
    require(!sliding || window > 0, ErrorKind::kModel, reader.where("layer_types"),
            ": expected \"full_attention\" only where no sliding window is in use, got \"", type,
            "\"");
    any = any || sliding;
    config.layer_windows.push_back(sliding ? window : 0);
  }
  if (!any) config.layer_windows.clear();
}

void read_qwen_windows(const ConfigReader& reader, ModelConfig& config) {
  const bool used = reader.boolean("use_sliding_window", false) &&
                    !(reader.has("sliding_window") && !reader.find("sliding_window"));
  const int64_t window = used ? reader.count("sliding_window", kMaxPositions) : 0;
  if (reader.find("layer_types")) return read_layer_types(reader, window, config);
  if (!used) return;
  const Json& value = reader.at("max_window_layers");
  require(value.is_integer(), ErrorKind::kModel, reader.where("max_window_layers"),
          ": expected an integer, got ", value.kind_name());
  // The first layers see everything, whatever the field's name says.
  const int64_t num_full = value.as_integer(reader.place());
  for (int64_t layer = 0; layer < config.num_layers; ++layer)
    config.layer_windows.push_back(layer >= num_full ? window : 0);
}

void read_window_of_all(const ConfigReader& reader, ModelConfig& config) {
  if (!reader.find("sliding_window")) return;
  const int64_t window = reader.count("sliding_window", kMaxPositions);
  config.layer_windows.assign(static_cast<size_t>(config.num_layers), window);
}

void read_gemma(const ConfigReader& reader, ModelConfig& config) {
  const std::string name = reader.text("hidden_activation");
  require(name == "gelu_pytorch_tanh", ErrorKind::kModel, reader.where("hidden_activation"),
          ": expected \"gelu_pytorch_tanh\", got \"", name, "\"");
  require(!reader.boolean("use_bidirectional_attention", false), ErrorKind::kModel,
          reader.where("use_bidirectional_attention"),
          ": expected false, got true (not supported)");
  config.activation = Activation::kGeluTanh;
  config.num_kv_heads = reader.count("num_key_value_heads", kMaxCount);
  config.head_dim = reader.count("head_dim", kMaxCount);
  config.tie_embeddings = reader.boolean("tie_word_embeddings", true);
  config.qkv_bias = config.o_bias = reader.boolean("attention_bias", false);
  config.norm_offset = 1;
  config.sandwich_norms = true;
  config.embedding_scale = std::sqrt(static_cast<double>(config.hidden_size));
  config.query_scale = 1.0 / std::sqrt(reader.positive("query_pre_attn_scalar"));
}

}  // namespace laconic
