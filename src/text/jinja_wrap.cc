// SPDX-License-Identifier: Apache-2.0
#include "text/jinja_wrap.h"

#include <algorithm>

#include "text/jinja_utf8.h"
#include "text/utf8.h"

namespace laconic::jinja {
namespace {

// textwrap's own: the blanks of ASCII, no others.
bool is_blank(char32_t c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_word(char32_t c) { return c == '_' || is_alnum(c); }
bool is_letter(char32_t c) { return is_word(c) && !is_decimal(c); }
bool is_word_mark(char32_t c) {
  return is_word(c) || std::u32string_view(U"!\"'&.,?").find(c) != std::u32string_view::npos;
}

// Cuts a line into words, blanks and dashes: textwrap's wordsep_re, read by hand.
class Chunks {
 public:
  Chunks(std::u32string_view points, bool breaks_on_hyphens)
      : points_(points), breaks_on_hyphens_(breaks_on_hyphens) {}

  std::vector<std::u32string_view> run() {
    std::vector<std::u32string_view> chunks;
    for (size_t at = 0; at < points_.size();) {
      const size_t end = chunk_end(at);
      chunks.push_back(points_.substr(at, end - at));
      at = end;
    }
    return chunks;
  }

 private:
  char32_t at(size_t i) const { return i < points_.size() ? points_[i] : 0; }

  size_t chunk_end(size_t start) {
    size_t end = start;
    if (is_blank(at(start))) {
      while (end < points_.size() && is_blank(at(end))) ++end;
      return end;
    }
    if (breaks_on_hyphens_ && start > 0 && is_word_mark(at(start - 1)) && is_dash(start, end))
      return end;
    for (end = start + 1; end < points_.size(); ++end) {
      if (is_blank(at(end))) return end;
      if (!breaks_on_hyphens_) continue;
      if (ends_behind_hyphen(end)) return end + 1;
      size_t behind = 0;
      if (is_word_mark(at(end - 1)) && is_dash(end, behind)) return end;
    }
    return end;
  }

  // Two hyphens or more in front of a word character; `end`: behind them.
  bool is_dash(size_t start, size_t& end) {
    if (at(start) != '-' || at(start + 1) != '-') return false;
    if (start < dashes_seen_to_) {
      end = dashes_seen_to_;
    } else {
      for (end = start; at(end) == '-';) ++end;
      dashes_seen_to_ = end;
    }
    return is_word(at(end));
  }

  // A hyphen inside a word, with letters enough on both sides.
  bool ends_behind_hyphen(size_t i) const {
    if (at(i) != '-' || i < 2) return false;
    const bool follows_part = at(i - 2) == '-' && i >= 3 && is_letter(at(i - 3));
    if (!is_letter(at(i - 1)) || !(is_letter(at(i - 2)) || follows_part)) return false;
    const size_t next = at(i + 2) == '-' ? i + 3 : i + 2;
    return is_letter(at(i + 1)) && is_letter(at(next));
  }

  const std::u32string_view points_;
  const bool breaks_on_hyphens_;
  size_t dashes_seen_to_ = 0;
};

bool is_gap(std::u32string_view chunk) {
  return std::all_of(chunk.begin(), chunk.end(), [](char32_t c) { return is_space(c); });
}

// Of a chunk that is longer than a line: how much of it fits in `left`, cut behind a hyphen if it
// may be.
size_t cut_of(std::u32string_view chunk, size_t left, bool breaks_on_hyphens) {
  if (!breaks_on_hyphens || chunk.size() <= left) return left;
  const size_t hyphen = chunk.rfind(U'-', left - 1);
  const bool is_inside =
      hyphen != std::u32string_view::npos && hyphen > 0 && left > 0 &&
      std::any_of(chunk.begin(), chunk.begin() + static_cast<std::ptrdiff_t>(hyphen),
                  [](char32_t c) { return c != '-'; });
  return is_inside ? hyphen + 1 : left;
}

}  // namespace

std::vector<std::string> wrap_line(std::string_view line, const WrapRule& rule) {
  const std::vector<char32_t> points = code_points(line);
  std::vector<std::u32string_view> chunks =
      Chunks({points.data(), points.size()}, rule.breaks_on_hyphens).run();
  const auto width = static_cast<size_t>(rule.width);
  std::vector<std::string> lines;
  for (size_t next = 0; next < chunks.size();) {
    if (!lines.empty() && is_gap(chunks[next]) && ++next == chunks.size()) break;
    std::u32string text;
    size_t last = 0;  // where the last chunk of the line starts
    while (next < chunks.size() && text.size() + chunks[next].size() <= width) {
      last = text.size();
      text += chunks[next++];
    }
    if (next < chunks.size() && chunks[next].size() > width) {
      const size_t left = width - text.size();
      if (rule.breaks_long_words) {
        const size_t cut = left == 0 ? 0 : cut_of(chunks[next], left, rule.breaks_on_hyphens);
        last = text.size();
        text += chunks[next].substr(0, cut);
        chunks[next].remove_prefix(cut);
      } else if (text.empty()) {
        text = chunks[next++];
      }
    }
    if (!text.empty() && is_gap(std::u32string_view(text).substr(last))) text.resize(last);
    if (text.empty()) continue;
    std::string out;
    for (const char32_t c : text) append_utf8(c, out);
    lines.push_back(std::move(out));
  }
  return lines;
}

}  // namespace laconic::jinja
