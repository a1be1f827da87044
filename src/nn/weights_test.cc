// SPDX-License-Identifier: Apache-2.0
#include "nn/weights.h"

#include <gtest/gtest.h>

#include <cmath>

#include "nn/half.h"

namespace laconic {
namespace {

ModelConfig tiny(bool tied, bool bias) {
  ModelConfig config;
  config.architecture = bias ? "Qwen2ForCausalLM" : "LlamaForCausalLM";
  config.vocab_size = 11;
  config.hidden_size = 8;
  config.intermediate_size = 12;
  config.num_layers = 2;
  config.num_heads = 4;
  config.num_kv_heads = 2;
  config.head_dim = 2;
  config.qkv_bias = bias;
  config.tie_embeddings = tied;
  return config;
}

TEST(Weights, FusedViewsAreTheNamedTensorsSideBySide) {
  for (const bool tied : {true, false}) {
    Weights weights = make_weights(tiny(tied, true));
    initialize_weights(weights, 0.02, 5);
    EXPECT_EQ(weights.flat.numel(), count_weights(weights.config));
    const float* const data = weights.flat.data_ptr<float>();
    for (const Parameter& parameter : weights.parameters) {
      if (parameter.name == "model.layers.1.self_attn.k_proj.weight") {
        EXPECT_EQ(data + parameter.offset, weights.layers[1].qkv_weight.data_ptr<float>() + 8 * 8);
      }
      if (parameter.name == "model.layers.1.mlp.up_proj.weight") {
        EXPECT_EQ(data + parameter.offset,
                  weights.layers[1].gate_up_weight.data_ptr<float>() + 12 * 8);
      }
    }
    EXPECT_EQ(weights.head.data_ptr() == weights.embedding.data_ptr(), tied);
    EXPECT_EQ(weights.parameters.back().name == "lm_head.weight", !tied);
  }
}

TEST(Weights, HashIsOfTheSavedBytes) {
  Weights weights = make_weights(tiny(true, false));
  initialize_weights(weights, 0.02, 5);
  const std::string saved = hash_weights(weights, "bfloat16");
  EXPECT_NE(saved, hash_weights(weights, "float32"));
  round_weights(weights, "bfloat16");
  EXPECT_EQ(saved, hash_weights(weights, "bfloat16"));
  // A change below bfloat16's resolution is no change of what is saved.
  float* const data = weights.flat.data_ptr<float>();
  data[0] = bfloat16_to_float(float_to_bfloat16(1.0f)) + 1e-4f;
  const std::string before = hash_weights(weights, "bfloat16");
  data[0] += 1e-5f;
  EXPECT_EQ(before, hash_weights(weights, "bfloat16"));
  data[0] += 0.1f;
  EXPECT_NE(before, hash_weights(weights, "bfloat16"));
}

TEST(Half, RoundsToNearestEven) {
  EXPECT_EQ(float_to_bfloat16(1.0f), 0x3f80);
  EXPECT_EQ(float_to_bfloat16(1.00390625f), 0x3f80);  // half way, even below
  EXPECT_EQ(float_to_bfloat16(1.01171875f), 0x3f82);  // half way, even above
  EXPECT_EQ(float_to_bfloat16(INFINITY), 0x7f80);
  EXPECT_TRUE(std::isnan(bfloat16_to_float(float_to_bfloat16(NAN))));
  EXPECT_EQ(float_to_float16(65504.0f), 0x7bff);
  EXPECT_EQ(float16_to_float(0x0001), 0x1.0p-24f);
}

}  // namespace
}  // namespace laconic
