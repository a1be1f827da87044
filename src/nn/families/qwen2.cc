// Qwen2, Qwen2.5 and what is distilled into them: biases on q, k and v. Source: transformers'
// Qwen2Config.
// SPDX-License-Identifier: Apache-2.0
#include "nn/families/families.h"
#include "nn/rope_config.h"

namespace laconic {

const Family kQwen2 = {"Qwen2ForCausalLM",
                       [](const ConfigReader& reader, ModelConfig& config) {
                         read_silu(reader, config);
                         read_kv_heads(reader, config);
                         read_head_dim(reader, config);
                         read_qwen_windows(reader, config);
                         read_rope(reader, config);
                         config.qkv_bias = true;
                       },
                       {}};

}  // namespace laconic
