// SPDX-License-Identifier: Apache-2.0
#include "app/columns.h"

#include <utf8proc.h>

#include <algorithm>

namespace laconic {
namespace {

constexpr const char* kDim = "\x1b[2m";
constexpr const char* kPlain = "\x1b[0m";

// The character that `text` begins with, as code point and bytes; a malformed byte stands for
// U+FFFD. Control characters have no cell: a reply must not steer the terminal.
size_t next_character(std::string_view text, utf8proc_int32_t& code) {
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  const auto size = utf8proc_iterate(bytes, static_cast<utf8proc_ssize_t>(text.size()), &code);
  if (size > 0) return static_cast<size_t>(size);
  code = 0xFFFD;
  return 1;
}

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

void Columns::push(size_t column, std::string_view text, bool dim) {
  while (!text.empty()) {
    utf8proc_int32_t code = 0;
    const size_t size = next_character(text, code);
    const std::string_view bytes = text.substr(0, size);
    text.remove_prefix(size);
    if (code == '\n') {
      columns_[column].rows.emplace_back();
      continue;
    }
    if (code == '\t') code = ' ';
    const int cells = utf8proc_charwidth(code);
    const bool is_control = code < ' ' || (code >= 0x7F && code < 0xA0);
    if (is_control) continue;
    std::string shown = code == ' ' ? " " : code == 0xFFFD ? "\xEF\xBF\xBD" : std::string(bytes);
    put(columns_[column], {std::move(shown), static_cast<size_t>(std::max(cells, 0)), dim});
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
