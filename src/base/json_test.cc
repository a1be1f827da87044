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
