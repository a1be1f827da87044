// SPDX-License-Identifier: Apache-2.0
#include "text/jinja_utf8.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstring>

#include "text/utf8.h"

namespace laconic::jinja {
namespace {

bool is_line_end(char32_t c) {
  return (c >= 0x0a && c <= 0x0d) || (c >= 0x1c && c <= 0x1e) || c == 0x85 || c == 0x2028 ||
         c == 0x2029;
}

bool is_letter(utf8proc_category_t category) {
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}

utf8proc_category_t category_of(char32_t c) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(c));
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

size_t find_text(std::string_view text, std::string_view part, size_t from) {
  if (from > text.size()) return std::string_view::npos;
  if (part.empty()) return from;
  const void* found = memmem(text.data() + from, text.size() - from, part.data(), part.size());
  return found ? static_cast<size_t>(static_cast<const char*>(found) - text.data())
               : std::string_view::npos;
}

size_t rfind_text(std::string_view text, std::string_view part) {
  if (part.size() < 2) return text.rfind(part);
  const std::string backwards(text.rbegin(), text.rend());
  const size_t found = find_text(backwards, std::string(part.rbegin(), part.rend()));
  return found == std::string_view::npos ? found : text.size() - found - part.size();
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

bool is_alpha(char32_t c) { return is_letter(category_of(c)); }

bool is_decimal(char32_t c) { return category_of(c) == UTF8PROC_CATEGORY_ND; }

bool is_any_digit(char32_t c) {
  static constexpr char32_t kRanges[][2] = {
      {0xb2, 0xb3},       {0xb9, 0xb9},       {0x1369, 0x1371},   {0x19da, 0x19da},
      {0x2070, 0x2070},   {0x2074, 0x2079},   {0x2080, 0x2089},   {0x2460, 0x2468},
      {0x2474, 0x247c},   {0x2488, 0x2490},   {0x24ea, 0x24ea},   {0x24f5, 0x24fd},
      {0x24ff, 0x24ff},   {0x2776, 0x277e},   {0x2780, 0x2788},   {0x278a, 0x2792},
      {0x10a40, 0x10a43}, {0x10e60, 0x10e68}, {0x11052, 0x1105a}, {0x1f100, 0x1f10a}};
  return is_decimal(c) || std::any_of(std::begin(kRanges), std::end(kRanges),
                                      [c](const auto& r) { return c >= r[0] && c <= r[1]; });
}

bool is_numeral(char32_t c) {
  static constexpr std::u32string_view kIdeographs =
      U"\u3007\u4E00\u4E8C\u4E09\u56DB\u4E94\u516D\u4E03\u516B\u4E5D\u5341\u767E\u5343"
      U"\u4E07\u5104\u5146";
  const auto category = category_of(c);
  return (category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO) ||
         kIdeographs.find(c) != std::u32string_view::npos;
}

bool is_alnum(char32_t c) { return is_alpha(c) || is_numeral(c); }

std::string_view first_characters(std::string_view text, size_t count) {
  size_t at = 0;
  for (size_t i = 0; i < count && at < text.size(); ++i) next_code_point(text, at);
  return text.substr(0, at);
}

std::string padded(std::string_view text, size_t width, Side side, std::string_view fill) {
  const size_t size = count_code_points(text);
  const size_t missing = width > size ? width - size : 0;
  // Python's rule for where the odd one of a centred text goes.
  const size_t left = side == Side::kLeft    ? 0
                      : side == Side::kRight ? missing
                                             : missing / 2 + (missing & width & 1);
  std::string out;
  out.reserve(text.size() + missing * fill.size());
  for (size_t i = 0; i < left; ++i) out += fill;
  out += text;
  for (size_t i = left; i < missing; ++i) out += fill;
  return out;
}

std::string_view strip(std::string_view text, const std::string* set, bool left, bool right) {
  std::vector<char32_t> wanted = set ? code_points(*set) : std::vector<char32_t>{};
  std::sort(wanted.begin(), wanted.end());
  const auto drops = [&](char32_t c) {
    return set ? std::binary_search(wanted.begin(), wanted.end(), c) : is_space(c);
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

std::vector<std::string> split_space_from_right(std::string_view text, int64_t max_splits) {
  std::vector<std::string> parts;
  text = strip(text, nullptr, false, true);
  while (!text.empty()) {
    if (max_splits >= 0 && static_cast<int64_t>(parts.size()) == max_splits) {
      parts.emplace_back(text);
      break;
    }
    size_t begin = text.size();
    while (begin > 0) {
      size_t start = begin - 1;
      while ((text[start] & 0xc0) == 0x80) --start;
      size_t at = start;
      if (is_space(next_code_point(text, at))) break;
      begin = start;
    }
    parts.emplace_back(text.substr(begin));
    text = strip(text.substr(0, begin), nullptr, false, true);
  }
  std::reverse(parts.begin(), parts.end());
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
