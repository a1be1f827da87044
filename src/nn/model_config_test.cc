// SPDX-License-Identifier: Apache-2.0
#include "nn/model_config.h"

#include <gtest/gtest.h>

#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "nn/rope_config.h"
#include "nn/unused_fields.h"

namespace laconic {
namespace {

Json base_config(const std::string& family) {
  const char* qwen2 =
      R"({"architectures": ["Qwen2ForCausalLM"], "hidden_act": "silu", "hidden_size": 32,
  "intermediate_size": 48, "max_position_embeddings": 64, "num_attention_heads": 4,
  "num_hidden_layers": 2, "num_key_value_heads": 2, "rms_norm_eps": 1e-06, "rope_theta": 10000.0,
  "tie_word_embeddings": true, "torch_dtype": "bfloat16", "vocab_size": 96})";
  Json json = Json::parse(qwen2, "base");
  if (family == "llama") {
    json["architectures"] = Json(Json::Array{Json("LlamaForCausalLM")});
    json.erase("tie_word_embeddings");
  }
  return json;
}

void check_expected(const ModelConfig& config, const Json& expect, const std::string& why) {
  for (const auto& [key, value] : expect.as_object(why)) {
    if (key == "rope_theta") {
      EXPECT_EQ(config.rope_theta, value.as_number(why)) << why;
    } else if (key == "head_dim") {
      EXPECT_EQ(config.head_dim, value.as_integer(why)) << why;
    } else if (key == "kv") {
      EXPECT_EQ(config.num_kv_heads, value.as_integer(why)) << why;
    } else if (key == "dtype") {
      EXPECT_EQ(config.dtype, value.as_string(why)) << why;
    } else if (key == "tie") {
      EXPECT_EQ(config.tie_embeddings, value.as_boolean(why)) << why;
    } else if (key == "eos") {
      EXPECT_EQ(config.eos_token_ids, parse_token_ids(&value, why)) << why;
    } else if (key == "rope") {
      EXPECT_EQ(rope_type(config.rope.kind), value.as_string(why)) << why;
    } else if (key == "rope_factor") {
      EXPECT_EQ(config.rope.factor, value.as_number(why)) << why;
    } else if (key == "local_theta") {
      EXPECT_EQ(config.local_rope_theta, value.as_number(why)) << why;
    } else if (key == "rotary") {
      EXPECT_EQ(config.rotary_width(), value.as_integer(why)) << why;
    } else if (key == "windows") {
      EXPECT_EQ(config.layer_windows, parse_token_ids(&value, why)) << why;
    } else if (key == "unused") {
      continue;  // of the file, not of what was read
    } else if (key == "sparse") {
      const std::vector<int64_t> sparse(config.sparse_layers.begin(), config.sparse_layers.end());
      EXPECT_EQ(sparse, parse_token_ids(&value, why)) << why;
    } else if (key == "biases") {
      const std::string biases = cat(config.qkv_bias ? "qkv " : "", config.o_bias ? "o " : "",
                                     config.mlp_bias ? "mlp " : "");
      EXPECT_EQ(biases, value.as_string(why) + " ") << why;
    } else {
      ADD_FAILURE() << "unknown expectation " << key;
    }
  }
}

TEST(ModelConfig, Cases) {
  std::istringstream rows(read_file(LACONIC_SOURCE_DIR "/tests/cases/model-folder/configs.jsonl"));
  int num_cases = 0;
  for (std::string line; std::getline(rows, line); ++num_cases) {
    const Json row = Json::parse(line, "configs.jsonl");
    const std::string why = row.at("why", "row").as_string("why");
    Json config = base_config(row.at("base", "row").as_string("base"));
    if (const Json* erase = row.find("erase"))
      for (const Json& key : erase->as_array(why)) config.erase(key.as_string(why));
    if (const Json* set = row.find("set"))
      for (const auto& [key, value] : set->as_object(why)) config[key] = value;
    const Json* error = row.find("error");
    try {
      const ModelConfig parsed = parse_model_config(config, "c");
      if (error)
        ADD_FAILURE() << why << ": accepted";
      else
        check_expected(parsed, row.at("expect", why), why);
      if (const Json* expected = error ? nullptr : row.at("expect", why).find("unused")) {
        Json unused = Json::array();
        for (const std::string& name : unused_fields(config, "c")) unused.push_back(name);
        EXPECT_EQ(unused, *expected) << why;
      }
    } catch (const Error& caught) {
      EXPECT_EQ(caught.kind(), ErrorKind::kModel) << why;
      EXPECT_EQ(std::string(caught.what()), error ? error->as_string(why) : "no error") << why;
    }
  }
  EXPECT_GE(num_cases, 40);
}

}  // namespace
}  // namespace laconic
