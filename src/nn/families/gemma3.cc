// Gemma 3, text only: Gemma 2 with norms of the heads instead of soft caps, five layers with a
// window to one without, and a rotation of their own for those with. Source: transformers'
// Gemma3TextConfig. The models that also read images (Gemma3ForConditionalGeneration) are another
// architecture, which is refused: saving would lose their image part.
// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/json.h"
#include "nn/families/families.h"
#include "nn/rope_config.h"

namespace laconic {
namespace {

void read(const ConfigReader& reader, ModelConfig& config) {
  read_gemma(reader, config);
  config.qk_norm = true;
  config.attention_softcap = reader.positive_or("attn_logit_softcapping", 0);
  require(config.attention_softcap == 0, ErrorKind::kModel, reader.where("attn_logit_softcapping"),
          ": expected null, got a number (transformers reads it and does not apply it)");
  config.logit_softcap = reader.positive_or("final_logit_softcapping", 0);
  const int64_t window = reader.count("sliding_window", kMaxPositions);
  if (reader.find("layer_types")) {
    read_layer_types(reader, window, config);
  } else {
    const int64_t pattern = reader.count("sliding_window_pattern", kMaxCount);
    for (int64_t layer = 0; layer < config.num_layers; ++layer)
      config.layer_windows.push_back((layer + 1) % pattern != 0 ? window : 0);
  }
  read_rope_by_layer_type(reader, config);
}

}  // namespace

const Family kGemma3 = {"Gemma3ForCausalLM",
                        read,
                        {.mlp_norm = "pre_feedforward_layernorm",
                         .attention_out_norm = "post_attention_layernorm",
                         .mlp_out_norm = "post_feedforward_layernorm"}};

}  // namespace laconic
