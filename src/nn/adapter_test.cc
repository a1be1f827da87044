// Adapters made by PEFT against laconic's reading of them, and back. Numbers:
// tests/golden/make_adapters.py.
// SPDX-License-Identifier: Apache-2.0
#include "nn/adapter.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "base/safetensors.h"
#include "nn/adapter_golden.h"
#include "nn/model_folder.h"
#include "nn/testing.h"

namespace laconic {
namespace {

using testing::AdapterGolden;

class AdapterFolder : public ::testing::Test {
 protected:
  AdapterFolder() : folder_(::testing::TempDir() + "laconic_adapter_test") {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~AdapterFolder() override { std::filesystem::remove_all(folder_); }

  // A copy of a golden adapter with one field of its config changed.
  std::string changed(const std::string& name, const char* field, const Json& value) {
    const std::string from = testing::adapter_folder(name), to = folder_ + "/" + name;
    std::filesystem::copy(from, to,
                          std::filesystem::copy_options::overwrite_existing |
                              std::filesystem::copy_options::recursive);
    Json config = Json::parse(read_file(from + "/adapter_config.json"), "config");
    config[field] = value;
    write_file_atomic(to + "/adapter_config.json", config.dump(2));
    return to;
  }

  static std::string message(const std::string& folder, const ModelConfig& model) {
    try {
      load_adapter(folder, model);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kModel);
      return error.what();
    }
    return "no error";
  }

  std::string folder_;
};

class PeftAdapter : public ::testing::TestWithParam<const char*> {};

TEST_P(PeftAdapter, MergedGivesItsLogprobs) {
  const AdapterGolden golden(GetParam());
  Weights merged = load_model(golden.base_folder).weights;
  merge_adapter(load_adapter(golden.folder, merged.config), merged);
  golden.expect_logprobs(target_logprobs(merged, golden.batch));
}

TEST_P(PeftAdapter, SavedAgainIsTheSameAdapter) {
  const AdapterGolden golden(GetParam());
  const ModelConfig model = open_model(golden.base_folder).config;
  const Adapter adapter = load_adapter(golden.folder, model);
  const std::string copy = ::testing::TempDir() + "laconic_adapter_again";
  save_adapter(copy, {&adapter, "", "", {}, {}});
  const Adapter again = load_adapter(copy, model);
  ASSERT_EQ(again.low_rank.size(), adapter.low_rank.size());
  for (size_t i = 0; i < adapter.low_rank.size(); ++i) {
    EXPECT_EQ(again.plan.modules[i].scale, adapter.plan.modules[i].scale);
    EXPECT_TRUE(again.low_rank[i].a.equal(adapter.low_rank[i].a));
    EXPECT_TRUE(again.low_rank[i].b.equal(adapter.low_rank[i].b));
    if (adapter.config.use_dora)
      EXPECT_TRUE(again.low_rank[i].magnitude.equal(adapter.low_rank[i].magnitude));
  }
  for (size_t i = 0; i < adapter.saved.size(); ++i)
    EXPECT_TRUE(again.saved[i].equal(adapter.saved[i]));
  std::filesystem::remove_all(copy);
}

INSTANTIATE_TEST_SUITE_P(All, PeftAdapter, ::testing::Values("lora", "rslora", "dora", "saved"));

TEST_F(AdapterFolder, KeysThatDoNotMatchAreListedOnBothSides) {
  const ModelConfig llama = open_model(testing::tiny_model_folder("llama")).config;
  const ModelConfig qwen = open_model(testing::tiny_model_folder("qwen2")).config;
  const std::string fewer = changed("lora", "target_modules", Json(Json::Array{"q_proj"}));
  EXPECT_NE(message(fewer, qwen).find("24 unknown: base_model.model.model.layers.0.mlp.down_proj"),
            std::string::npos)
      << message(fewer, qwen);
  const std::string more = changed("rslora", "target_modules", Json("all-linear"));
  EXPECT_NE(message(more, llama).find("16 missing: "), std::string::npos) << message(more, llama);
  const std::string other_rank = changed("lora", "r", 5);
  EXPECT_NE(message(other_rank, qwen).find("28 of a wrong dtype or shape: "), std::string::npos)
      << message(other_rank, qwen);
}

TEST_F(AdapterFolder, WhatIsNotSupportedIsRefusedByName) {
  const ModelConfig model = open_model(testing::tiny_model_folder("qwen2")).config;
  struct Case {
    const char* field;
    Json value;
    const char* expected;
  };
  const Json::Array embedding = {"embed_tokens"}, head = {"lm_head"};
  const Case cases[] = {
      {"peft_type", "IA3", "peft_type: expected \"LORA\", got \"IA3\""},
      {"bias", "all", "bias: expected \"none\", got \"all\""},
      {"lora_bias", true, "lora_bias: expected it unset, got true"},
      {"use_qalora", true, "use_qalora: expected it unset"},
      {"a_field_of_the_future", 3, "a_field_of_the_future: expected it unset, got 3"},
      {"target_parameters", embedding, "target_parameters: expected it unset"},
      {"init_lora_weights", "pissa", "init_lora_weights: expected true, false, gaussian"},
      {"r", 0, "r: expected a rank of at least 1, got 0"},
      {"target_modules", nullptr, "target_modules: expected names"},
      {"target_modules", "(", "target_modules: expected a regular expression"},
      {"target_modules", embedding, "target_modules: expected linear layers, got model.embed"},
      {"target_modules", head, "lm_head (the model's embeddings are tied"},
      {"modules_to_save", embedding, "embed_tokens (the model's embeddings are tied"},
      {"modules_to_save", Json(Json::Array{"classifier"}),
       "modules_to_save: expected the name of a module"},
      {"modules_to_save", Json(Json::Array{"norm", "nrom"}),
       "\"nrom\", which matches none (did you "
       "mean \"norm\"?)"},
      {"target_modules", Json(Json::Array{"q_proj", "q_porj"}), "did you mean \"q_proj\"?"},
      {"exclude_modules", Json(Json::Array{"q_porj"}), "exclude_modules: expected the name of a"},
      {"alpha_pattern", Json::parse(R"({"q_porj": 100})", "t"),
       "alpha_pattern: expected the name of "
       "a module of the model, got "
       "\"q_porj\", which matches none "
       "(did you mean \"q_proj\"?)"},
      {"rank_pattern", Json::parse(R"({"q_proj": 4, "layers.9.mlp": 2})", "t"),
       "rank_pattern: expected the name of a module of the model, got \"layers.9.mlp\""},
      {"layers_to_transform", 1, "layers_to_transform: expected target_modules as a list"},
  };
  for (const Case& c : cases) {
    const bool layers = std::string(c.field) == "layers_to_transform";
    const std::string folder = changed("lora", c.field, c.value);
    if (layers) {
      Json config = Json::parse(read_file(folder + "/adapter_config.json"), "config");
      config["target_modules"] = "all-linear";
      write_file_atomic(folder + "/adapter_config.json", config.dump());
    }
    EXPECT_NE(message(folder, model).find(c.expected), std::string::npos) << message(folder, model);
  }
}

TEST(AdapterPlan, NamesPatternsAndLayersChooseModules) {
  const ModelConfig model = open_model(testing::tiny_model_folder("llama")).config;
  const auto names = [&](const AdapterConfig& config) {
    std::string text;
    for (const AdapterModule& module : plan_adapter(config, model, "test").modules)
      text += module.name.substr(std::string("model.layers.").size()) + " ";
    return text;
  };
  AdapterConfig config;
  config.target_modules = {"q_proj", "model.layers.1.mlp.down_proj"};
  EXPECT_EQ(names(config), "0.self_attn.q_proj 1.self_attn.q_proj 1.mlp.down_proj ");
  config.layers_to_transform = {1};
  EXPECT_EQ(names(config), "1.self_attn.q_proj 1.mlp.down_proj ");
  config.layers_pattern = {"layers"};
  EXPECT_EQ(names(config), "1.self_attn.q_proj 1.mlp.down_proj ");
  config.exclude_modules = {"self_attn.q_proj"};
  EXPECT_EQ(names(config), "1.mlp.down_proj ");
  config.target_modules.push_back("proj");
  EXPECT_EQ(unmatched_target(config, model), "proj");
  EXPECT_THROW(names(config), Error);
  config.target_modules.pop_back();
  config.layers_to_transform = {1, 2};
  EXPECT_THROW(names(config), Error);
  AdapterConfig pattern;
  pattern.target_pattern = ".*\\.1\\.(self_attn\\.[kv]_proj|mlp\\.up.*)";
  EXPECT_EQ(names(pattern), "1.self_attn.k_proj 1.self_attn.v_proj 1.mlp.up_proj ");
  AdapterConfig all;
  all.all_linear = true;
  EXPECT_EQ(plan_adapter(all, model, "test").modules.size(), 14u);
  all.modules_to_save = {"mlp", "lm_head"};
  const AdapterPlan plan = plan_adapter(all, model, "test");
  EXPECT_EQ(plan.modules.size(), 8u);
  EXPECT_EQ(plan.saved.size(), 7u);
}

TEST(AdapterExtract, ARankThatTheDifferenceHasIsKeptWhole) {
  const at::Tensor difference = at::mm(at::randn({12, 3}), at::randn({3, 20}));
  const Extraction exact = extract_low_rank(difference, 3);
  EXPECT_NEAR(exact.energy / exact.total_energy, 1.0, 1e-6);
  EXPECT_LT(testing::relative_difference(at::mm(exact.low_rank.b, exact.low_rank.a), difference),
            1e-5);
  const Extraction less = extract_low_rank(difference, 2);
  const at::Tensor rest = difference - at::mm(less.low_rank.b, less.low_rank.a);
  EXPECT_NEAR((rest * rest).sum().item<double>(), less.total_energy - less.energy,
              1e-4 * less.total_energy);
  const Extraction more = extract_low_rank(difference, 30);  // more than the matrix has
  EXPECT_EQ(more.low_rank.a.size(0), 30);
  EXPECT_LT(testing::relative_difference(at::mm(more.low_rank.b, more.low_rank.a), difference),
            1e-5);
}

TEST_F(AdapterFolder, ScalingIsAFactorOfTheChange) {
  const AdapterGolden golden("rslora");
  const Weights base = load_model(golden.base_folder).weights;
  scale_adapter(golden.folder, -0.5, folder_ + "/scaled");
  Weights whole = load_model(golden.base_folder).weights,
          scaled = load_model(golden.base_folder).weights;
  merge_adapter(load_adapter(golden.folder, base.config), whole);
  merge_adapter(load_adapter(folder_ + "/scaled", base.config), scaled);
  EXPECT_LT(testing::relative_difference(scaled.flat - base.flat, (whole.flat - base.flat) * -0.5),
            1e-4);
  EXPECT_THROW(scale_adapter(testing::adapter_folder("dora"), 2, folder_ + "/no"), Error);
  EXPECT_THROW(scale_adapter(testing::adapter_folder("saved"), 2, folder_ + "/no"), Error);
  EXPECT_FALSE(folder_exists(folder_ + "/no"));
}

}  // namespace
}  // namespace laconic
