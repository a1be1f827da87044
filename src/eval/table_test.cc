// SPDX-License-Identifier: Apache-2.0
#include "eval/table.h"

#include <gtest/gtest.h>

namespace laconic {
namespace {

const Table kTable = {
    "A & B", {"name", "x %"}, {{"a_b", "1.5 +- 0.2"}, {"\u00e9|<c>", "-"}}, "100 % sure"};

TEST(Table, TextIsAligned) {
  EXPECT_EQ(table_text(kTable),
            "A & B\n"
            "name          x %\n"
            "a_b    1.5 +- 0.2\n"
            "\u00e9|<c>           -\n"
            "100 % sure\n");
}

TEST(Table, MarkdownIsEscaped) {
  EXPECT_EQ(table_markdown(kTable),
            "### A & B\n\n"
            "| name    |       x % |\n"
            "|:--------|----------:|\n"
            "| a\\_b    | 1.5 \u00b1 0.2 |\n"
            "| \u00e9\\|\\<c> |         - |\n"
            "\n100 % sure\n");
}

TEST(Table, LatexIsEscaped) {
  EXPECT_EQ(table_latex(kTable),
            "\\begin{table}\n  \\centering\n  \\caption{A \\& B}\n  \\begin{tabular}{lr}\n"
            "  \\toprule\n  name & x \\% \\\\\n  \\midrule\n  a\\_b & 1.5 $\\pm$ 0.2 \\\\\n"
            "  \u00e9|<c> & - \\\\\n  \\bottomrule\n  \\end{tabular}\n"
            "  \\par\\small 100 \\% sure\n\\end{table}\n");
  EXPECT_NE(table_latex({"", {"\\{}~^#$"}, {}, ""})
                .find("\\textbackslash{}\\{\\}\\textasciitilde{}\\textasciicircum{}\\#\\$"),
            std::string::npos);
}

TEST(Table, HtmlIsEscapedAndDotted) {
  const std::string html = table_html(kTable, {2});
  EXPECT_NE(html.find("<h3 id=\"a-b\">A &amp; B <a class=\"anchor\" href=\"#a-b\""),
            std::string::npos);
  EXPECT_NE(html.find("<th scope=\"row\"><i class=\"dot k2\"></i>a_b</th><td>1.5 \u00b1 0.2</td>"),
            std::string::npos)
      << html;
  EXPECT_NE(html.find("<th scope=\"row\">\u00e9|&lt;c&gt;</th>"), std::string::npos);
  EXPECT_NE(html.find("download=\"a-b.csv\" href=\"data:text/csv;base64,"), std::string::npos);
}

// Numbers with an error or an interval become two and three; text is quoted where it must be.
TEST(Table, CsvSplitsNumbers) {
  const Table table = {"",
                       {"a, \"b\"", "x %", "y", "z"},
                       {{"one", "1.5 +- 0.2", "2.0 [1.0, 3.0]", "yes"},
                        {"line\nend", "-", "-", "no, lost"},
                        {"inf", "1.0 +- ?", "5 [?, ?]", "7"}},
                       "note"};
  EXPECT_EQ(table_csv(table),
            "\"a, \"\"b\"\"\",x %,x % s.e.,y,y low,y high,z\r\n"
            "one,1.5,0.2,2.0,1.0,3.0,yes\r\n"
            "\"line\nend\",-,,-,,,\"no, lost\"\r\n"
            "inf,1.0,?,5,?,?,7\r\n");
}

TEST(Table, IndentedRowsStayIndented) {
  const Table table = {"", {"a"}, {{"  b"}}, ""};
  EXPECT_NE(table_text(table).find("\n  b\n"), std::string::npos);
  EXPECT_NE(table_html(table).find("<th scope=\"row\">\u2003b</th>"), std::string::npos);
  EXPECT_NE(table_markdown(table).find("| \u2003b"), std::string::npos);
  EXPECT_NE(table_latex(table).find("\\quad  b"), std::string::npos);
}

}  // namespace
}  // namespace laconic
