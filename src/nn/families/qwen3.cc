// Qwen3: norms of the heads of q and k, heads of a width of their own. Source: transformers'
// Qwen3Config.
// SPDX-License-Identifier: Apache-2.0
#include "nn/families/families.h"
#include "nn/rope_config.h"

namespace laconic {

const Family kQwen3 = {"Qwen3ForCausalLM",
                       [](const ConfigReader& reader, ModelConfig& config) {
                         read_silu(reader, config);
                         read_kv_heads(reader, config);
                         // Without it transformers takes 128, not D / H: too much to guess.
                         config.head_dim = reader.count("head_dim", kMaxCount);
                         read_qwen_windows(reader, config);
                         read_rope(reader, config);
                         config.qkv_bias = config.o_bias = reader.boolean("attention_bias", false);
                         config.qk_norm = true;
                       },
                       {}};

}  // namespace laconic
