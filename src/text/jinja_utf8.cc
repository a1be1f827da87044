// SPDX-License-Identifier: Apache-2.0
#include "text/jinja_utf8.h"

#include <utf8proc.h>

#include <algorithm>
#include <utility>

#include "text/utf8.h"

namespace laconic::jinja {
namespace {

bool is_line_end(char32_t c) {
  return (c >= 0x0a && c <= 0x0d) || (c >= 0x1c && c <= 0x1e) || c == 0x85 || c == 0x2028 ||
         c == 0x2029;
}

char32_t to_upper(char32_t c) {
  return static_cast<char32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(c)));
}

char32_t to_lower(char32_t c) {
  return static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c)));
}

bool is_cased(char32_t c) { return to_upper(c) != c || to_lower(c) != c; }

template <typename Map>
std::string map_points(std::string_view text, Map map) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) append_utf8(map(next_code_point(text, at)), out);
  return out;
}

}  // namespace

size_t count_code_points(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

std::vector<char32_t> code_points(std::string_view text) {
  std::vector<char32_t> points;
  for (size_t at = 0; at < text.size();) points.push_back(next_code_point(text, at));
  return points;
}

std::vector<std::string_view> characters(std::string_view text) {
  std::vector<std::string_view> pieces;
  for (size_t at = 0; at < text.size();) {
    const size_t start = at;
    next_code_point(text, at);
    pieces.push_back(text.substr(start, at - start));
  }
  return pieces;
}

bool is_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0d) || (c >= 0x1c && c <= 0x20) || c == 0x85 || c == 0xa0 ||
         c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
         c == 0x205f || c == 0x3000;
}

bool is_printable(char32_t c) {
  if (c == ' ') return true;
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return false;
    default:
      return true;
  }
}

std::string upper(std::string_view text) { return map_points(text, to_upper); }

std::string lower(std::string_view text) { return map_points(text, to_lower); }

std::string capitalize(std::string_view text) {
  bool first = true;
  return map_points(
      text, [&](char32_t c) { return std::exchange(first, false) ? to_upper(c) : to_lower(c); });
}

std::string title(std::string_view text) {
  bool in_word = false;
  return map_points(text, [&](char32_t c) {
    const char32_t mapped = in_word ? to_lower(c) : to_upper(c);
    in_word = is_cased(c);
    return mapped;
  });
}

std::string_view strip(std::string_view text, const std::string* set, bool left, bool right) {
  const std::vector<char32_t> wanted = set ? code_points(*set) : std::vector<char32_t>{};
  const auto drops = [&](char32_t c) {
    return set ? std::find(wanted.begin(), wanted.end(), c) != wanted.end() : is_space(c);
  };
  size_t begin = 0;
  size_t end = text.size();
  while (left && begin < end) {
    size_t at = begin;
    if (!drops(next_code_point(text, at))) break;
    begin = at;
  }
  while (right && begin < end) {
    size_t start = end - 1;
    while ((text[start] & 0xc0) == 0x80) --start;
    size_t at = start;
    if (!drops(next_code_point(text, at))) break;
    end = start;
  }
  return text.substr(begin, end - begin);
}

std::vector<std::string> split_space(std::string_view text, int64_t max_splits) {
  std::vector<std::string> parts;
  text = strip(text, nullptr, true, false);
  while (!text.empty()) {
    if (max_splits >= 0 && static_cast<int64_t>(parts.size()) == max_splits) {
      parts.emplace_back(text);
      break;
    }
    size_t end = 0;
    while (end < text.size()) {
      size_t at = end;
      if (is_space(next_code_point(text, at))) break;
      end = at;
    }
    parts.emplace_back(text.substr(0, end));
    text = strip(text.substr(end), nullptr, true, false);
  }
  return parts;
}

std::vector<std::string> split_lines(std::string_view text, bool keep_ends) {
  std::vector<std::string> lines;
  size_t start = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t end = at;
    const char32_t c = next_code_point(text, at);
    if (!is_line_end(c)) continue;
    if (c == '\r' && at < text.size() && text[at] == '\n') ++at;
    lines.emplace_back(text.substr(start, (keep_ends ? at : end) - start));
    start = at;
  }
  if (start < text.size()) lines.emplace_back(text.substr(start));
  return lines;
}

}  // namespace laconic::jinja
