// Qwen3 with experts: top-k of a softmax over all experts chooses a token's. Source: transformers'
// Qwen3MoeConfig and Qwen3MoeSparseMoeBlock.
//
// The load-balancing loss is not part of the model: transformers adds it only where
// output_router_logits asks for it, and a config that does is refused.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "nn/families/families.h"
#include "nn/rope_config.h"

namespace laconic {
namespace {

void read_sparse_layers(const ConfigReader& reader, ModelConfig& config) {
  const int64_t step = reader.count("decoder_sparse_step", kMaxCount);
  std::vector<int64_t> dense;
  if (const Json* layers = reader.find("mlp_only_layers")) {
    require(layers->is_array(), ErrorKind::kModel, reader.where("mlp_only_layers"),
            ": expected an array, got ", layers->kind_name());
    for (const Json& layer : layers->as_array(reader.place())) {
      require(layer.is_integer(), ErrorKind::kModel, reader.where("mlp_only_layers"),
              ": expected an integer, got ", layer.kind_name());
      dense.push_back(layer.as_integer(reader.place()));
    }
  }
  for (int64_t layer = 0; layer < config.num_layers; ++layer) {
    const bool is_dense = std::find(dense.begin(), dense.end(), layer) != dense.end();
    config.sparse_layers.push_back(!is_dense && (layer + 1) % step == 0);
  }
}

}  // namespace

const Family kQwen3Moe = {
    "Qwen3MoeForCausalLM",
    [](const ConfigReader& reader, ModelConfig& config) {
      read_silu(reader, config);
      read_kv_heads(reader, config);
      read_head_dim(reader, config);
      read_rope(reader, config);
      if (reader.boolean("use_sliding_window", false)) read_window_of_all(reader, config);
      config.qkv_bias = config.o_bias = reader.boolean("attention_bias", false);
      config.qk_norm = true;
      // The two spellings of transformers 4 and 5.
      const char* experts = reader.find("num_experts") ? "num_experts" : "num_local_experts";
      config.num_experts = reader.count(experts, 1 << 16);
      config.experts_per_token = reader.count("num_experts_per_tok", config.num_experts);
      config.expert_intermediate_size = reader.count("moe_intermediate_size", kMaxWidth);
      reader.at("norm_topk_prob");  // a default would change the model silently
      config.normalize_expert_weights = reader.boolean("norm_topk_prob", false);
      require(!reader.boolean("output_router_logits", false), ErrorKind::kModel,
              reader.where("output_router_logits"),
              ": expected false, got true (the load-balancing loss is not supported)");
      read_sparse_layers(reader, config);
    },
    {}};

}  // namespace laconic
