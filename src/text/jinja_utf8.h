// Code points of UTF-8 text, with Python's notions of white space, case and lines.
//
// All functions REQUIRE valid UTF-8. Case mapping is one code point to one (utf8proc), so "ß" has
// no upper case here.
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

bool is_space(char32_t code_point);      // str.isspace of one character
bool is_printable(char32_t code_point);  // str.isprintable of one character
std::string upper(std::string_view text);
std::string lower(std::string_view text);
std::string capitalize(std::string_view text);
std::string title(std::string_view text);
// Ends of `text` that hold only characters of `set` (white space if `set` is null) are dropped.
std::string_view strip(std::string_view text, const std::string* set, bool left, bool right);
std::vector<std::string> split_space(std::string_view text, int64_t max_splits);
std::vector<std::string> split_lines(std::string_view text, bool keep_ends);

}  // namespace laconic::jinja
