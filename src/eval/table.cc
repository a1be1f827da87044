// SPDX-License-Identifier: Apache-2.0
#include "eval/table.h"

#include <algorithm>

#include "base/error.h"
#include "base/printable.h"
#include "eval/html.h"

namespace laconic {
namespace {

size_t num_characters(const std::string& text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

// Leading spaces, which mark a row that belongs to the one above it.
size_t indent_of(const std::string& text) {
  return std::min(text.find_first_not_of(' '), text.size());
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

std::string padded(const std::string& text, size_t width, bool left) {
  const std::string space(width - std::min(width, num_characters(text)), ' ');
  return left ? text + space : space + text;
}

std::vector<size_t> column_widths(const Table& table) {
  std::vector<size_t> widths(table.header.size(), 0);
  const auto widen = [&](const std::vector<std::string>& row) {
    for (size_t i = 0; i < widths.size() && i < row.size(); ++i)
      widths[i] = std::max(widths[i], num_characters(row[i]));
  };
  widen(table.header);
  for (const auto& row : table.rows) widen(row);
  return widths;
}

std::string markdown_row(const std::vector<std::string>& cells, const std::vector<size_t>& widths) {
  std::string out = "|";
  for (size_t i = 0; i < cells.size(); ++i)
    out += cat(" ", padded(cells[i], widths[i], i == 0), " |");
  return out + "\n";
}

std::string markdown_cell(const std::string& text) {
  const size_t indent = indent_of(text);
  std::string out = indent > 0 ? "\u2003" : "";
  for (const char c : replaced(text.substr(indent), "+-", "\u00b1")) {
    if (c == '|' || c == '*' || c == '_' || c == '<' || c == '`' || c == '\\') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

std::string latex_cell(const std::string& text) {
  std::string out = indent_of(text) > 0 ? "\\quad" : "";
  for (const char c : text) {
    switch (c) {
      case '\\':
        out += "\\textbackslash{}";
        break;
      case '~':
        out += "\\textasciitilde{}";
        break;
      case '^':
        out += "\\textasciicircum{}";
        break;
      case '#':
      case '$':
      case '%':
      case '&':
      case '_':
      case '{':
      case '}':
        out += '\\';
        [[fallthrough]];
      default:
        out += c;
    }
  }
  return replaced(replaced(out, "+-", "$\\pm$"), "\u2212", "$-$");
}

template <typename Spell>
std::vector<std::string> spelt(const std::vector<std::string>& cells, const Spell& spell) {
  std::vector<std::string> out;
  for (const std::string& cell : cells) out.push_back(spell(cell));
  return out;
}

// Names come from files: what they hold of control characters is shown, and no line is broken.
Table shown_table(const Table& table) {
  Table out;
  out.title = printable(table.title);
  out.header = spelt(table.header, printable);
  for (const auto& row : table.rows) out.rows.push_back(spelt(row, printable));
  out.note = printable(table.note);
  return out;
}

std::string latex_row(const std::vector<std::string>& cells) {
  std::string out = "  ";
  for (size_t i = 0; i < cells.size(); ++i) out += (i > 0 ? " & " : "") + latex_cell(cells[i]);
  return out + " \\\\\n";
}

std::string html_cell(const char* tag, const char* opening, const std::string& text,
                      const std::string& before = "") {
  const size_t indent = indent_of(text);
  return cat("<", opening, ">", before, indent > 0 ? "\u2003" : "",
             escape_html(replaced(text.substr(indent), "+-", "\u00b1")), "</", tag, ">");
}

// What a cell holds: a text or number, "82.5 +- 1.2", "82.5 [80.1, 84.7]"; numbers apart in CSV.
enum class CsvKind { kText, kError, kInterval };

CsvKind csv_kind(const std::string& cell) {
  if (cell.find(" +- ") != std::string::npos) return CsvKind::kError;
  return cell.ends_with(']') && cell.find(" [") != std::string::npos ? CsvKind::kInterval
                                                                     : CsvKind::kText;
}

// RFC 4180.
std::string csv_quoted(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  return "\"" + replaced(text, "\"", "\"\"") + "\"";
}

// The cells of a column that may hold an error or an interval beside its numbers.
std::string csv_cells(const std::string& cell, CsvKind column) {
  if (column == CsvKind::kText) return csv_quoted(cell);
  if (csv_kind(cell) != column) return csv_quoted(cell) + (column == CsvKind::kError ? "," : ",,");
  if (column == CsvKind::kError) return replaced(cell, " +- ", ",");
  std::string numbers = replaced(replaced(cell, " [", ","), ", ", ",");
  numbers.pop_back();
  return numbers;
}

}  // namespace

std::string table_text(const Table& given) {
  const Table table = shown_table(given);
  const std::vector<size_t> widths = column_widths(table);
  std::string out = table.title.empty() ? "" : table.title + "\n";
  const auto add = [&](const std::vector<std::string>& row) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i)
      line += (i > 0 ? "  " : "") + padded(row[i], widths[i], i == 0);
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  };
  add(table.header);
  for (const auto& row : table.rows) add(row);
  return table.note.empty() ? out : out + table.note + "\n";
}

std::string table_html(const Table& given, const std::vector<int>& dots) {
  const Table table = shown_table(given);
  const std::string id = slug(table.title);
  std::string out = table.title.empty() ? "" : heading(3, id, table.title);
  out += cat("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"",
             escape_html(table.title), "\"><table><thead><tr>");
  for (const std::string& cell : table.header) out += html_cell("th", "th scope=\"col\"", cell);
  out += "</tr></thead><tbody>\n";
  for (size_t r = 0; r < table.rows.size(); ++r) {
    out += "<tr>";
    for (size_t i = 0; i < table.rows[r].size(); ++i) {
      const bool dotted = i == 0 && r < dots.size() && dots[r] >= 0;
      const std::string mark = dotted ? cat("<i class=\"dot k", dots[r], "\"></i>") : "";
      out += i == 0 ? html_cell("th", "th scope=\"row\"", table.rows[r][i], mark)
                    : html_cell("td", "td", table.rows[r][i]);
    }
    out += "</tr>\n";
  }
  out += "</tbody></table></div>\n<p class=\"note\">";
  if (!table.note.empty()) out += escape_html(replaced(table.note, "+-", "\u00b1")) + " ";
  return out +
         download_link((id.empty() ? "table" : id) + ".csv", "text/csv", table_csv(table), "CSV") +
         "</p>\n";
}

std::string table_csv(const Table& table) {
  const size_t num_columns = table.header.size();
  std::vector<CsvKind> kinds(num_columns, CsvKind::kText);
  for (const auto& row : table.rows)
    for (size_t i = 1; i < std::min(num_columns, row.size()); ++i)
      kinds[i] = std::max(kinds[i], csv_kind(row[i]));
  std::string out;
  for (size_t i = 0; i < num_columns; ++i) {
    const std::string name = csv_quoted(table.header[i]);
    out += (i > 0 ? "," : "") + name;
    if (kinds[i] == CsvKind::kError) out += "," + csv_quoted(table.header[i] + " s.e.");
    if (kinds[i] == CsvKind::kInterval)
      out +=
          "," + csv_quoted(table.header[i] + " low") + "," + csv_quoted(table.header[i] + " high");
  }
  out += "\r\n";
  for (const auto& row : table.rows) {
    for (size_t i = 0; i < std::min(num_columns, row.size()); ++i)
      out += (i > 0 ? "," : "") + csv_cells(row[i], kinds[i]);
    out += "\r\n";
  }
  return out;
}

std::string table_markdown(const Table& given) {
  const Table table = shown_table(given);
  Table spelled = table;
  spelled.header = spelt(table.header, markdown_cell);
  for (auto& row : spelled.rows) row = spelt(row, markdown_cell);
  std::vector<size_t> widths = column_widths(spelled);
  for (size_t& width : widths) width = std::max<size_t>(width, 3);
  std::string out = table.title.empty() ? "" : "### " + markdown_cell(table.title) + "\n\n";
  out += markdown_row(spelled.header, widths) + "|";
  for (size_t i = 0; i < widths.size(); ++i)
    out += i == 0 ? ":" + std::string(widths[i] + 1, '-') + "|"
                  : std::string(widths[i] + 1, '-') + ":|";
  out += "\n";
  for (const auto& row : spelled.rows) out += markdown_row(row, widths);
  return table.note.empty() ? out : out + "\n" + markdown_cell(table.note) + "\n";
}

std::string table_latex(const Table& given) {
  const Table table = shown_table(given);
  std::string out = "\\begin{table}\n  \\centering\n";
  if (!table.title.empty()) out += "  \\caption{" + latex_cell(table.title) + "}\n";
  out += "  \\begin{tabular}{l" +
         std::string(table.header.empty() ? 0 : table.header.size() - 1, 'r') + "}\n  \\toprule\n" +
         latex_row(table.header) + "  \\midrule\n";
  for (const auto& row : table.rows) out += latex_row(row);
  out += "  \\bottomrule\n  \\end{tabular}\n";
  if (!table.note.empty()) out += "  \\par\\small " + latex_cell(table.note) + "\n";
  return out + "\\end{table}\n";
}

}  // namespace laconic
