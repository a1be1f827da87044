// A table of texts, rendered as plain text, HTML, CSV, Markdown or LaTeX (booktabs).
//
// The first column is left-aligned, the others right-aligned. Cells are plain ASCII or UTF-8 in the
// spelling of the text tables ("82.5 +- 1.2", "[80.1, 84.7]"; leading spaces indent); each renderer
// escapes them (control characters and bidi overrides, as names from files may hold them, in all of
// them alike: base/printable.h) and spells "+-" in its own way. Deterministic; no errors.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace laconic {

struct Table {
  std::string title;
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;  // as long as the header
  std::string note;                            // below the table; may be empty
};

// Columns two spaces apart, each as wide as its widest cell.
std::string table_text(const Table& table);
// <h3> with the title's slug as id, table, note and its CSV to save; `dots`: the colour (--c0 ..)
// of a dot before each row's name, -1 for none.
std::string table_html(const Table& table, const std::vector<int>& dots = {});
std::string table_markdown(const Table& table);
// RFC 4180, a line of names first; "82.5 +- 1.2" and "82.5 [80.1, 84.7]" as two and three numbers.
std::string table_csv(const Table& table);
// A table environment with \toprule, \midrule, \bottomrule (\usepackage{booktabs}).
std::string table_latex(const Table& table);

}  // namespace laconic
