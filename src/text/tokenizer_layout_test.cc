// Metaspace and byte-fallback tokenizers (the layouts of Llama 2, Mistral, Phi-3 and Gemma, and
// each setting of each part) against `tokenizers`: tests/golden/tokenizer.py.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/philox.h"
#include "text/tokenizer.h"
#include "text/utf8.h"

namespace laconic {
namespace {

const std::string kGolden = LACONIC_SOURCE_DIR "/tests/golden/";

const Json& base() {
  static const Json json = Json::parse(read_file(kGolden + "tokenizer_layouts.json"), "base");
  return json;
}

const std::vector<Json>& golden_rows() {
  static const std::vector<Json> rows = [] {
    std::istringstream in(read_file(kGolden + "tokenizer_layouts.jsonl"));
    std::vector<Json> read;
    for (std::string line; std::getline(in, line);) read.push_back(Json::parse(line, "golden"));
    return read;
  }();
  return rows;
}

Tokenizer tokenizer_of(const Json& row) {
  Json changed = base();
  for (const auto& [field, value] : row.at("changes", "golden").as_object("golden")) {
    if (field != "model") {
      changed[field] = value;
      continue;
    }
    for (const auto& [key, part] : value.as_object("golden")) changed["model"][key] = part;
  }
  return Tokenizer::from_json(changed, "golden");
}

const std::string& name_of(const Json& row) { return row.at("name", "golden").as_string("golden"); }

std::vector<int32_t> ids_of(const Json& json) {
  std::vector<int32_t> ids;
  for (const Json& id : json.as_array("golden"))
    ids.push_back(static_cast<int32_t>(id.as_integer("golden")));
  return ids;
}

// One by one; checks that no piece ends inside a character.
std::string streamed(const Tokenizer& tokenizer, std::span<const int32_t> ids, bool skip_special) {
  IncrementalDecoder decoder(tokenizer, skip_special);
  std::string text;
  for (const int32_t id : ids) {
    const std::string piece = decoder.push(id);
    EXPECT_EQ(valid_utf8_prefix(piece), piece.size());
    text += piece;
  }
  return text + decoder.finish();
}

TEST(TokenizerLayouts, EncodeAndDecodeAsTokenizersDo) {
  EXPECT_GE(golden_rows().size(), 100u);
  for (const Json& row : golden_rows()) {
    SCOPED_TRACE(name_of(row));
    const Tokenizer tokenizer = tokenizer_of(row);
    for (const Json& one : row.at("cases", "golden").as_array("golden")) {
      const std::string& text = one.at("text", "golden").as_string("golden");
      const std::vector<int32_t> ids = ids_of(one.at("ids", "golden"));
      const Json* plain = one.find("plain_ids");
      const Json* special = one.find("special_ids");
      const Json* decoded = one.find("decoded");
      EXPECT_EQ(tokenizer.encode(text), ids) << text;
      EXPECT_EQ(tokenizer.encode(text, {.use_memory = false}), ids) << text;
      EXPECT_EQ(tokenizer.encode(text, {.match_special = false}), plain ? ids_of(*plain) : ids);
      EXPECT_EQ(tokenizer.encode(text, {.add_special = true}), special ? ids_of(*special) : ids);
      const std::string& back = decoded ? decoded->as_string("golden") : text;
      EXPECT_EQ(tokenizer.decode(ids), back);
      EXPECT_EQ(streamed(tokenizer, ids, false), back);
    }
  }
}

TEST(TokenizerLayouts, DecodeAnyIdsAsTokenizersDo) {
  for (const Json& row : golden_rows()) {
    SCOPED_TRACE(name_of(row));
    const Tokenizer tokenizer = tokenizer_of(row);
    for (const Json& one : row.at("decodings", "golden").as_array("golden")) {
      const Json::Array& parts = one.as_array("golden");
      const std::vector<int32_t> ids = ids_of(parts[0]);
      for (const bool skip_special : {false, true}) {
        const std::string& text = parts[skip_special ? 2 : 1].as_string("golden");
        EXPECT_EQ(tokenizer.decode(ids, skip_special), text) << parts[0].dump();
        EXPECT_EQ(streamed(tokenizer, ids, skip_special), text) << parts[0].dump();
      }
    }
  }
}

// The layouts of real models lose nothing: what encoding should keep comes back, at any length.
TEST(TokenizerLayouts, DecodingGivesBackWhatNormalizeSays) {
  const std::u32string alphabet = U"aethpln  \n\t\u00e9\u4f60\U0001F642\u2581<s>0x41";
  for (const Json& row : golden_rows()) {
    if (!name_of(row).starts_with("layout")) continue;
    SCOPED_TRACE(name_of(row));
    const Tokenizer tokenizer = tokenizer_of(row);
    PhiloxStream random(7, 8);
    for (int i = 0; i < 500; ++i) {
      std::string text;
      for (auto n = random.integer(0, i % 10 == 0 ? 400 : 12); n > 0; --n)
        append_utf8(alphabet[static_cast<size_t>(
                        random.integer(0, static_cast<int64_t>(alphabet.size()) - 1))],
                    text);
      const auto ids = tokenizer.encode(text);
      ASSERT_EQ(tokenizer.decode(ids), tokenizer.normalize(text)) << text;
      ASSERT_EQ(tokenizer.encode(text, {.use_memory = false}), ids) << text;
    }
  }
}

TEST(TokenizerLayouts, ManyTextsOnManyThreads) {
  const Tokenizer tokenizer = tokenizer_of(golden_rows().front());
  std::vector<std::string> texts;
  for (int i = 0; i < 300; ++i) texts.push_back(cat("the plan is ", i, " then ", i * i, "\n"));
  const auto all = tokenizer.encode_all(texts, {.add_special = true}, 4);
  ASSERT_EQ(all.size(), texts.size());
  for (size_t i = 0; i < texts.size(); ++i)
    EXPECT_EQ(all[i], tokenizer.encode(texts[i], {.add_special = true}));
  EXPECT_TRUE(tokenizer.encode_all({}).empty());
  texts[17] = "bad \xff";
  texts[200] = "\xff";
  try {
    tokenizer.encode_all(texts, {}, 3);
    ADD_FAILURE() << "was accepted";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "tokenizer: expected UTF-8, got an ill-formed byte at offset 4");
  }
}

TEST(TokenizerLayouts, StreamsTextAsSoonAsItIsSettled) {
  const Tokenizer tokenizer = tokenizer_of(golden_rows().front());
  const auto id = [&](const char* token) { return *tokenizer.token_to_id(token); };
  IncrementalDecoder decoder(tokenizer);
  EXPECT_EQ(decoder.push(id("\u2581")), "");  // the blank in front of the text
  EXPECT_EQ(decoder.push(id("\u2581")), " ");
  EXPECT_EQ(decoder.push(id("t")), "t");
  EXPECT_EQ(decoder.push(id("<0xC3>")), "");
  EXPECT_EQ(decoder.push(id("<0xA9>")), "");  // one more byte could spoil the run
  EXPECT_EQ(decoder.push(id("e")), "\u00e9e");
  EXPECT_EQ(decoder.push(id("<0xC3>")), "");
  EXPECT_EQ(decoder.finish(), "\uFFFD");
  EXPECT_EQ(decoder.push(id("\u2581")), "");  // a new text
}

}  // namespace
}  // namespace laconic
