// Code points of UTF-8 text, with Python's notions of white space, digits, words and lines.
//
// All functions REQUIRE valid UTF-8. Categories are utf8proc's. Case is in jinja_case.h.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace laconic::jinja {

size_t count_code_points(std::string_view text);
std::vector<char32_t> code_points(std::string_view text);
// Each character as its own piece of `text`.
std::vector<std::string_view> characters(std::string_view text);

// The first place at or behind `from` where `part` stands, the last one, in bytes; npos: none.
// In linear time, whatever the two are (std::string::find is quadratic at worst).
size_t find_text(std::string_view text, std::string_view part, size_t from = 0);
size_t rfind_text(std::string_view text, std::string_view part);
inline bool contains_text(std::string_view text, std::string_view part) {
  return find_text(text, part) != std::string_view::npos;
}

bool is_space(char32_t code_point);      // str.isspace of one character
bool is_printable(char32_t code_point);  // str.isprintable of one character
bool is_alpha(char32_t code_point);      // str.isalpha of one character
bool is_decimal(char32_t code_point);    // str.isdecimal
bool is_any_digit(char32_t code_point);  // str.isdigit: superscripts and circled digits too
bool is_numeral(char32_t code_point);    // str.isnumeric
bool is_alnum(char32_t code_point);      // str.isalnum
// The same number of characters, or all of them where there are fewer.
std::string_view first_characters(std::string_view text, size_t count);
// `text` in `width` characters, `fill` being one: at the left, the right, or in between.
enum class Side { kLeft, kRight, kCenter };
std::string padded(std::string_view text, size_t width, Side side, std::string_view fill = " ");
// Ends of `text` that hold only characters of `set` (white space if `set` is null) are dropped.
std::string_view strip(std::string_view text, const std::string* set, bool left, bool right);
std::vector<std::string> split_space(std::string_view text, int64_t max_splits);
std::vector<std::string> split_space_from_right(std::string_view text, int64_t max_splits);
std::vector<std::string> split_lines(std::string_view text, bool keep_ends);

}  // namespace laconic::jinja
