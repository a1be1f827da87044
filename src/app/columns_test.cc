// SPDX-License-Identifier: Apache-2.0
#include "app/columns.h"

#include <gtest/gtest.h>

namespace laconic {
namespace {

std::vector<std::string> rows_of(const Columns& columns) {
  std::vector<std::string> rows;
  for (size_t i = 0; i < columns.num_rows(); ++i) rows.push_back(columns.row(i));
  return rows;
}

TEST(Columns, WrapsWordsAndBreaksLongOnes) {
  Columns columns(1, 8, false);
  columns.push(0, "one two three aaaaaaaaaaaa\nb", false);
  EXPECT_EQ(rows_of(columns),
            (std::vector<std::string>{"one two", "three", "aaaaaaaa", "aaaa", "b"}));
}

TEST(Columns, StandSideBySideHoweverTheyCome) {
  Columns columns(2, 5, false, 2);
  columns.push(1, "right", false);
  columns.push(0, "le", false);
  columns.push(0, "ft\nx", false);
  EXPECT_EQ(rows_of(columns), (std::vector<std::string>{"left   right", "x"}));
}

TEST(Columns, ARowIsSettledWhenNoColumnCanChangeIt) {
  Columns columns(2, 5, false);
  EXPECT_EQ(columns.num_settled(), 0u);
  columns.push(0, "a\nb\nc", false);
  EXPECT_EQ(columns.num_settled(), 0u);  // the other one is at its first row
  columns.push(1, "a\nb", false);
  EXPECT_EQ(columns.num_settled(), 1u);
  columns.finish(1);
  EXPECT_EQ(columns.num_settled(), 2u);
  columns.finish(0);
  EXPECT_EQ(columns.num_settled(), 3u);
}

TEST(Columns, WideCharactersTakeTwoCellsAndControlsThoseOfTheirEscape) {
  Columns columns(2, 4, false, 1);
  columns.push(0, "\xE6\xB1\x82\xE5\x80\xBC\xE6\xB1\x82", false);
  columns.push(1, "\x1b[x\xff", false);
  EXPECT_EQ(rows_of(columns), (std::vector<std::string>{"\xE6\xB1\x82\xE5\x80\xBC \\x1b",
                                                        "\xE6\xB1\x82   [x\\x", "     ff"}));
}

TEST(Columns, DimTextIsMarkedWhereThereIsColour) {
  Columns columns(2, 6, true, 1);
  columns.push(0, "ab", true);
  columns.push(0, "c", false);
  columns.push(1, "d", true);
  EXPECT_EQ(columns.row(0), "\x1b[2mab\x1b[0mc    \x1b[2md\x1b[0m");
}

}  // namespace
}  // namespace laconic
