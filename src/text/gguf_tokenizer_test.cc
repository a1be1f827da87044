// SPDX-License-Identifier: Apache-2.0
#include "text/gguf_tokenizer.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "base/gguf.h"
#include "text/tokenizer.h"

namespace laconic {
namespace {

// The 256 byte tokens need no names here: a few letters, one merge, specials.
Json metadata(const char* pre) {
  Json json = Json::object();
  json["tokenizer.ggml.model"] = "gpt2";
  json["tokenizer.ggml.pre"] = pre;
  json["tokenizer.ggml.tokens"] =
      Json::parse(R"(["<end>", "a", "b", "ab", "1", "2", "12", "<tool>", "[PAD8]"])", "t");
  json["tokenizer.ggml.token_type"] = Json::parse("[3, 1, 1, 1, 1, 1, 1, 4, 5]", "t");
  json["tokenizer.ggml.merges"] = Json::parse(R"(["a b", "1 2"])", "t");
  json["tokenizer.ggml.eos_token_id"] = 0;
  json["tokenizer.chat_template"] = "{{ messages }}";
  return json;
}

Tokenizer tokenizer_of(const Json& json) {
  const GgufTokenizer made = make_gguf_tokenizer(json, 64, "f");
  return Tokenizer::from_json(Json::parse(made.files.at("tokenizer.json"), "t"), "t");
}

using Ids = std::vector<int32_t>;

TEST(GgufTokenizer, PreTokenizerDecidesHowDigitsSplit) {
  EXPECT_EQ(tokenizer_of(metadata("gpt-2")).encode("ab12"), (Ids{3, 6}));
  EXPECT_EQ(tokenizer_of(metadata("default")).encode("ab12"), (Ids{3, 6}));
  EXPECT_EQ(tokenizer_of(metadata("llama-bpe")).encode("ab12"), (Ids{3, 6}));
  EXPECT_EQ(tokenizer_of(metadata("smollm")).encode("ab12"), (Ids{3, 4, 5}));
  EXPECT_EQ(tokenizer_of(metadata("qwen2")).encode("ab12"), (Ids{3, 4, 5}));
}

TEST(GgufTokenizer, SpecialAndPaddingTokens) {
  const Tokenizer tokenizer = tokenizer_of(metadata("qwen2"));
  EXPECT_EQ(tokenizer.encode("a<end><tool>"), (Ids{1, 0, 7}));
  EXPECT_TRUE(tokenizer.is_special(0));
  EXPECT_FALSE(tokenizer.is_special(7));
  EXPECT_FALSE(tokenizer.token_to_id("[PAD8]").has_value());
}

TEST(GgufTokenizer, FilesAndIds) {
  Json json = metadata("llama-bpe");
  json["tokenizer.ggml.bos_token_id"] = 7;
  json["tokenizer.ggml.eot_token_id"] = 7;
  const GgufTokenizer made = make_gguf_tokenizer(json, 64, "f");
  EXPECT_EQ(made.token_ids.dump(), R"({"bos_token_id": 7, "eos_token_id": [0, 7]})");
  EXPECT_EQ(made.files.at("chat_template.jinja"), "{{ messages }}");
  const Json config = Json::parse(made.files.at("tokenizer_config.json"), "c");
  EXPECT_EQ(config.at("chat_template", "").as_string(""), "{{ messages }}");
  EXPECT_EQ(config.at("eos_token", "").as_string(""), "<end>");
  EXPECT_EQ(config.at("model_max_length", "").as_integer(""), 64);
  // Llama 3's pre-tokenizer puts the BOS in front unless the file says otherwise.
  EXPECT_EQ(tokenizer_of(json).encode("a", {.add_special = true}), (Ids{7, 1}));
  json["tokenizer.ggml.add_bos_token"] = false;
  EXPECT_EQ(tokenizer_of(json).encode("a", {.add_special = true}), (Ids{1}));
}

TEST(GgufTokenizer, RefusesInOneLine) {
  struct Case {
    const char* key;
    const char* value;
    const char* message;
  };
  const Case cases[] = {
      {"tokenizer.ggml.pre", "\"tekken\"",
       "f: tokenizer.ggml.pre: expected smollm, qwen2, deepseek-r1-qwen, llama-bpe, gpt-2 or "
       "default, got \"tekken\""},
      {"tokenizer.ggml.pre", "null", "f: tokenizer.ggml.pre: expected a string, got null"},
      {"tokenizer.ggml.model", "\"llama\"",
       "f: tokenizer.ggml.model: expected \"gpt2\", got \"llama\" (only byte-level BPE is "
       "supported)"},
      {"tokenizer.ggml.token_type", "[1]",
       "f: tokenizer.ggml.token_type: expected 9 items (one a token), got 1"},
      {"tokenizer.ggml.token_type", "[3, 1, 1, 1, 1, 1, 6, 4, 5]",
       "f: tokenizer.ggml.token_type: expected types from 1 to 5, got 6 for \"12\""},
      {"tokenizer.ggml.eos_token_id", "9",
       "f: tokenizer.ggml.eos_token_id: expected an id below 9, got 9"},
      {"tokenizer.ggml.add_eos_token", "true",
       "f: tokenizer.ggml.add_eos_token: expected false, got true (not supported)"},
      {"tokenizer.ggml.add_bos_token", "true",
       "f: tokenizer.ggml.bos_token_id: expected an id (add_bos_token), got none"},
      {"tokenizer.chat_template", "[]", "f: tokenizer.chat_template: expected a string, got array"},
  };
  for (const Case& c : cases) {
    Json json = metadata("qwen2");
    json[c.key] = Json::parse(c.value, "case");
    try {
      make_gguf_tokenizer(json, 64, "f");
      ADD_FAILURE() << c.key << ": accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kModel);
      EXPECT_STREQ(error.what(), c.message);
    }
  }
}

// The golden ids are `tokenizers`' own (tests/golden/make_smollm2.py).
TEST(GgufTokenizer, SmolLm2AsTokenizersReadsIt) {
  const char* path = std::getenv("LACONIC_SMOLLM2_GGUF");
  if (!path || !file_exists(path)) GTEST_SKIP() << "no file at $LACONIC_SMOLLM2_GGUF";
  const Tokenizer tokenizer = tokenizer_of(GgufFile(path).index().metadata);
  std::istringstream rows(read_file(LACONIC_SOURCE_DIR "/tests/golden/smollm2_tokenizer.jsonl"));
  int num_rows = 0;
  for (std::string line; std::getline(rows, line); ++num_rows) {
    const Json row = Json::parse(line, "smollm2_tokenizer.jsonl");
    const std::string& text = row.at("text", "").as_string("");
    Ids expected;
    for (const Json& id : row.at("ids", "").as_array(""))
      expected.push_back(static_cast<int32_t>(id.as_integer("")));
    EXPECT_EQ(tokenizer.encode(text), expected) << text;
    EXPECT_EQ(tokenizer.decode(expected), text);
  }
  EXPECT_EQ(num_rows, 400);
}

}  // namespace
}  // namespace laconic
