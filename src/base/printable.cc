// SPDX-License-Identifier: Apache-2.0
#include "base/printable.h"

#include <utf8proc.h>

#include <cstdio>

namespace laconic {
namespace {

bool reorders(int c) { return (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069); }

void append_escape(unsigned value, const char* form, std::string& out) {
  char buffer[16];
  std::snprintf(buffer, sizeof buffer, form, value);
  out += buffer;
}

std::string shown(std::string_view text, bool keep_lines) {
  std::string out;
  out.reserve(text.size());
  for (size_t pos = 0; pos < text.size();) {
    const ShownCharacter c = shown_character(text, pos);
    const std::string_view bytes = text.substr(pos, c.num_bytes);
    pos += c.num_bytes;
    const bool is_line = c.code_point == '\n' || c.code_point == '\t';
    if (!c.unsafe || (keep_lines && is_line))
      out += bytes;
    else if (c.code_point == '\n')
      out += "\\n";
    else if (c.code_point == '\t')
      out += "\\t";
    else if (c.code_point == '\r')
      out += "\\r";
    else if (c.code_point > 0xFF)
      append_escape(static_cast<unsigned>(c.code_point), "\\u{%x}", out);
    else
      append_escape(c.code_point < 0 ? static_cast<unsigned char>(bytes[0])
                                     : static_cast<unsigned>(c.code_point),
                    "\\x%02x", out);
  }
  return out;
}

}  // namespace

ShownCharacter shown_character(std::string_view text, size_t pos) {
  const auto first = static_cast<unsigned char>(text[pos]);
  if (first < 0x80) return {1, first, first < ' ' || first == 0x7F};
  utf8proc_int32_t code = 0;
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data()) + pos;
  const auto size =
      utf8proc_iterate(bytes, static_cast<utf8proc_ssize_t>(text.size() - pos), &code);
  if (size <= 0) return {1, -1, true};
  return {static_cast<size_t>(size), code, code < 0xA0 || reorders(code)};
}

std::string printable(std::string_view text) { return shown(text, false); }

std::string printable_lines(std::string_view text) { return shown(text, true); }

std::string printable_line(std::string_view text, size_t max_bytes) {
  if (text.size() <= max_bytes) return printable(text);
  size_t end = max_bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return printable(text.substr(0, end)) + "...";
}

void print_text(std::string_view text, std::FILE* stream) {
  const std::string safe = printable_lines(text);
  std::fwrite(safe.data(), 1, safe.size(), stream);
}

}  // namespace laconic
