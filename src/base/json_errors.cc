// SPDX-License-Identifier: Apache-2.0
#include "base/json_errors.h"

#include <cctype>
#include <cstdint>

#include "base/error.h"
#include "base/printable.h"

namespace laconic {
namespace {

size_t trailing_digits(std::string_view place) {
  size_t count = 0;
  while (count < place.size() &&
         std::isdigit(static_cast<unsigned char>(place[place.size() - 1 - count])))
    ++count;
  return count;
}

// What text that is no UTF-8 is instead: "" where nothing is known.
const char* other_encoding(std::string_view text) {
  const auto starts = [&](std::string_view mark) { return text.starts_with(mark); };
  using namespace std::string_view_literals;
  if (starts("\xFF\xFE\0\0"sv) || starts("\0\0\xFE\xFF"sv)) return "UTF-32";
  if (starts("\xFF\xFE"sv) || starts("\xFE\xFF"sv)) return "UTF-16";
  if (text.size() < 4) return "";
  const auto zeros = [&](std::string_view pattern) {
    for (size_t i = 0; i < 4; ++i)
      if ((text[i] == '\0') != (pattern[i] == '0')) return false;
    return true;
  };
  if (zeros("x000") || zeros("000x")) return "UTF-32";
  return zeros("x0x0") || zeros("0x0x") ? "UTF-16" : "";
}

}  // namespace

bool is_row_place(std::string_view place) {
  const size_t digits = trailing_digits(place);
  return digits > 0 && digits <= 18 && digits + 1 < place.size() &&
         place[place.size() - digits - 1] == ':';
}

std::string place_in_text(std::string_view text, std::string_view place, size_t position) {
  int64_t line = 1, column = 1;
  for (size_t i = 0; i + 1 < position && i < text.size(); ++i) {
    column = text[i] == '\n' ? 1 : column + 1;
    line += text[i] == '\n';
  }
  if (!is_row_place(place)) return cat(place, ":", line, ":", column);
  const size_t digits = trailing_digits(place);
  line += std::stoll(std::string(place.substr(place.size() - digits))) - 1;
  return cat(place.substr(0, place.size() - digits), line, ":", column);
}

std::string quoted_token(const std::string& token) {
  const std::string shown = printable(token);
  return token.find('"') == std::string::npos ? "\"" + shown + "\"" : shown;
}

std::string lone_surrogate(const std::string& token) {
  constexpr size_t kEscapeBytes = 6;
  for (size_t at = token.rfind("\\u"); at != std::string::npos;
       at = at == 0 ? std::string::npos : token.rfind("\\u", at - 1)) {
    const std::string escape = token.substr(at, kEscapeBytes);
    const bool is_surrogate = escape.size() == kEscapeBytes && (escape[2] | 0x20) == 'd' &&
                              (escape[3] == '8' || escape[3] == '9' || (escape[3] | 0x20) >= 'a');
    if (is_surrogate) return escape;
  }
  return "one";
}

void check_encoding(std::string_view text, std::string_view place) {
  const size_t nul = text.find('\0');
  const bool marked = text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF");
  if (nul == std::string_view::npos && !marked) return;
  const std::string encoding = other_encoding(text);
  if (!encoding.empty())
    fail(ErrorKind::kData, place, ": expected UTF-8, got ", encoding, " (iconv -f ", encoding,
         " -t UTF-8 makes it so)");
  fail(ErrorKind::kData, place_in_text(text, place, nul + 1),
       ": expected valid JSON, got a NUL byte");
}

}  // namespace laconic
