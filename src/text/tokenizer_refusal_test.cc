// What the tokenizer's reader refuses, and in which words: a table.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "text/tokenizer.h"

namespace laconic {
namespace {

struct Refusal {
  const char* field;  // of the top level; "model.x" of the model
  const char* json;
  const char* message;  // what the message must hold
};

const Refusal kRefusals[] = {
    {"normalizer", R"~({"type":"StripAccents"})~",
     "t: normalizer.type: expected NFC, NFD, NFKC, NFKD, Prepend, Replace, Strip, Lowercase, "
     "ByteLevel or Sequence, got \"StripAccents\""},
    {"normalizer", R"~({"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"Nmt"}]})~",
     "normalizers[1].type"},
    {"normalizer", R"~({"type":"Precompiled","precompiled_charsmap":""})~", "got \"Precompiled\""},
    {"normalizer", R"~({"type":"Prepend"})~", "expected a field \"prepend\""},
    {"normalizer", R"~({"type":"Replace","pattern":{"String":""},"content":"x"})~",
     "expected a pattern, got an empty one"},
    {"pre_tokenizer", "1", "t: pre_tokenizer: expected a pre-tokenizer or null, got integer"},
    {"pre_tokenizer", R"~({"type":"UnicodeScripts"})~", "got \"UnicodeScripts\""},
    {"pre_tokenizer", R"~({"type":"Metaspace","replacement":"__"})~",
     "replacement: expected one character, got \"__\""},
    {"pre_tokenizer", R"~({"type":"Metaspace","replacement":"_","prepend_scheme":"last"})~",
     "prepend_scheme: expected first, always or never, got \"last\""},
    {"pre_tokenizer", R"~({"type":"Metaspace","replacement":"_","add_prefix_space":false})~",
     "add_prefix_space: expected false only beside prepend_scheme \"never\""},
    {"pre_tokenizer", R"~({"type":"FixedLength","length":0})~",
     "length: expected 1 or more, got 0"},
    {"pre_tokenizer",
     R"~({"type":"Split","pattern":{"Regex":"a&&b|[a&&b]"},"behavior":"Isolated"})~",
     "an intersection of classes"},
    {"pre_tokenizer", R"~({"type":"Split","pattern":{"Regex":"(a"},"behavior":"Isolated"})~",
     "expected a regular expression"},
    {"pre_tokenizer",
     R"~({"type":"Split","pattern":{"Regex":"[[:alpha:]]"},"behavior":"Isolated"})~",
     "a class in a class"},
    {"pre_tokenizer", R"~({"type":"Split","pattern":{"Regex":"\\h"},"behavior":"Isolated"})~",
     "got \\h at offset 0"},
    {"pre_tokenizer", R"~({"type":"Split","pattern":{"Regex":"(a)\\1"},"behavior":"Isolated"})~",
     "got \\1"},
    {"pre_tokenizer", R"~({"type":"Split","pattern":{"Regex":"a{2}+"},"behavior":"Isolated"})~",
     "an interval followed by +"},
    {"pre_tokenizer", R"~({"type":"Split","pattern":{"Regex":"a{2}?"},"behavior":"Isolated"})~",
     "a fixed interval followed by ?"},
    {"pre_tokenizer", R"~({"type":"Split","pattern":{"Regex":"a{b"},"behavior":"Isolated"})~",
     "a { that starts no interval"},
    {"pre_tokenizer", R"~({"type":"Split","pattern":{"Regex":"(?i:ss)"},"behavior":"Isolated"})~",
     "a pair of letters that case folding joins"},
    {"pre_tokenizer", R"~({"type":"Split","pattern":{"Regex":"(?i:\\p{Lu})"},"behavior":"Isolated"
})~",
     "a case property where case is ignored"},
    {"pre_tokenizer", R"~({"type":"Split","pattern":{"Regex":"a(?i)b|c"},"behavior":"Isolated"})~",
     "the group \"(?i)\""},
    {"pre_tokenizer",
     R"~({"type":"Split","pattern":{"Regex":"\\p{Nonsense}"},"behavior":"Isolated"})~",
     "expected a regular expression"},
    {"pre_tokenizer", R"~({"type":"Split","pattern":{"Regex":""},"behavior":"Isolated"})~",
     "expected a pattern, got an empty one"},
    {"pre_tokenizer", R"~({"type":"Split","pattern":{"Regex":"a"},"behavior":"Alone"})~",
     "got \"Alone\""},
    {"post_processor", R"~({"type":"Pair"})~", "got \"Pair\""},
    {"post_processor", R"~({"type":"BertProcessing","sep":["x",1]})~", "expected a field \"cls\""},
    {"post_processor", R"~({"type":"BertProcessing","cls":["x",-1],"sep":["x",1]})~",
     "cls: expected a token id, got -1"},
    {"post_processor",
     R"~({"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"x","type_id":0}}],"special_tokens":{}})~",
     "expected a field \"x\""},
    {"post_processor", R"~({"type":"TemplateProcessing","single":[],"special_tokens":{}})~",
     "expected the sequence A, got none"},
    {"decoder", "1", "t: decoder: expected a decoder or null, got integer"},
    {"decoder", R"~({"type":"WordPiece"})~", "got \"WordPiece\""},
    {"decoder", R"~({"type":"Sequence","decoders":[{"type":"Fuse"},{"type":"ByteLevel"}]})~",
     "decoders[1].type: expected ByteLevel before the stage that joins the tokens, got it behind"},
    {"decoder",
     R"~({"type":"Sequence","decoders":[{"type":"Fuse"},{"type":"Replace","pattern":{"String":"ab"},"content":""}]})~",
     "expected a String of one character where the tokens are joined already"},
    {"decoder", R"~({"type":"Strip","content":" ","start":-1,"stop":0})~",
     "start: expected a number of characters, got -1"},
    {"extra", "1", "got a field \"extra\""},
    {"model", R"~({"type":"Unigram","vocab":[]})~", "t: model.type: expected BPE, got \"Unigram\""},
    {"model", R"~({"type":"WordPiece","vocab":{}})~", "got \"WordPiece\""},
    {"model", R"~({"type":"BPE","vocab":{"a":0},"merges":[],"unk_token":"b"})~",
     "unk_token: expected a token of the vocabulary, got \"b\""},
    {"model", R"~({"type":"BPE","vocab":{"a":0},"merges":[],"byte_fallback":1})~", "byte_fallback"},
    {"model", R"~({"type":"BPE","vocab":{"a":0,"b":0},"merges":[]})~", "expected one token an id"},
    {"model", R"~({"type":"BPE","vocab":{"a":-1},"merges":[]})~", "expected ids below"},
    {"model", R"~({"type":"BPE","vocab":{"a":0,"b":1},"merges":["a b"]})~",
     "merges[0]: expected tokens of the vocabulary, got \"ab\""},
    {"model", R"~({"type":"BPE","vocab":{"a":0},"merges":["a"]})~",
     "merges[0]: expected two parts, got \"a\""},
    {"model", R"~({"type":"BPE","vocab":{"a":0},"merges":[["a"]]})~", "merges[0]: expected a pair"},
    {"model.dropout", "0.1", "model.dropout: expected none, got 0.1"},
    {"model.continuing_subword_prefix", "\"##\"", "continuing_subword_prefix: expected none"},
    {"model.end_of_word_suffix", "\"</w>\"", "end_of_word_suffix: expected none"},
    {"added_tokens",
     R"~([{"id":900,"content":"<x>","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}])~",
     "as `tokenizers` numbers it, got 900"},
    {"added_tokens", R"~([{"id":0,"content":"!"}])~", "expected a field \"single_word\""},
    {"added_tokens",
     R"~([{"id":0,"content":"","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}])~",
     "content: expected text"},
};

TEST(TokenizerRefusal, NamesPlaceAndValue) {
  const std::string path = LACONIC_SOURCE_DIR "/tests/golden/tokenizer_small.json";
  const Json good = Json::parse(read_file(path), path);
  for (const Refusal& refusal : kRefusals) {
    SCOPED_TRACE(std::string(refusal.field) + " " + refusal.json);
    Json json = good;
    const std::string field = refusal.field;
    Json& target = field.starts_with("model.") ? json["model"][field.substr(6)] : json[field];
    target = Json::parse(refusal.json, "case");
    try {
      Tokenizer::from_json(json, "t");
      ADD_FAILURE() << "was accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kModel);
      EXPECT_NE(std::string(error.what()).find(refusal.message), std::string::npos) << error.what();
    }
  }
}

TEST(TokenizerRefusal, IllFormedTextIsBadData) {
  const Tokenizer tokenizer =
      Tokenizer::from_file(LACONIC_SOURCE_DIR "/tests/golden/tokenizer_small.json");
  for (const char* text :
       {"ab\xff", "ab\xc3", "ab\xed\xa0\x80", "ab\xc0\x80", "ab\xf4\x90\x80\x80"}) {
    try {
      tokenizer.encode(text);
      ADD_FAILURE() << "was accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kData);
      EXPECT_STREQ(error.what(), "tokenizer: expected UTF-8, got an ill-formed byte at offset 2");
    }
  }
}

}  // namespace
}  // namespace laconic
