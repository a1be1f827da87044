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
  EXPECT_NE(html.find("<h3>A &amp; B</h3>"), std::string::npos);
  EXPECT_NE(html.find("<td><i class=\"dot k2\"></i>a_b</td><td>1.5 \u00b1 0.2</td>"),
            std::string::npos);
  EXPECT_NE(html.find("<td>\u00e9|&lt;c&gt;</td>"), std::string::npos);
}

TEST(Table, IndentedRowsStayIndented) {
  const Table table = {"", {"a"}, {{"  b"}}, ""};
  EXPECT_NE(table_text(table).find("\n  b\n"), std::string::npos);
  EXPECT_NE(table_html(table).find("<td>\u2003b</td>"), std::string::npos);
  EXPECT_NE(table_markdown(table).find("| \u2003b"), std::string::npos);
  EXPECT_NE(table_latex(table).find("\\quad  b"), std::string::npos);
}

}  // namespace
}  // namespace laconic
