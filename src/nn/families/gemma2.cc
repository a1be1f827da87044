// Gemma 2: GeGLU, norms before and after each branch, soft caps on scores and logits, every other
// layer with a window. Source: transformers' Gemma2Config.
// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/json.h"
#include "nn/families/families.h"
#include "nn/rope_config.h"

namespace laconic {
namespace {

// A number, or null for none; absent would mean transformers' default.
double read_cap(const ConfigReader& reader, std::string_view key) {
  require(reader.has(key), ErrorKind::kModel, reader.place(), ": expected a field \"", key,
          "\" (a number or null), got none (a default would change the model silently)");
  return reader.positive_or(key, 0);
}

void read(const ConfigReader& reader, ModelConfig& config) {
  read_gemma(reader, config);
  read_rope(reader, config);
  config.attention_softcap = read_cap(reader, "attn_logit_softcapping");
  config.logit_softcap = read_cap(reader, "final_logit_softcapping");
  const int64_t window = reader.count("sliding_window", kMaxPositions);
  if (reader.find("layer_types")) return read_layer_types(reader, window, config);
  for (int64_t layer = 0; layer < config.num_layers; ++layer)
    config.layer_windows.push_back(layer % 2 == 0 ? window : 0);
}

}  // namespace

const Family kGemma2 = {"Gemma2ForCausalLM",
                        read,
                        {.mlp_norm = "pre_feedforward_layernorm",
                         .attention_out_norm = "post_attention_layernorm",
                         .mlp_out_norm = "post_feedforward_layernorm"}};

}  // namespace laconic
