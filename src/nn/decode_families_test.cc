// Decoding of every family and rope scaling against transformers on random tiny models: logits, 64
// greedy tokens before and past the window and the original context. Numbers:
// tests/golden/make_families.py. And what holds for all of them: a slot's bits depend neither on
// the other slots, nor on how threads share the work, nor on copies.
// SPDX-License-Identifier: Apache-2.0
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "base/file.h"
#include "base/json.h"
#include "base/safetensors.h"
#include "nn/decode.h"
#include "nn/decode_pass.h"
#include "nn/model_folder.h"
#include "nn/rope.h"

namespace laconic {
namespace {

using Ids = std::vector<int32_t>;

constexpr int64_t kCapacity = 160;

Ids read_ids(const Json& json) {
  Ids ids;
  for (const Json& id : json.as_array("ids"))
    ids.push_back(static_cast<int32_t>(id.as_integer("id")));
  return ids;
}

class FamilyDecode : public testing::TestWithParam<const char*> {
 protected:
  FamilyDecode()
      : folder_(std::string(LACONIC_SOURCE_DIR "/tests/golden/families/") + GetParam()),
        weights_(load_model(folder_).weights),
        golden_(Json::parse(read_file(folder_ + "/expected.json"), "expected.json")) {
    at::set_num_threads(1);
    for (const Json& row : golden_.at("documents", "golden").as_array("documents"))
      documents_.push_back(read_ids(row.at("ids", "row")));
    for (const Json& run : golden_.at("greedy", "golden").as_array("greedy")) {
      prompts_.push_back(read_ids(run.at("prompt", "run")));
      tokens_.push_back(read_ids(run.at("tokens", "run")));
    }
  }
  ~FamilyDecode() override { at::set_num_threads(num_threads_); }

  size_t vocab() const { return static_cast<size_t>(weights_.config.vocab_size); }
  bool rotated_alike(size_t a, size_t b) const {
    return rope_regime(weights_.config, false, static_cast<int64_t>(a)) ==
           rope_regime(weights_.config, false, static_cast<int64_t>(b));
  }

  // Logits after each of `ids` from the num_prompt-th on.
  std::vector<std::vector<float>> run(DecodeModel& model, int32_t slot, const Ids& ids,
                                      size_t num_prompt) const {
    std::vector<std::vector<float>> rows(1, std::vector<float>(vocab()));
    model.prefill(slot, std::span(ids).first(num_prompt), rows[0]);
    for (size_t i = num_prompt; i < ids.size(); ++i) {
      rows.emplace_back(vocab());
      model.step(Ids{slot}, Ids{ids[i]}, rows.back());
    }
    return rows;
  }
  std::vector<std::vector<float>> run(const Ids& ids, size_t num_prompt) const {
    DecodeModel model(weights_, 1, kCapacity);
    return run(model, 0, ids, num_prompt);
  }

  // The prompt and what transformers made of it.
  Ids whole(size_t i) const {
    Ids ids = prompts_[i];
    ids.insert(ids.end(), tokens_[i].begin(), tokens_[i].end());
    return ids;
  }

  const int num_threads_ = at::get_num_threads();
  const std::string folder_;
  const Weights weights_;
  const Json golden_;
  std::vector<Ids> documents_, prompts_, tokens_;
};

TEST_P(FamilyDecode, Logits) {
  const SafetensorsFile file(folder_ + "/logits.safetensors");
  ASSERT_EQ(file.index().tensors.size(), documents_.size());
  for (const TensorEntry& entry : file.index().tensors) {
    const Ids& ids = documents_[static_cast<size_t>(std::stoi(entry.name))];
    std::vector<float> want(ids.size() * vocab());
    const auto bytes = file.bytes(entry);
    ASSERT_EQ(bytes.size(), want.size() * sizeof(float));
    std::memcpy(want.data(), bytes.data(), bytes.size());
    // The first position whose logits a document's beginning has too.
    size_t num_prompt = ids.size();
    while (num_prompt > 1 && rotated_alike(num_prompt - 1, ids.size())) --num_prompt;
    const auto rows = run(ids, num_prompt);
    for (size_t i = 0; i < rows.size(); ++i)
      for (size_t v = 0; v < vocab(); ++v)
        ASSERT_NEAR(rows[i][v], want[(num_prompt - 1 + i) * vocab() + v], 2e-4)
            << "document " << entry.name << " position " << num_prompt - 1 + i << " id " << v;
  }
}

TEST_P(FamilyDecode, GreedyTokens) {
  for (size_t i = 0; i < prompts_.size(); ++i) {
    DecodeModel model(weights_, 1, kCapacity);
    std::vector<float> logits(vocab());
    model.prefill(0, prompts_[i], logits);
    Ids got;
    while (true) {
      got.push_back(
          static_cast<int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin()));
      if (got.size() == tokens_[i].size()) break;
      model.step(Ids{0}, Ids{got.back()}, logits);
    }
    EXPECT_EQ(got, tokens_[i]) << "prompt " << i;
  }
}

TEST_P(FamilyDecode, SplitOfThePromptDoesNotMatterWithinARegime) {
  const Ids ids = whole(1);  // longer than a chunk of a prompt
  const auto from_start = run(ids, prompts_[1].size());
  for (size_t num_prompt : {size_t{80}, size_t{129}, ids.size()}) {
    if (!rotated_alike(prompts_[1].size(), num_prompt)) continue;
    EXPECT_EQ(run(ids, num_prompt).back(), from_start.back()) << num_prompt;
  }
}

TEST_P(FamilyDecode, NeighboursThreadsAndSplitsDoNotMatter) {
  std::vector<Ids> sequences = {whole(0), whole(1)};
  sequences.insert(sequences.end(), documents_.begin(), documents_.end());
  std::vector<std::vector<std::vector<float>>> alone;
  for (const Ids& ids : sequences) alone.push_back(run(ids, 5));
  for (const bool by_columns : {false, true}) {
    for (const int threads : {1, 3}) {
      at::set_num_threads(threads);
      DecodeOptions options;
      options.always_by_columns = by_columns;
      DecodeModel model(weights_, static_cast<int64_t>(sequences.size()), kCapacity, options);
      std::vector<float> logits(vocab());
      for (size_t s = 0; s < sequences.size(); ++s) {
        model.prefill(static_cast<int64_t>(s), std::span(sequences[s]).first(5), logits);
        EXPECT_EQ(logits, alone[s][0]);
      }
      for (size_t i = 5; i < static_cast<size_t>(kCapacity); ++i) {
        Ids slots, ids;
        for (size_t s = sequences.size(); s-- > 0;) {
          if (i >= sequences[s].size()) continue;
          slots.push_back(static_cast<int32_t>(s));
          ids.push_back(sequences[s][i]);
        }
        if (slots.empty()) break;
        logits.resize(slots.size() * vocab());
        model.step(slots, ids, logits);
        for (size_t row = 0; row < slots.size(); ++row)
          ASSERT_TRUE(std::equal(logits.begin() + static_cast<long>(row * vocab()),
                                 logits.begin() + static_cast<long>((row + 1) * vocab()),
                                 alone[static_cast<size_t>(slots[row])][i - 4].begin()))
              << "sequence " << slots[row] << " position " << i << " threads " << threads;
      }
    }
  }
}

// What the sampler does: samples of one problem start from its prompt in a slot that has run on.
TEST_P(FamilyDecode, ACopyOfThePromptGoesOnAsThePromptWould) {
  for (const size_t num_prompt : {size_t{5}, size_t{72}}) {
    const Ids ids = whole(1);
    const Ids head(ids.begin(), ids.begin() + 100);
    const auto expected = run(head, num_prompt);
    for (const size_t source_prompt : {num_prompt, size_t{100}}) {
      DecodeModel model(weights_, 2, kCapacity);
      run(model, 0, head, source_prompt);
      model.copy_slot(0, 1, static_cast<int64_t>(num_prompt));
      EXPECT_EQ(model.num_positions(1), static_cast<int64_t>(num_prompt));
      std::vector<float> logits(vocab());
      for (size_t i = num_prompt; i < head.size(); ++i) {
        model.step(Ids{1}, Ids{head[i]}, logits);
        ASSERT_EQ(logits, expected[i - num_prompt + 1]) << "position " << i;
      }
    }
  }
}

// From a prompt, and from a prompt and steps, within and across the contexts that rotations depend
// on.
TEST_P(FamilyDecode, ExtendedAsThePromptOfTheWhole) {
  const Ids ids = whole(1);
  std::vector<float> expected(vocab()), next(vocab()), logits(vocab());
  for (const size_t length : {size_t{40}, size_t{90}, ids.size() - 1}) {
    DecodeModel model(weights_, 3, kCapacity);
    model.prefill(0, std::span(ids).first(length), expected);
    model.step(Ids{0}, Ids{ids[length]}, next);
    for (const size_t num_prompt : {size_t{5}, size_t{30}}) {
      for (const size_t from : {num_prompt, num_prompt + 8, length - 1}) {
        run(model, 1, Ids(ids.begin(), ids.begin() + static_cast<long>(from)), num_prompt);
        model.copy_slot(1, 2, static_cast<int64_t>(from));
        for (const int32_t slot : {2, 1}) {
          model.extend(slot, std::span(ids).subspan(from, length - from), logits);
          ASSERT_EQ(logits, expected) << from << " to " << length << " slot " << slot;
          model.step(Ids{slot}, Ids{ids[length]}, logits);
          ASSERT_EQ(logits, next) << from << " to " << length << " slot " << slot;
        }
      }
    }
  }
}

TEST(Rope, DynamicScalingStretchesTheContext) {
  ModelConfig config;
  config.max_positions = 4096;
  config.rope.factor = 2.5;
  EXPECT_EQ(context_positions(config), 4096);
  config.rope.kind = RopeKind::kDynamic;
  EXPECT_EQ(context_positions(config), 10240);
}

INSTANTIATE_TEST_SUITE_P(Families, FamilyDecode,
                         testing::Values("qwen2", "qwen3", "llama3", "llama_biases", "mistral",
                                         "phi3", "phi3_longrope", "phi4_mini", "gemma2", "gemma3",
                                         "qwen3_moe", "qwen3_moe_raw", "rope_linear",
                                         "rope_dynamic", "rope_yarn", "rope_yarn_mscale",
                                         "rope_longrope"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace laconic
