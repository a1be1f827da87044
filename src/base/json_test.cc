// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace laconic {
namespace {

std::string error_of(const std::string& text) {
  try {
    Json::parse(text, "f.json");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kData);
    return error.what();
  }
  return "no error";
}

TEST(Json, RoundTripsOrderAndKinds) {
  const std::string text =
      R"({"z": 1, "a": [true, null, 1e-06, 2.0, -3, "x\n\"\u00e9"], "m": {}, "e": []})";
  const Json json = Json::parse(text, "t");
  EXPECT_EQ(json.dump(),
            "{\"z\": 1, \"a\": [true, null, 1e-06, 2.0, -3, \"x\\n\\\"\xc3\xa9\"], \"m\": {}, "
            "\"e\": []}");
  EXPECT_EQ(Json::parse(json.dump(), "again"), json);
  EXPECT_EQ(Json::parse(json.dump(2), "again"), json);
  EXPECT_TRUE(json.at("a", "t").as_array("t")[3].kind() == Json::Kind::kReal);
}

TEST(Json, IndentsAsPythonDoes) {
  EXPECT_EQ(Json::parse(R"({"a":[1,{"b":2}],"c":{}})", "t").dump(2),
            "{\n  \"a\": [\n    1,\n    {\n      \"b\": 2\n    }\n  ],\n  \"c\": {}\n}");
}

std::string row_error_of(std::string_view text) {
  try {
    Json::parse(text, "r.jsonl:7");
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Json, NamesLineOnceInARow) {
  EXPECT_EQ(row_error_of("{\"a\" 1}"), "r.jsonl:7:6: expected valid JSON, got \"1\"");
  EXPECT_TRUE(
      row_error_of("{\"a\":\n 1,\n x}").starts_with("r.jsonl:9:2: expected valid JSON, got "));
  EXPECT_EQ(row_error_of("{"),
            "r.jsonl:7:2: expected valid JSON, got the end of the text (a row is one line: jq -c . "
            "makes it so)");
}

TEST(Json, NamesALoneSurrogate) {
  for (const char* text : {R"({"a": "hi \ud83d"})", R"(["\ud83d\u0041"])", R"(["\ud83dab"])"})
    EXPECT_NE(row_error_of(text).find("expected surrogates in pairs, got \\ud83d alone"),
              std::string::npos)
        << row_error_of(text);
  EXPECT_NE(row_error_of(R"(["\uDE00"])").find("got \\uDE00 alone"), std::string::npos);
}

TEST(Json, NamesAnotherEncodingAndNulBytes) {
  using namespace std::string_view_literals;
  const std::string_view utf16[] = {"\xFF\xFE{\0}\0"sv, "\xFE\xFF\0{\0}"sv, "{\0\"\0a\0"sv,
                                    "\0{\0}"sv};
  for (const std::string_view text : utf16)
    EXPECT_EQ(row_error_of(text),
              "r.jsonl:7: expected UTF-8, got UTF-16 (iconv -f UTF-16 -t UTF-8 makes it so)");
  const std::string_view utf32[] = {"\xFF\xFE\0\0{\0\0\0"sv, "\0\0\xFE\xFF\0\0\0{"sv,
                                    "{\0\0\0}\0\0\0"sv, "\0\0\0{\0\0\0}"sv};
  for (const std::string_view text : utf32)
    EXPECT_NE(row_error_of(text).find("got UTF-32"), std::string::npos) << row_error_of(text);
  EXPECT_EQ(row_error_of("{\"a\": 1}\0\0"sv), "r.jsonl:7:9: expected valid JSON, got a NUL byte");
  EXPECT_EQ(row_error_of("{\"a\": \"b\0\"}"sv), "r.jsonl:7:9: expected valid JSON, got a NUL byte");
}

TEST(Json, RefusesWithPlace) {
  EXPECT_EQ(error_of("{\n \"a\" 1}"), "f.json:2:6: expected valid JSON, got \"1\"");
  EXPECT_NE(error_of("[1"), "no error");
  EXPECT_NE(error_of(""), "no error");
  EXPECT_NE(error_of("{\"a\":1} x"), "no error");
  EXPECT_EQ(error_of("{\"a\":1,\"a\":2}"), "f.json: expected each key once, got \"a\" twice");
  EXPECT_EQ(error_of("18446744073709551615"),
            "f.json: expected an integer below 2^63, got 18446744073709551615");
  EXPECT_NE(error_of("1e999"), "no error");
  EXPECT_NE(error_of("99999999999999999999999"), "no error");
  EXPECT_NE(error_of("\"\xff\"").find("UTF-8"), std::string::npos);
  EXPECT_NE(error_of(std::string(300, '[') + std::string(300, ']')).find("nesting"),
            std::string::npos);
}

TEST(Json, AccessorsNameExpectedAndGot) {
  const Json json = Json::parse(R"({"a": "x"})", "t");
  try {
    json.at("a", "t").as_integer("c.json: a");
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "c.json: a: expected an integer, got string");
  }
  EXPECT_THROW(json.at("b", "t"), Error);
  EXPECT_EQ(json.find("b"), nullptr);
}

}  // namespace
}  // namespace laconic
