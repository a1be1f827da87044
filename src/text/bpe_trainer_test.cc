// SPDX-License-Identifier: Apache-2.0
#include "text/bpe_trainer.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "text/tokenizer.h"

namespace laconic {
namespace {

std::vector<Json> merges_of(const Json& json) {
  return json.at("model", "test").at("merges", "test").as_array("test");
}

TEST(BpeTrainer, MergesTheMostFrequentPairFirstAndTheLowestIdsOfEquals) {
  // ab 5 times, bc 3 times; then ("ab", "c") and ("b", "c") compete with 3 : 0.
  const std::vector<std::string> texts = {"abc abc abc", " ab ab"};
  BpeTrainerSettings settings;
  settings.vocab_size = 256 + 3;
  const auto merges = merges_of(train_bpe(texts, settings));
  ASSERT_EQ(merges.size(), 3u);
  EXPECT_EQ(merges[0], Json(Json::Array{"a", "b"}));
  // By now: (Ġ, ab) 4, (ab, c) 3.
  EXPECT_EQ(merges[1], Json(Json::Array{"Ġ", "ab"}));
  EXPECT_EQ(merges[2], Json(Json::Array{"Ġab", "c"}));
}

TEST(BpeTrainer, EqualsGoToTheLowestLeftIdAndTheOrderOfTextsDoesNotMatter) {
  BpeTrainerSettings settings;
  settings.vocab_size = 256 + 2;
  const std::vector<std::string> one = {"yz\nyz", "cd\ncd", "ab\nab"},
                                 other = {"ab\nab", "yz\nyz", "cd\ncd"};
  const Json json = train_bpe(one, settings);
  EXPECT_EQ(merges_of(json)[0], Json(Json::Array{"a", "b"}));
  EXPECT_EQ(merges_of(json)[1], Json(Json::Array{"c", "d"}));
  EXPECT_EQ(json, train_bpe(other, settings));
}

TEST(BpeTrainer, DigitsStaySingleAndAddedTokensComeLast) {
  const std::vector<std::string> texts = {"<think>12 + 12 = 24\n12 + 12</think><|im_end|>"};
  BpeTrainerSettings settings;
  settings.vocab_size = 270;
  settings.special_tokens = {"<|endoftext|>", "<|im_start|>", "<|im_end|>"};
  settings.plain_tokens = {"<think>", "</think>"};
  settings.min_frequency = 2;
  const Tokenizer tokenizer = Tokenizer::from_json(train_bpe(texts, settings), "test");
  EXPECT_LE(tokenizer.size(), 270);
  EXPECT_EQ(tokenizer.token_to_id("</think>"), tokenizer.size() - 1);
  EXPECT_TRUE(tokenizer.is_special(tokenizer.size() - 3));
  EXPECT_FALSE(tokenizer.is_special(tokenizer.size() - 1));
  EXPECT_EQ(tokenizer.encode("1212").size(), 4u);
  EXPECT_FALSE(tokenizer.token_to_id("<th").has_value());
  const auto ids = tokenizer.encode(texts[0]);
  EXPECT_EQ(tokenizer.decode(ids), texts[0]);
  EXPECT_EQ(tokenizer.decode(ids, true), "<think>12 + 12 = 24\n12 + 12</think>");
}

// tests/golden/tokenizer.py has shown that `tokenizers` loads this file and gives the same ids.
TEST(BpeTrainer, MakesTheGoldenTokenizer) {
  const std::string tests = LACONIC_SOURCE_DIR "/tests/";
  const std::vector<std::string> texts = {read_file(tests + "cases/tokenizer_corpus.txt")};
  BpeTrainerSettings settings;
  settings.vocab_size = 420;
  settings.special_tokens = {"<|endoftext|>", "<|im_start|>", "<|im_end|>"};
  settings.plain_tokens = {"<think>", "</think>"};
  EXPECT_EQ(train_bpe(texts, settings).dump() + "\n",
            read_file(tests + "golden/tokenizer_small.json"));
}

TEST(BpeTrainer, StopsWhereNoPairIsLeft) {
  const std::vector<std::string> texts = {"ab"};
  BpeTrainerSettings settings;
  settings.min_frequency = 1;
  EXPECT_EQ(merges_of(train_bpe(texts, settings)).size(), 1u);
  settings.min_frequency = 2;
  EXPECT_TRUE(merges_of(train_bpe(texts, settings)).empty());
}

TEST(BpeTrainer, RefusesAVocabularyWithoutRoomForTheBytes) {
  BpeTrainerSettings settings;
  settings.vocab_size = 256;
  settings.special_tokens = {"<|im_end|>"};
  try {
    train_bpe({}, settings);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_STREQ(error.what(), "train_bpe: expected a vocabulary of at least 257 tokens, got 256");
  }
}

}  // namespace
}  // namespace laconic
