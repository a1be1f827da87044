// SPDX-License-Identifier: Apache-2.0
#include "eval/extract.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "data/rows.h"

namespace laconic {
namespace {

const char* place_name(AnswerPlace place) {
  switch (place) {
    case AnswerPlace::kFound:
      return "found";
    case AnswerPlace::kEmptyBox:
      return "empty-box";
    case AnswerPlace::kUnterminatedBox:
      return "unterminated-box";
    case AnswerPlace::kUnclosedThinking:
      return "unclosed-thinking";
    case AnswerPlace::kNone:
      return "none";
  }
  return "";
}

// The rules of a row: each setting of AnswerRules by its name.
AnswerRules rules_of(const Json& row, const std::string& path) {
  AnswerRules rules;
  if (const Json* v = row.find("sources")) rules.sources = parse_answer_sources(v->as_string(path));
  if (const Json* v = row.find("count_thinking")) rules.count_thinking = v->as_boolean(path);
  if (const Json* v = row.find("starts_in_thinking"))
    rules.starts_in_thinking = v->as_boolean(path);
  if (const Json* v = row.find("require_closed_thinking"))
    rules.require_closed_thinking = v->as_boolean(path);
  if (const Json* v = row.find("join_boxes")) rules.join_boxes = v->as_boolean(path);
  if (const Json* v = row.find("tail_bytes"))
    rules.tail_bytes = static_cast<size_t>(v->as_integer(path));
  if (const Json* v = row.find("choices")) rules.choices = v->as_string(path);
  return rules;
}

TEST(Extract, Table) {
  const std::string path = std::string(LACONIC_SOURCE_DIR) + "/tests/cases/verifier/extract.jsonl";
  const std::string text = read_file(path);
  for_each_line(text, [&](int64_t line, std::string_view row_text) {
    SCOPED_TRACE(path + ":" + std::to_string(line) + " " + std::string(row_text));
    const Json row = Json::parse(row_text, path);
    const ExtractedAnswer got =
        extract_answer(row.at("text", path).as_string(path), rules_of(row, path));
    if (const Json* extracted = row.find("extracted")) {
      EXPECT_EQ(got.place, AnswerPlace::kFound);
      EXPECT_EQ(got.text, extracted->as_string(path));
    } else {
      EXPECT_EQ(place_name(got.place), row.at("place", path).as_string(path));
    }
  });
}

TEST(Extract, SourcesByName) {
  EXPECT_EQ(parse_answer_sources("phrase,box").size(), 2u);
  for (const char* bad : {"", "boxes", "box,", "box,box"})
    EXPECT_THROW(parse_answer_sources(bad), Error) << bad;
  EXPECT_EQ(describe({}), "box, then hashes; behind thinking");
  EXPECT_EQ(describe({.sources = {AnswerSource::kBox}, .count_thinking = true, .tail_bytes = 300}),
            "box; in thinking too; in the last 300 bytes");
}

// Texts on which a careless reader takes quadratic time: two megabytes would then take an hour.
TEST(Extract, LinearInTheTextsLength) {
  const AnswerRules all = {.sources =
                               parse_answer_sources("box,hashes,phrase,choice,math,number,whole")};
  for (const std::string piece :
       {"\\boxed", "\\boxed ", "\\boxed{1} and ", "\\boxed{", "\\fbox{2}, ", "####", "answer is ",
        "answer ", "(", "$", "\\[", "\\(", "1,", "</think>", "{", "\n", "A"}) {
    std::string text;
    while (text.size() < (size_t{2} << 20)) text += piece;
    extract_answer(text, all);
  }
}

}  // namespace
}  // namespace laconic
