// SPDX-License-Identifier: Apache-2.0
#include "base/model_card.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <limits>

#include "base/file.h"

namespace laconic {
namespace {

TEST(ModelCard, AnIdIsOneOfTheHub) {
  EXPECT_EQ(hub_id("Qwen/Qwen2.5-0.5B"), "Qwen/Qwen2.5-0.5B");
  EXPECT_EQ(hub_id("/c/hub/models--Qwen--Qwen2.5-0.5B/snapshots/0a1b"), "Qwen/Qwen2.5-0.5B");
  EXPECT_EQ(hub_id("hub/datasets--openai--gsm8k/snapshots/0a1b/main/train.parquet"),
            "openai/gsm8k");
  for (const char* local :
       {"/data/models/base", "models/base/", "a/b/c", "../base", "./base", "base", "-a/b", "a/b.",
        "a--b/c", "a b/c", "", "x/models--Qwen/snapshots/1", "xmodels--Qwen--Q/snapshots/1"})
    EXPECT_EQ(hub_id(local), "") << local;
}

// "ORG/NAME" that is a folder here is that folder, whatever it holds.
TEST(ModelCard, AFolderThatIsThereIsNoId) {
  const std::string folder = testing::TempDir() + "laconic_card";
  std::filesystem::create_directories(folder + "/models--Org--Name/snapshots/1");
  std::filesystem::create_directories(folder + "/org/name");
  std::filesystem::remove(folder + "/link");
  std::filesystem::create_directory_symlink(folder + "/models--Org--Name/snapshots/1",
                                            folder + "/link");
  const std::filesystem::path here = std::filesystem::current_path();
  std::filesystem::current_path(folder);
  EXPECT_EQ(hub_id("org/name"), "");
  EXPECT_EQ(hub_id("link"), "Org/Name");
  std::filesystem::current_path(here);
  std::filesystem::remove_all(folder);
}

TEST(ModelCard, FrontMatterHoldsWhatTheHubKnows) {
  ModelCard card;
  card.name = "run: 1";
  card.base = "Qwen/Qwen2.5-0.5B";
  card.tags = {"laconic"};
  card.data = {"openai/gsm8k", "rows.jsonl"};
  card.measured_on = "dev.jsonl";
  card.metrics = {{"accuracy", "accuracy", 0.5},
                  {"tokens", "", std::numeric_limits<double>::infinity()}};
  card.command = "laconic sft";
  card.body = "Text.\n";
  EXPECT_EQ(model_card_text(card), R"(---
base_model: "Qwen/Qwen2.5-0.5B"
base_model_relation: finetune
library_name: transformers
pipeline_tag: text-generation
tags:
- "laconic"
datasets:
- "openai/gsm8k"
metrics:
- "accuracy"
model-index:
- name: "run: 1"
  results:
  - task:
      type: text-generation
    dataset:
      name: "dev.jsonl"
      type: "custom"
      split: "test"
    metrics:
    - type: "accuracy"
      name: "accuracy"
      value: 0.5
---

# run: 1

Text.

Trained on: `openai/gsm8k`, `rows.jsonl`.

Made by:

    laconic sft
)");
}

TEST(ModelCard, ALocalBaseIsNamedInTheTextOnly) {
  ModelCard card;
  card.base = "some/models/ba`se/";
  const std::string text = model_card_text(card);
  EXPECT_EQ(text.find("base_model:"), std::string::npos);
  EXPECT_EQ(text.find("some/"), std::string::npos);
  EXPECT_NE(text.find("Base model: `` ba`se ``, a local folder"), std::string::npos) << text;
  EXPECT_EQ(text.find("model-index"), std::string::npos);
}

TEST(ModelCard, ACommandIsWhatAShellReads) {
  EXPECT_EQ(shell_command("laconic sft", {"--train", "a b.jsonl=0.5", "--out", "it's", "", "x\ny"}),
            "laconic sft --train 'a b.jsonl=0.5' --out 'it'\\''s' '' 'x y'");
}

}  // namespace
}  // namespace laconic
