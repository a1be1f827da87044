// SPDX-License-Identifier: Apache-2.0
#include "nn/gguf_export.h"

#include <ATen/Tensor.h>

#include <cmath>

#include "nn/gguf_model.h"
#include "nn/model_folder_fixture.h"

namespace laconic {
namespace {

class GgufExport : public ModelFolderTest {
 protected:
  // Widths of whole Q8_0 blocks, heads of eight.
  static Json config_of(const char* architecture) {
    Json json = config();
    json["architectures"] = Json(Json::Array{Json(architecture)});
    json["hidden_size"] = 32;
    json["intermediate_size"] = 64;
    json["head_dim"] = 8;
    return json;
  }
  std::string export_model(const std::string& folder, const std::string& type) const {
    const ModelIndex index = open_model(folder);
    GgufHeader header;
    add_gguf_architecture(index.config, gguf_type(type, index.config), folder + "/config.json",
                          header);
    write_gguf(index, gguf_type(type, index.config), std::move(header), path("out.gguf"));
    return path("out.gguf");
  }
  std::string save_as(const Json& json, const std::string& dtype) const {
    const Weights weights = random_weights(json);
    save_model(path("m"), request(weights, json, dtype));
    return path("m");
  }
};

Weights read_back(const GgufFile& file) {
  return load_gguf_weights(file, parse_model_config(gguf_config(file, "float32"), file.path()));
}

TEST_F(GgufExport, ImportGivesTheFolderBackBitForBit) {
  const struct {
    const char* dtype;
    const char* type;
  } pairs[] = {{"float32", "F32"}, {"float16", "F16"}, {"bfloat16", "BF16"}};
  for (const char* architecture : {"LlamaForCausalLM", "Qwen2ForCausalLM", "Qwen3ForCausalLM"}) {
    for (const auto& [dtype, type] : pairs) {
      const std::string folder = save_as(config_of(architecture), dtype);
      const GgufFile file(export_model(folder, "auto"));
      EXPECT_EQ(file.index().tensors[0].type, type) << architecture;
      const Weights got = read_back(file);
      EXPECT_TRUE(same_values(load_model(folder).weights, got)) << architecture << " " << type;
      EXPECT_EQ(got.config.architecture, architecture);
      EXPECT_EQ(got.config.head_dim, 8);
      EXPECT_EQ(got.config.rope_theta, 10000);
      EXPECT_EQ(got.config.rms_norm_eps, 1e-6);
      EXPECT_FALSE(file_exists(cat(file.path(), ".tmp-", ::getpid())));
    }
  }
}

// Llama's attention_bias and mlp_bias, tied embeddings and linear scaling survive, too.
TEST_F(GgufExport, WhatALlamaMayHaveBesideSurvives) {
  Json json = config_of("LlamaForCausalLM");
  for (const char* key : {"attention_bias", "mlp_bias", "tie_word_embeddings"}) json[key] = true;
  json["rope_scaling"] = Json::parse(R"({"rope_type": "linear", "factor": 4.0})", "");
  const Weights weights = random_weights(json);
  float* const data = weights.flat.data_ptr<float>();
  for (int64_t i = 0; i < weights.flat.numel(); ++i)
    data[i] += 0.001f * static_cast<float>(i % 97);  // biases start at zero
  save_model(path("m"), request(weights, json, "float32"));
  const Weights got = read_back(GgufFile(export_model(path("m"), "F32")));
  EXPECT_TRUE(same_values(weights, got));
  EXPECT_TRUE(got.config.o_bias && got.config.mlp_bias && got.config.tie_embeddings);
  EXPECT_EQ(got.config.rope, weights.config.rope);
}

TEST_F(GgufExport, Q8IsWithinHalfAStep) {
  const std::string folder = save_as(config_of("LlamaForCausalLM"), "float32");
  const GgufFile file(export_model(folder, "Q8_0"));
  for (const GgufTensor& tensor : file.index().tensors)
    EXPECT_EQ(tensor.type, tensor.shape.size() == 2 ? "Q8_0" : "F32") << tensor.name;
  const Weights exact = load_model(folder).weights, got = read_back(file);
  const float* a = exact.flat.data_ptr<float>();
  const float* b = got.flat.data_ptr<float>();
  float largest = 0, difference = 0;
  for (int64_t i = 0; i < exact.flat.numel(); ++i) {
    largest = std::max(largest, std::fabs(a[i]));
    difference = std::max(difference, std::fabs(a[i] - b[i]));
  }
  EXPECT_GT(difference, 0);
  EXPECT_LT(difference, largest / 127 * 0.51f);
}

TEST_F(GgufExport, Llama3ScalingBecomesDivisors) {
  Json json = config_of("LlamaForCausalLM");
  json["rope_scaling"] = Json::parse(
      R"({"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
          "original_max_position_embeddings": 8192})",
      "");
  json["rope_theta"] = 500000.0;
  const GgufFile file(export_model(save_as(json, "float32"), "F32"));
  const GgufTensor& tensor = file.index().tensors[0];
  ASSERT_EQ(tensor.name, "rope_freqs.weight");
  float divisors[4];
  ASSERT_EQ(file.bytes(tensor).size(), sizeof divisors);
  std::memcpy(divisors, file.bytes(tensor).data(), sizeof divisors);
  // Wavelengths 2 pi theta^(i/4): 6, 167, 4443 and 118143; up to 2048 as they are, from 8192 by 8,
  // in between by the smoothed one: s = (8192 / 4442.88 - 1) / 3 = 0.28128, 1 / ((1 - s) / 8 + s).
  const float expected[] = {1, 1, 2.6941f, 8};
  for (int i = 0; i < 4; ++i) EXPECT_NEAR(divisors[i], expected[i], 1e-3f) << i;
}

TEST_F(GgufExport, WhatGgufCannotHoldIsRefused) {
  const struct {
    const char* architecture;
    const char* key;
    const char* value;
    const char* message;  // behind "config.json: "
  } cases[] = {
      {"MistralForCausalLM", "sliding_window", "null",
       "architectures: expected LlamaForCausalLM, Qwen2ForCausalLM or Qwen3ForCausalLM for a GGUF "
       "file, got \"MistralForCausalLM\""},
      {"Qwen3ForCausalLM", "attention_bias", "true",
       "attention_bias: expected false for a GGUF file of Qwen3, got true"},
      {"LlamaForCausalLM", "rope_scaling", R"({"rope_type": "dynamic", "factor": 2.0})",
       "rope_type: expected default, linear or llama3 (of Llama) for a GGUF file, got \"dynamic\""},
  };
  for (const auto& c : cases) {
    Json json = config_of(c.architecture);
    json[c.key] = Json::parse(c.value, "");
    const std::string folder = save_as(json, "float32");
    try {
      export_model(folder, "F32");
      ADD_FAILURE() << "accepted, not: " << c.message;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kModel);
      EXPECT_EQ(error.what(), cat(folder, "/config.json: ", c.message));
    }
    EXPECT_FALSE(file_exists(path("out.gguf")));
  }
}

// A value that fp16 cannot hold stops the export, and nothing of it is left.
TEST_F(GgufExport, OverflowIsRefusedAndNothingIsLeft) {
  const Json json = config_of("LlamaForCausalLM");
  const Weights weights = random_weights(json);
  weights.flat.data_ptr<float>()[5] = 70000;
  save_model(path("m"), request(weights, json, "float32"));
  try {
    export_model(path("m"), "F16");
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.what(), cat(path("m"),
                                ": tensor \"model.embed_tokens.weight\": expected values up to "
                                "65504 for F16, got 70000 (BF16 and F32 hold it)"));
  }
  const auto entries = std::distance(fs::directory_iterator(root_), fs::directory_iterator());
  EXPECT_EQ(entries, 1);  // the folder
  EXPECT_NO_THROW(export_model(path("m"), "BF16"));
}

}  // namespace
}  // namespace laconic
