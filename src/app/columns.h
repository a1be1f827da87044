// Text that streams into columns side by side, as rows for a terminal.
//
// Not a terminal library: it wraps styled text to a width and gives rows; the caller draws them. A
// row is settled when no column can still change it. Width is in terminal cells (utf8proc: wide
// characters take two); a tab is one blank; words are broken at blanks where one is in the row,
// else anywhere. Dim text is wrapped in SGR 2 and 0 where colour is on. Pure.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace laconic {

class Columns {
 public:
  // REQUIRES: at least one column, width >= 1 (cells of one column); `gap` cells between columns.
  Columns(size_t num_columns, size_t width, bool colour, size_t gap = 3);

  void push(size_t column, std::string_view text, bool dim);
  void finish(size_t column);

  size_t num_rows() const;            // of the longest column
  size_t num_settled() const;         // rows from the top that stay as they are
  std::string row(size_t row) const;  // without a line end; no blanks at its end

 private:
  struct Glyph {
    std::string bytes;
    size_t cells = 1;
    bool dim = false;
  };
  using Row = std::vector<Glyph>;
  struct Column {
    std::vector<Row> rows = {Row()};
    bool is_finished = false;
  };
  void put(Column& column, Glyph glyph) const;

  std::vector<Column> columns_;
  size_t width_, gap_;
  bool colour_;
};

}  // namespace laconic
