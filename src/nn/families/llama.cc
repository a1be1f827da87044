// Llama 2 and 3.x and the many models of their shape. Source: transformers' LlamaConfig.
// SPDX-License-Identifier: Apache-2.0
#include "nn/families/families.h"
#include "nn/rope_config.h"

namespace laconic {

const Family kLlama = {"LlamaForCausalLM",
                       [](const ConfigReader& reader, ModelConfig& config) {
                         read_silu(reader, config);
                         config.num_kv_heads = config.num_heads;
                         if (reader.find("num_key_value_heads")) read_kv_heads(reader, config);
                         read_head_dim(reader, config);
                         read_rope(reader, config);
                         // attention_bias puts one on the attention's output, too.
                         config.qkv_bias = config.o_bias = reader.boolean("attention_bias", false);
                         config.mlp_bias = reader.boolean("mlp_bias", false);
                       },
                       {}};

}  // namespace laconic
