// SPDX-License-Identifier: Apache-2.0
#include "text/jinja_literal.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>

#include "base/format.h"
#include "text/jinja_utf8.h"
#include "text/utf8.h"

namespace laconic::jinja {
namespace {

// Exactly `count` digits of base 16, or up to 3 of base 8.
std::optional<char32_t> read_code(std::string_view body, size_t& at, size_t count, int base) {
  uint32_t value = 0;
  const size_t last = std::min(body.size(), at + count);
  const auto read = std::from_chars(body.data() + at, body.data() + last, value, base);
  const auto used = static_cast<size_t>(read.ptr - (body.data() + at));
  if (read.ec != std::errc{} || (base == 16 && used != count)) return std::nullopt;
  at += used;
  return value;
}

const char* append_code(std::optional<char32_t> code, std::string& out) {
  if (!code) return "an escape with too few digits";
  if (*code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000)) return "an escape of no character";
  append_utf8(*code, out);
  return nullptr;
}

}  // namespace

const char* unescape_string(std::string_view body, std::string& out) {
  static constexpr std::string_view kNames = "\\'\"abfnrtv";
  static constexpr std::string_view kValues = "\\'\"\a\b\f\n\r\t\v";
  for (size_t at = 0; at < body.size();) {
    if (body[at] != '\\') {
      out += body[at++];
      continue;
    }
    if (++at == body.size()) return "a lone backslash";
    const char c = body[at];
    const char* fault = nullptr;
    if (const size_t known = kNames.find(c); known != std::string_view::npos) {
      out += kValues[known];
      ++at;
    } else if (c == '\n') {
      ++at;
    } else if (c == 'x' || c == 'u' || c == 'U') {
      fault = append_code(read_code(body, ++at, c == 'x' ? 2 : c == 'u' ? 4 : 8, 16), out);
    } else if (c >= '0' && c <= '7') {
      fault = append_code(read_code(body, at, 3, 8), out);
    } else if (c == 'N') {
      fault = "a character named by \\N";
    } else {
      out += '\\';
    }
    if (fault) return fault;
  }
  return nullptr;
}

NumberLiteral read_number_literal(std::string_view text, bool may_be_real) {
  NumberLiteral number;
  size_t at = 0;
  // Digits, with single underscores between them.
  const auto take_digits = [&](auto is_wanted) {
    while (at < text.size() && (is_wanted(text[at]) || (text[at] == '_' && at + 1 < text.size() &&
                                                        is_wanted(text[at + 1]) && at > 0)))
      ++at;
  };
  const char mark = text.size() > 2 && text[0] == '0' ? static_cast<char>(text[1] | 0x20) : '\0';
  if (mark == 'x' || mark == 'o' || mark == 'b') {
    const int base = mark == 'x' ? 16 : mark == 'o' ? 8 : 2;
    at = 2;
    take_digits([base](char c) {
      const char low = static_cast<char>(c | 0x20);
      return is_digit(c) ? c - '0' < base : base == 16 && low >= 'a' && low <= 'f';
    });
    number.length = at > 2 ? at : 1;
    return number;
  }
  take_digits(is_digit);
  const size_t whole = at;
  if (may_be_real && at + 1 < text.size() && text[at] == '.' && is_digit(text[at + 1])) {
    number.is_real = true;
    ++at;
    take_digits(is_digit);
  }
  if (may_be_real && at < text.size() && (text[at] | 0x20) == 'e') {
    size_t exponent = at + 1;
    if (exponent < text.size() && (text[exponent] == '+' || text[exponent] == '-')) ++exponent;
    if (exponent < text.size() && is_digit(text[exponent])) {
      number.is_real = true;
      at = exponent;
      take_digits(is_digit);
    }
  }
  number.length = at;
  if (number.is_real) {
    std::string digits(text.substr(0, at));
    std::erase(digits, '_');
    number.real = std::strtod(digits.c_str(), nullptr);  // infinite where too large, as in Python
  } else if (text[0] == '0') {
    // Python has no 007: the zeros are a number of their own.
    const size_t zeros = std::min(text.find_first_not_of("0_"), whole);
    number.length = zeros;
  }
  return number;
}

}  // namespace laconic::jinja
