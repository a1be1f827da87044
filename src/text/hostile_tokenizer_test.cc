// Normalizers and patterns of a tokenizer.json that was made to take long: each text of 100 kB ends
// soon, in a result or in one line of error.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <ctime>
#include <functional>

#include "base/error.h"
#include "text/normalizer.h"
#include "text/pre_tokenizer.h"
#include "text/regex.h"

namespace laconic {
namespace {

constexpr size_t kTextBytes = 100'000;

// The error of `work`, or "" where there is none; fails where it takes longer than it may.
std::string fault_in_time(const std::string& name, const std::function<void()>& work) {
  const std::clock_t start = std::clock();
  std::string fault;
  try {
    work();
  } catch (const Error& error) {
    fault = error.what();
  }
  EXPECT_LT(static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC, 2) << name;
  EXPECT_EQ(fault.find('\n'), std::string::npos) << fault;
  return fault;
}

std::string search_all(const std::string& pattern, const std::string& text) {
  return fault_in_time(pattern, [&] {
    const Regex regex = Regex::compile(pattern, "t");
    Regex::Matches matches(regex, text);
    while (matches.next()) {
    }
  });
}

TEST(HostileTokenizer, PatternsEndSoon) {
  const std::string text(kTextBytes, 'a');
  // What the automaton would read to the end from each character, and what PCRE2 would.
  for (const char* pattern :
       {"a+b|a", "a{1,60}b|aa?", "(?:a|b)+c", "(a+)+b", "(a|a)+b", "(a|aa)+$b", "(?=a*b)a", "a*?b",
        "(?:a*)*c", "(?<!b)a*[bc]", "(a*)(a*)(a*)b"})
    search_all(pattern, text);
  EXPECT_NE(search_all("a+b|a", text).find("reads again and again"), std::string::npos);
  EXPECT_EQ(search_all("(?:a|a)+b", "aaaaaaaaaa"), "");
}

TEST(HostileTokenizer, OrdinaryPatternsSplitLongTexts) {
  const std::string pattern =
      R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
  for (const char* unit : {"a", " ", "\n", "1", "!", " x", "é", "  \n"}) {
    std::string text;
    while (text.size() < 10 * kTextBytes) text += unit;
    EXPECT_EQ(search_all(pattern, text), "") << unit;
    EXPECT_EQ(search_all("(?=a)(?<!b)a|.|\\n", text), "") << unit;  // for PCRE2
  }
}

std::string normalize_all(const std::string& json, const std::string& text) {
  return fault_in_time(json.substr(0, 60),
                       [&] { Normalizer::parse(Json::parse(json, "t"), "t").apply(text); });
}

std::string sequence_of(const std::string& step, size_t count) {
  std::string out = R"({"type": "Sequence", "normalizers": [)" + step;
  for (size_t i = 1; i < count; ++i) out += "," + step;
  return out + "]}";
}

TEST(HostileTokenizer, NormalizersEndSoon) {
  const std::string text(kTextBytes, 'a');
  const auto replace = [](const std::string& from, const std::string& to) {
    return R"({"type": "Replace", "pattern": )" + from + R"(, "content": ")" + to + "\"}";
  };
  const std::string long_text(1'000'000, 'b');
  EXPECT_NE(normalize_all(replace(R"({"String": "a"})", long_text), text).find("sane length"),
            std::string::npos);
  EXPECT_NE(normalize_all(replace(R"({"Regex": "a"})", long_text), text).find("sane length"),
            std::string::npos);
  const std::string doubles = replace(R"({"String": "a"})", "aa");
  EXPECT_NE(normalize_all(sequence_of(doubles, 40), text).find("read and written"),
            std::string::npos);
  EXPECT_NE(normalize_all(sequence_of(R"({"type": "NFKC"})", 5000), text).find("read and written"),
            std::string::npos);
  std::string marks;
  while (marks.size() < kTextBytes) marks += "\u0301\u0323\uFDFA";
  for (const char* form : {"NFC", "NFD", "NFKC", "NFKD"})
    normalize_all(sequence_of(std::string(R"({"type": ")") + form + "\"}", 20), marks);
  EXPECT_EQ(normalize_all(sequence_of(R"({"type": "Prepend", "prepend": "x"})", 20), text), "");
}

TEST(HostileTokenizer, RefusesStagesWithoutEnd) {
  std::string stages = R"({"type": "Sequence", "pretokenizers": [{"type": "ByteLevel"})";
  for (int i = 0; i < 30; ++i) stages += R"(, {"type": "ByteLevel"})";
  const std::string fault = fault_in_time(
      "ByteLevel", [&] { PreTokenizer::parse(Json::parse(stages + "]}", "t"), "t"); });
  EXPECT_NE(fault.find("at most 4 ByteLevel stages"), std::string::npos) << fault;
}

}  // namespace
}  // namespace laconic
