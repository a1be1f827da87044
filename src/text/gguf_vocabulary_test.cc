// SPDX-License-Identifier: Apache-2.0
#include "text/gguf_vocabulary.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <functional>

#include "base/error.h"
#include "base/file.h"
#include "base/gguf.h"
#include "text/gguf_tokenizer.h"
#include "text/tokenizer.h"

namespace laconic {
namespace {

Json metadata(const char* pre) {
  Json json = Json::object();
  json["tokenizer.ggml.model"] = "gpt2";
  json["tokenizer.ggml.pre"] = pre;
  json["tokenizer.ggml.tokens"] =
      Json::parse(R"(["<end>", "a", "b", "ab", "1", "2", "12", "<tool>", "[PAD8]"])", "t");
  json["tokenizer.ggml.token_type"] = Json::parse("[3, 1, 1, 1, 1, 1, 1, 4, 5]", "t");
  json["tokenizer.ggml.merges"] = Json::parse(R"(["a b", "1 2"])", "t");
  json["tokenizer.ggml.bos_token_id"] = 7;
  json["tokenizer.ggml.eos_token_id"] = 0;
  json["tokenizer.ggml.eot_token_id"] = 7;
  json["tokenizer.ggml.padding_token_id"] = 0;
  json["tokenizer.ggml.add_bos_token"] = false;
  json["tokenizer.chat_template"] = "{{ messages }}";
  return json;
}

class GgufVocabularyTest : public ::testing::Test {
 protected:
  void SetUp() override { make_folders(folder_); }
  void TearDown() override { remove_all(folder_); }
  void write(const GgufTokenizer& tokenizer) const {
    for (const auto& [name, bytes] : tokenizer.files)
      write_file_atomic(join_path(folder_, name), bytes);
  }
  // tokenizer.json with one field changed.
  void edit(const std::function<void(Json&)>& change) const {
    const std::string path = join_path(folder_, "tokenizer.json");
    Json json = Json::parse(read_file(path), path);
    change(json);
    write_file_atomic(path, json.dump());
  }
  std::string folder_ = cat(::testing::TempDir(), "/laconic-vocabulary-", ::getpid());
};

// Metadata -> folder -> metadata: everything comes back.
TEST_F(GgufVocabularyTest, TheFolderOfAFileGivesItsMetadataBack) {
  for (const char* pre : {"qwen2", "llama-bpe", "gpt-2", "smollm", "default"}) {
    for (const bool adds_bos : {false, true}) {
      Json json = metadata(pre);
      json["tokenizer.ggml.add_bos_token"] = adds_bos;
      const GgufTokenizer made = make_gguf_tokenizer(json, 64, "f");
      write(made);
      GgufHeader header;
      add_to_header(make_gguf_vocabulary(folder_, 9, {}, {0, 7}), header);
      const std::string file = header.bytes();
      const Json back =
          parse_gguf(std::as_bytes(std::span(file.data(), file.size())), "f").metadata;
      EXPECT_EQ(back, json) << back.dump();
    }
  }
}

TEST_F(GgufVocabularyTest, RefusesInOneLine) {
  const struct {
    std::function<void(Json&)> change;
    const char* message;  // behind the path of tokenizer.json
  } cases[] = {
      {[](Json& json) { json["added_tokens"].items()[1]["lstrip"] = true; },
       ": added token \"<tool>\": lstrip: expected false for a GGUF file, got true"},
      {[](Json& json) { json["normalizer"] = Json::parse(R"({"type": "NFKC"})", ""); },
       ": normalizer: expected none or NFC for a GGUF file, got NFKC"},
      {[](Json& json) { json["model"]["ignore_merges"] = true; },
       ": pre_tokenizer: expected the splitting of Qwen 2, Llama 3, GPT-2 or SmolLM for a GGUF "
       "file, got another"},
      {[](Json& json) { json["model"]["vocab"]["x"] = 9; },
       ": token \"x\": expected an id below vocab_size 9 of config.json, got 9"},
      {[](Json& json) { json.erase("model"); }, ""},
      {[](Json& json) { json["pre_tokenizer"] = nullptr; },
       ": pre_tokenizer: expected a ByteLevel stage for a GGUF file, got none"},
  };
  for (const auto& c : cases) {
    write(make_gguf_tokenizer(metadata("qwen2"), 64, "f"));
    edit(c.change);
    try {
      make_gguf_vocabulary(folder_, 9, {}, {0});
      ADD_FAILURE() << "accepted, not: " << c.message;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kModel);
      EXPECT_TRUE(std::string(error.what())
                      .starts_with(cat(join_path(folder_, "tokenizer.json"), c.message)))
          << error.what();
    }
  }
}

}  // namespace
}  // namespace laconic
