// The automaton against PCRE2: the same matches on every code point and on random text, for the
// patterns of known models and for small ones that try each construct.
// SPDX-License-Identifier: Apache-2.0
#include "text/regex_scanner.h"

#include <gtest/gtest.h>

#include <span>

#include "base/philox.h"
#include "text/regex.h"
#include "text/unicode_age.h"
#include "text/utf8.h"

namespace laconic {
namespace {

// GPT-2, Llama 3, Qwen2, o200k, DeepSeek-V3's three, then single constructs.
const char* const kScanned[] = {
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| "
    "?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| "
    "?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
    "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'"
    "s|'t|'"
    "re|'ve|'m|'ll|'d)?|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}"
    "\\p{Lo}"
    "\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}| "
    "?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
    "\\p{N}{1,3}",
    "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+",
    "[!\"#$%&'()*+,\\-./"
    ":;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| "
    "?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
    "a|ab|abc",
    "abc|ab|a",
    "(?:a|ab)(?:c|bcd)",
    "a{2,4}",
    "(?:ab){2,}c?",
    "a{3}",
    "x?y?z",
    "(a|b)*c",
    "\\s+(?=a)|b",
    "a(?!b)",
    "(?i:ks)",
    "[^\\S\\n]+",
    "\\P{L}+",
    "[\\d\\-a-c]+",
    "\\x{e8}|\\u00e9|\\t",
    "(?:a?b){2}",
    "\\p{Lu}\\p{Ll}*|\\d"};

// What the automaton leaves to PCRE2.
const char* const kNotScanned[] = {"\\bx",    "^a",       "a$",          "a*?",    "x*",
                                   "(?<=a)b", "(?=ab)a",  ".",           "\\w+",   "(?>a+)b",
                                   "a++",     "\\p{Han}", "(?i:\\p{L})", "(?:a*)+"};

std::vector<std::pair<size_t, size_t>> matches_of(const Regex& regex, std::string_view text) {
  std::vector<std::pair<size_t, size_t>> out;
  Regex::Matches matches(regex, text);
  while (const auto match = matches.next()) out.emplace_back(match->begin, match->end);
  return out;
}

std::string random_text(PhiloxStream& random) {
  static const std::u32string pool =
      U"abcABCksKSxyz'' "
      U"\n\r\t.,-/012\u00e9\u00e8\u017f\u212a\u0301\u00a0\u3000\u4f60\u3042\u0663\U0001F642";
  std::string text;
  for (auto n = random.integer(0, 30); n > 0; --n)
    append_utf8(pool[static_cast<size_t>(random.integer(0, static_cast<int64_t>(pool.size()) - 1))],
                text);
  return text;
}

TEST(RegexScanner, MatchesAsPcre2Does) {
  std::vector<std::string>
      texts;  // every assigned code point in context, one block of 32 elsewhere
  for (char32_t first = 0; first < 0x110000; first += 0x400) {
    if (first >= 0x32400 && first != 0xE0000 && (first & 0x7C00) != 0) continue;
    std::string text;
    for (char32_t c = first; c < first + 0x400; ++c) {
      if (c >= 0xD800 && c < 0xE000) continue;
      for (const char32_t part : {U'a', c, U' ', c, c, U'\n'}) append_utf8(part, text);
    }
    texts.push_back(text);
  }
  const size_t num_blocks = texts.size();
  PhiloxStream random(11, 12);
  for (int i = 0; i < 2000; ++i) texts.push_back(random_text(random));
  constexpr size_t kNumModels = 7;  // the first patterns; code points sort the same for the others
  for (size_t i = 0; i < std::size(kScanned); ++i) {
    const char* pattern = kScanned[i];
    SCOPED_TRACE(pattern);
    const Regex ours = Regex::compile(pattern, "test");
    const Regex theirs = Regex::compile(pattern, "test", Regex::Engine::kPcre2);
    ASSERT_TRUE(ours.has_scanner());
    ASSERT_FALSE(theirs.has_scanner());
    for (const std::string& text : std::span(texts).subspan(i < kNumModels ? 0 : num_blocks))
      ASSERT_EQ(matches_of(ours, text), matches_of(theirs, text)) << text;
  }
}

TEST(RegexScanner, LeavesTheRestToPcre2) {
  for (const char* pattern : kNotScanned)
    EXPECT_FALSE(Regex::compile(pattern, "test").has_scanner()) << pattern;
}

}  // namespace
}  // namespace laconic
