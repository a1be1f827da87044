// SPDX-License-Identifier: Apache-2.0
#include "app/columns.h"

#include <utf8proc.h>

#include <algorithm>

#include "base/printable.h"

namespace laconic {
namespace {

constexpr const char* kDim = "\x1b[2m";
constexpr const char* kPlain = "\x1b[0m";

bool is_blank(const std::string& bytes) { return bytes == " "; }

}  // namespace

Columns::Columns(size_t num_columns, size_t width, bool colour, size_t gap)
    : columns_(num_columns), width_(width), gap_(gap), colour_(colour) {}

void Columns::put(Column& column, Glyph glyph) const {
  Row& row = column.rows.back();
  size_t used = 0;
  for (const Glyph& old : row) used += old.cells;
  if (used + glyph.cells <= width_) {
    row.push_back(std::move(glyph));
    return;
  }
  Row next;
  if (is_blank(glyph.bytes)) {  // the break itself
    column.rows.push_back(std::move(next));
    return;
  }
  // The word that does not fit moves down whole, unless it fills the row.
  const auto blank =
      std::find_if(row.rbegin(), row.rend(), [](const Glyph& old) { return is_blank(old.bytes); });
  if (blank != row.rend()) {
    next.assign(std::make_move_iterator(blank.base()), std::make_move_iterator(row.end()));
    row.erase(blank.base(), row.end());
  }
  next.push_back(std::move(glyph));
  column.rows.push_back(std::move(next));
}

// What could steer the terminal has the cells of its escape: a reply is text.
void Columns::push(size_t column, std::string_view text, bool dim) {
  const std::string safe = printable_lines(text);
  for (size_t pos = 0; pos < safe.size();) {
    const ShownCharacter c = shown_character(safe, pos);
    std::string bytes = safe.substr(pos, c.num_bytes);
    pos += c.num_bytes;
    if (c.code_point == '\n') {
      columns_[column].rows.emplace_back();
      continue;
    }
    if (c.code_point == '\t') bytes = " ";
    const int cells = bytes == " " ? 1 : utf8proc_charwidth(c.code_point);
    put(columns_[column], {std::move(bytes), static_cast<size_t>(std::max(cells, 0)), dim});
  }
}

void Columns::finish(size_t column) { columns_[column].is_finished = true; }

size_t Columns::num_rows() const {
  size_t most = 0;
  for (const Column& column : columns_) most = std::max(most, column.rows.size());
  return most;
}

// A word of the last row may still move down, so that row is open; so are all below it.
size_t Columns::num_settled() const {
  size_t settled = num_rows();
  for (const Column& column : columns_)
    if (!column.is_finished) settled = std::min(settled, column.rows.size() - 1);
  return settled;
}

std::string Columns::row(size_t row) const {
  std::string out;
  size_t blanks = 0;  // owed before the next character
  bool dim = false;
  for (size_t c = 0; c < columns_.size(); ++c) {
    size_t used = 0;
    if (row < columns_[c].rows.size()) {
      for (const Glyph& glyph : columns_[c].rows[row]) {
        used += glyph.cells;
        if (is_blank(glyph.bytes)) {
          ++blanks;
          continue;
        }
        out.append(blanks, ' ');
        blanks = 0;
        if (colour_ && glyph.dim != dim) out += glyph.dim ? kDim : kPlain;
        dim = glyph.dim;
        out += glyph.bytes;
      }
    }
    blanks += width_ - std::min(used, width_) + gap_;
  }
  if (colour_ && dim) out += kPlain;
  return out;
}

}  // namespace laconic
