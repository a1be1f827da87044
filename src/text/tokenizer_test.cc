// Ids against llama.cpp's published cases and against `tokenizers` (tests/golden/tokenizer.py).
// What is refused: tokenizer_refusal_test.cc.
// SPDX-License-Identifier: Apache-2.0
#include "text/tokenizer.h"

#include <gtest/gtest.h>

#include <map>
#include <sstream>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/philox.h"
#include "base/test_data.h"
#include "text/utf8.h"

namespace laconic {
namespace {

const std::string kGolden = LACONIC_SOURCE_DIR "/tests/golden/";

// Null where the shared data is absent.
const Tokenizer* shared_tokenizer(const std::string& name) {
  static std::map<std::string, Tokenizer> loaded;
  if (const auto it = loaded.find(name); it != loaded.end()) return &it->second;
  const std::string path = shared_data_path("tokenizers/" + name + "/tokenizer.json");
  if (!file_exists(path)) return nullptr;
  return &loaded.emplace(name, Tokenizer::from_file(path)).first->second;
}

std::vector<std::string> published_cases() {
  const std::string inputs =
      read_file(shared_data_path("tokenizer-cases/ggml-vocab-qwen2.gguf.inp"));
  const std::string separator = "\n__ggml_vocab_test__\n";
  std::vector<std::string> cases;
  for (size_t begin = 0; begin <= inputs.size();) {
    const size_t end = std::min(inputs.find(separator, begin), inputs.size());
    cases.push_back(inputs.substr(begin, end - begin));
    begin = end + separator.size();
  }
  return cases;
}

std::vector<Json> read_lines(const std::string& path) {
  std::istringstream in(read_file(path));
  std::vector<Json> rows;
  for (std::string line; std::getline(in, line);) rows.push_back(Json::parse(line, path));
  return rows;
}

std::vector<int32_t> ids_of(const Json& json) {
  std::vector<int32_t> ids;
  for (const Json& id : json.as_array("golden"))
    ids.push_back(static_cast<int32_t>(id.as_integer("golden")));
  return ids;
}

// "ids" and, where they differ from those, "plain_ids" and "special_ids".
void expect_case(const Tokenizer& tokenizer, const Json& row, const std::string& text) {
  const auto ids = ids_of(row.at("ids", "golden"));
  EXPECT_EQ(tokenizer.encode(text), ids) << text;
  const Json* plain = row.find("plain_ids");
  const Json* special = row.find("special_ids");
  EXPECT_EQ(tokenizer.encode(text, {false, false}), plain ? ids_of(*plain) : ids) << text;
  EXPECT_EQ(tokenizer.encode(text, {true, true}), special ? ids_of(*special) : ids) << text;
}

TEST(Tokenizer, Qwen2GivesTheIdsOfLlamaCppsCases) {
  const Tokenizer* tokenizer = shared_tokenizer("qwen2.5");
  if (!tokenizer) GTEST_SKIP() << "no shared data: tokenizers/qwen2.5";
  std::istringstream outputs(
      read_file(shared_data_path("tokenizer-cases/ggml-vocab-qwen2.gguf.out")));
  const auto cases = published_cases();
  EXPECT_GE(cases.size(), 45u);
  for (const std::string& text : cases) {
    std::string line;
    if (!std::getline(outputs, line)) break;  // the text behind the last separator has no ids
    std::istringstream numbers(line);
    std::vector<int32_t> expected;
    for (int32_t id; numbers >> id;) expected.push_back(id);
    EXPECT_EQ(tokenizer->encode(text), expected) << text;
  }
}

TEST(Tokenizer, SharedTokenizersGiveTheIdsOfTokenizers) {
  if (!shared_tokenizer("qwen2.5")) GTEST_SKIP() << "no shared data: tokenizers";
  const auto cases = published_cases();
  for (const Json& row : read_lines(kGolden + "tokenizer_shared.jsonl")) {
    const std::string& name = row.at("tokenizer", "golden").as_string("golden");
    const Tokenizer* tokenizer = shared_tokenizer(name);
    ASSERT_NE(tokenizer, nullptr) << name;
    const Json* number = row.find("case");
    const std::string text = number ? cases.at(static_cast<size_t>(number->as_integer("golden")))
                                    : row.at("text", "golden").as_string("golden");
    expect_case(*tokenizer, row, text);
  }
}

TEST(Tokenizer, EverySettingGivesTheIdsOfTokenizers) {
  const Json small = Json::parse(read_file(kGolden + "tokenizer_small.json"), "small");
  int num_variants = 0;
  for (const Json& row : read_lines(kGolden + "tokenizer_variants.jsonl")) {
    const std::string& name = row.at("name", "golden").as_string("golden");
    SCOPED_TRACE(name);
    Json changed = small;
    for (const auto& [field, value] : row.at("changes", "golden").as_object("golden")) {
      if (field != "model") {
        changed[field] = value;
        continue;
      }
      for (const auto& [key, part] : value.as_object("golden")) changed["model"][key] = part;
    }
    const Tokenizer tokenizer = Tokenizer::from_json(changed, name);
    for (const Json& one : row.at("cases", "golden").as_array("golden"))
      expect_case(tokenizer, one, one.at("text", "golden").as_string("golden"));
    ++num_variants;
  }
  EXPECT_GE(num_variants, 100);
}

// Letters, blanks, marks, digits, emoji, added tokens and anything else.
std::string random_text(PhiloxStream& random) {
  static const std::vector<std::u32string> pools = {U"abcdefghijklmnopqrstuvwxyz",
                                                    U" \t\n\r",
                                                    U"0123456789",
                                                    U"\u0301\u0323\u0338\u3099\u0345",
                                                    U"'sStTkK",
                                                    U"\u00e9\u00df\u212b\u1100\u1161\u11a8\uac00",
                                                    U"\u4f60\u597d\u3042\u3002",
                                                    U"\U0001F642\U0001F44D\u200d\ufe0f",
                                                    U"<|>im_end/think"};
  const auto pick = [&](size_t n) {
    return static_cast<size_t>(random.integer(0, static_cast<int64_t>(n) - 1));
  };
  std::string text;
  for (size_t parts = 1 + pick(6); parts > 0; --parts) {
    const size_t kind = pick(pools.size() + 2);
    if (kind == pools.size()) text += "<|im_end|>";
    for (size_t n = 1 + pick(6); n > 0 && kind != pools.size(); --n) {
      char32_t c = kind < pools.size() ? pools[kind][pick(pools[kind].size())]
                                       : static_cast<char32_t>(pick(0x110000));
      if (c >= 0xD800 && c < 0xE000) c = 0xFFFD;
      append_utf8(c, text);
    }
  }
  return text;
}

TEST(Tokenizer, DecodingGivesTheNormalizedTextBack) {
  std::vector<const Tokenizer*> tokenizers;
  const Tokenizer small = Tokenizer::from_file(kGolden + "tokenizer_small.json");
  tokenizers.push_back(&small);
  for (const char* name : {"qwen2.5", "deepseek-r1-distill-qwen", "llama3"})
    if (const Tokenizer* tokenizer = shared_tokenizer(name)) tokenizers.push_back(tokenizer);
  PhiloxStream random(1, 2);
  for (int i = 0; i < 20000; ++i) {
    const std::string text = random_text(random);
    const Tokenizer& tokenizer = *tokenizers[static_cast<size_t>(i) % tokenizers.size()];
    const auto ids = tokenizer.encode(text);
    const std::string normalized = tokenizer.normalize(text);
    ASSERT_EQ(tokenizer.decode(ids), normalized) << i << ": " << text;
    IncrementalDecoder decoder(tokenizer);
    std::string streamed;
    for (const int32_t id : ids) {
      const std::string piece = decoder.push(id);
      ASSERT_EQ(valid_utf8_prefix(piece), piece.size());
      streamed += piece;
    }
    ASSERT_EQ(streamed + decoder.finish(), normalized) << i << ": " << text;
  }
}

TEST(Tokenizer, IncrementalDecodingOfAnyIdsIsDecoding) {
  const Tokenizer tokenizer = Tokenizer::from_file(kGolden + "tokenizer_small.json");
  PhiloxStream random(3, 4);
  for (int i = 0; i < 5000; ++i) {
    std::vector<int32_t> ids(static_cast<size_t>(random.integer(0, 9)));
    for (int32_t& id : ids)
      id = static_cast<int32_t>(random.integer(0, i % 2 ? 255 : tokenizer.size() + 2));
    IncrementalDecoder decoder(tokenizer, i % 3 == 0);
    std::string streamed;
    for (const int32_t id : ids) streamed += decoder.push(id);
    ASSERT_EQ(streamed + decoder.finish(), tokenizer.decode(ids, i % 3 == 0)) << i;
  }
}

TEST(Tokenizer, LongPiecesMergeAsShortOnesDo) {
  // The heap (pieces above 48 bytes) and the scan agree: a long run is cut by nothing but merges.
  const Tokenizer tokenizer = Tokenizer::from_file(kGolden + "tokenizer_small.json");
  const std::string letters(100000, 'a');
  const auto ids = tokenizer.encode(letters);
  EXPECT_EQ(tokenizer.decode(ids), letters);
  const std::string blanks(1 << 20, ' ');
  EXPECT_EQ(tokenizer.decode(tokenizer.encode(blanks + "x")), blanks + "x");
}

TEST(Tokenizer, ThreadsAndTokenizersDoNotMix) {
  const Tokenizer small = Tokenizer::from_file(kGolden + "tokenizer_small.json");
  Json json = Json::parse(read_file(kGolden + "tokenizer_small.json"), "small");
  json["model"]["merges"] = Json::array();
  const Tokenizer bytes = Tokenizer::from_json(json, "bytes");
  const std::string text = "The answer is 12. First we plan, then we work.";
  const auto merged = small.encode(text), single = bytes.encode(text);
  EXPECT_EQ(single.size(), text.size());
  EXPECT_LT(merged.size(), single.size());
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i)
        wrong += small.encode(text) != merged || bytes.encode(text) != single;
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Tokenizer, NormalizeKeepsAddedTokensApart) {
  const Tokenizer tokenizer = Tokenizer::from_file(kGolden + "tokenizer_small.json");
  EXPECT_EQ(tokenizer.normalize("e\u0301>\u0338"), "\u00e9\u226f");
  EXPECT_EQ(tokenizer.normalize("<|im_end|>\u0338"), "<|im_end|>\u0338");
}

TEST(Tokenizer, KnowsItsTokens) {
  const Tokenizer tokenizer = Tokenizer::from_file(kGolden + "tokenizer_small.json");
  const int32_t end = tokenizer.size() - 1;
  EXPECT_EQ(tokenizer.id_to_token(end), "</think>");
  EXPECT_EQ(tokenizer.token_to_id("</think>"), end);
  EXPECT_FALSE(tokenizer.is_special(end));
  EXPECT_TRUE(tokenizer.is_special(*tokenizer.token_to_id("<|im_end|>")));
  EXPECT_EQ(tokenizer.id_to_token(-1), std::nullopt);
  EXPECT_EQ(tokenizer.id_to_token(end + 1), std::nullopt);
  EXPECT_EQ(tokenizer.token_to_id("nothing such"), std::nullopt);
  EXPECT_EQ(tokenizer.token_to_id("\u0120"), 220);  // the blank's id in Qwen2 and GPT-2 alike
  const std::vector<int32_t> beyond = {64, end + 1, 64};
  EXPECT_EQ(tokenizer.decode(beyond), "aa");
}

}  // namespace
}  // namespace laconic
