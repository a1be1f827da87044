// SPDX-License-Identifier: Apache-2.0
#include "text/utf8.h"

#include <utf8proc.h>

#include "text/unicode_age.h"

namespace laconic {
namespace {

uint8_t byte_at(std::string_view text, size_t pos) { return static_cast<uint8_t>(text[pos]); }

// The allowed range of the second byte and the length, by first byte (table 3-7 of the standard).
struct Lead {
  size_t num_bytes;  // 0: never a first byte
  uint8_t low, high;
};

Lead lead_of(uint8_t first) {
  if (first < 0x80) return {1, 0, 0};
  if (first < 0xC2) return {0, 0, 0};
  if (first < 0xE0) return {2, 0x80, 0xBF};
  if (first == 0xE0) return {3, 0xA0, 0xBF};
  if (first == 0xED) return {3, 0x80, 0x9F};
  if (first < 0xF0) return {3, 0x80, 0xBF};
  if (first == 0xF0) return {4, 0x90, 0xBF};
  if (first < 0xF4) return {4, 0x80, 0xBF};
  if (first == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

}  // namespace

Utf8Step step_utf8(std::string_view text, size_t pos) {
  const Lead lead = lead_of(byte_at(text, pos));
  if (lead.num_bytes == 0) return {1, false, false};
  for (size_t i = 1; i < lead.num_bytes; ++i) {
    if (pos + i >= text.size()) return {i, false, true};
    const uint8_t byte = byte_at(text, pos + i);
    const uint8_t low = i == 1 ? lead.low : 0x80, high = i == 1 ? lead.high : 0xBF;
    if (byte < low || byte > high) return {i, false, false};
  }
  return {lead.num_bytes, true, false};
}

size_t valid_utf8_prefix(std::string_view text) {
  size_t pos = 0;
  while (pos < text.size()) {
    if (byte_at(text, pos) < 0x80) {
      ++pos;
      continue;
    }
    const Utf8Step step = step_utf8(text, pos);
    if (!step.well_formed) return pos;
    pos += step.num_bytes;
  }
  return pos;
}

std::string repair_utf8(std::string_view text) {
  const size_t valid = valid_utf8_prefix(text);
  std::string out(text.substr(0, valid));
  for (size_t pos = valid; pos < text.size();) {
    const Utf8Step step = step_utf8(text, pos);
    out += step.well_formed ? text.substr(pos, step.num_bytes) : std::string_view("\xEF\xBF\xBD");
    pos += step.num_bytes;
  }
  return out;
}

char32_t next_code_point(std::string_view text, size_t& pos) {
  const uint8_t first = byte_at(text, pos++);
  if (first < 0x80) return first;
  const size_t more = first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
  char32_t value = first & (0x3Fu >> more);
  for (size_t i = 0; i < more; ++i) value = value << 6 | (byte_at(text, pos++) & 0x3Fu);
  return value;
}

void append_utf8(char32_t c, std::string& out) {
  const auto put = [&out](char32_t byte) { out += static_cast<char>(byte); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | c >> 6);
    put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3F));
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  }
}

bool is_white_space(char32_t c) {
  if (c <= 0x20) return c == 0x20 || (c >= 0x09 && c <= 0x0D);
  return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
         c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

bool is_word_char(char32_t c) {
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(stand_in(c)))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_PC:
      return true;
    default:
      break;
  }
  // Other_Alphabetic outside the categories above: circled and squared letters. Then Join_Control.
  return (c >= 0x24B6 && c <= 0x24E9) || (c >= 0x1F130 && c <= 0x1F149) ||
         (c >= 0x1F150 && c <= 0x1F169) || (c >= 0x1F170 && c <= 0x1F189) || c == 0x200C ||
         c == 0x200D;
}

bool is_numeric(char32_t c) {
  const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(stand_in(c)));
  return category == UTF8PROC_CATEGORY_ND || category == UTF8PROC_CATEGORY_NL ||
         category == UTF8PROC_CATEGORY_NO;
}

void append_lowercase(char32_t c, std::string& out) {
  if (c == 0x130) return void(out += "i\u0307");  // the only one that becomes two
  const char32_t young = young_lowercase(c);
  append_utf8(young != c
                  ? young
                  : static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))),
              out);
}

}  // namespace laconic
