// SPDX-License-Identifier: Apache-2.0
#include "app/plan_models.h"

#include <gtest/gtest.h>

#include "nn/weights.h"

namespace laconic {
namespace {

// Numbers of weights as the models' cards have them (sums of their safetensors).
TEST(PlanModels, HaveAsManyWeightsAsPublished) {
  const std::pair<const char*, int64_t> cases[] = {
      {"Qwen2.5-0.5B", 494032768},     {"qwen2.5-1.5b", 1543714304},
      {"Qwen/Qwen2.5-3B", 3085938688}, {"Qwen/Qwen2.5-7B-Instruct", 7615616512},
      {"QWEN2.5-14B", 14770033664},    {"Qwen2.5-32B", 32763876352},
      {"Qwen2.5-72B", 72706203648},    {"deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B", 1777088000},
      {"Qwen3-0.6B", 596049920},       {"Qwen3-1.7B", 1720574976},
      {"Qwen3-4B", 4022468096},        {"Qwen3-8B", 8190735360},
      {"Qwen3-14B", 14768307200},      {"Qwen3-32B", 32762123264},
      {"Llama-3.2-1B", 1235814400},    {"Llama-3.2-3B", 3212749824},
      {"Llama-3.1-8B", 8030261248},    {"Llama-3.3-70B", 70553706496},
      {"SmolLM2-135M", 134515008},     {"SmolLM2-360M", 361821120},
      {"SmolLM2-1.7B", 1711376384}};
  for (const auto& [name, weights] : cases) {
    const std::optional<ModelConfig> config = find_known_model(name);
    ASSERT_TRUE(config) << name;
    EXPECT_EQ(count_weights(*config), weights) << name;
  }
}

TEST(PlanModels, EveryNameIsFoundAndNoOther) {
  for (const std::string& name : known_model_names()) EXPECT_TRUE(find_known_model(name)) << name;
  EXPECT_FALSE(find_known_model("Qwen2.5-7"));
  EXPECT_FALSE(find_known_model(""));
}

}  // namespace
}  // namespace laconic
