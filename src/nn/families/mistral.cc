// Mistral: Llama with a window on every layer in its first version. Source: transformers'
// MistralConfig.
// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "nn/families/families.h"
#include "nn/rope_config.h"

namespace laconic {

const Family kMistral = {
    "MistralForCausalLM",
    [](const ConfigReader& reader, ModelConfig& config) {
      read_silu(reader, config);
      read_kv_heads(reader, config);
      read_head_dim(reader, config);
      read_rope(reader, config);
      require(reader.has("sliding_window"), ErrorKind::kModel, reader.place(),
              ": expected a field \"sliding_window\" (a number or null), got none (a default would "
              "change the model silently)");
      read_window_of_all(reader, config);
    },
    {}};

}  // namespace laconic
