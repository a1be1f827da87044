// SPDX-License-Identifier: Apache-2.0
#include "base/printable.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace laconic {
namespace {

using namespace std::string_view_literals;

struct Shown {
  std::string_view text, line;
};

const Shown kShown[] = {
    {"plain \\ text", "plain \\ text"},
    {"caf\u00e9 \u65e5\u672c \U0001F469\u200D\U0001F467",
     "caf\u00e9 \u65e5\u672c \U0001F469\u200D\U0001F467"},
    {"a\nb\tc\rd", "a\\nb\\tc\\rd"},
    {"\x1b[31mred\x1b]0;title\x07"sv, "\\x1b[31mred\\x1b]0;title\\x07"},
    {"nul\0del\x7f"sv, "nul\\x00del\\x7f"},
    {"csi \u009b31m nel \u0085", "csi \\x9b31m nel \\x85"},
    {"bidi \u202eevil\u2066\u2069 ls \u2028", "bidi \\u{202e}evil\\u{2066}\\u{2069} ls \\u{2028}"},
    {"marks \u200e\u200f stay", "marks \u200e\u200f stay"},
    {"bytes \xff\xc3(\xe2\x82", "bytes \\xff\\xc3(\\xe2\\x82"},
    {"surrogate \xed\xa0\x80 overlong \xc0\x9b", "surrogate \\xed\\xa0\\x80 overlong \\xc0\\x9b"},
};

TEST(Printable, ShowsWhatSteersATerminal) {
  for (const Shown& row : kShown) EXPECT_EQ(printable(row.text), row.line);
}

TEST(Printable, KeepsLinesAndTabsOfSeveralLines) {
  EXPECT_EQ(printable_lines("a\n\tb\r\n\x1b"), "a\n\tb\\r\n\\x1b");
}

TEST(Printable, CutsBetweenCharacters) {
  EXPECT_EQ(printable_line("short", 5), "short");
  EXPECT_EQ(printable_line("ab\u00e9\u00e9", 5), "ab\u00e9...");
  EXPECT_EQ(printable_line("ab\u00e9\u00e9", 4), "ab\u00e9...");
}

// JSON on stdout reaches terminals too, and reads back as what it was.
TEST(Printable, JsonEscapesTheSame) {
  const Json json("\x1b\x7f\u009b \u202e caf\u00e9 \\");
  EXPECT_EQ(json.dump(), "\"\\u001b\\u007f\\u009b \\u202e caf\u00e9 \\\\\"");
  EXPECT_EQ(Json::parse(json.dump(), "again"), json);
  EXPECT_EQ(Json("bad \xff\xc3(").dump(), "\"bad \uFFFD\uFFFD(\"");
}

}  // namespace
}  // namespace laconic
