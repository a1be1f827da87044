// UTF-8 as the tokenizer needs it: strict validation, decoding of valid text, and Rust's lossy
// repair.
//
// Source: Unicode 15, section 3.9 (well-formed sequences, maximal subparts).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace laconic {

// The length of the well-formed prefix of `text`; text.size() when all of it is well-formed.
size_t valid_utf8_prefix(std::string_view text);
// What stands at text[pos]: the bytes of one well-formed character (well_formed), or else the
// maximal subpart of an ill-formed one, at least 1 byte. `truncated`: the text ends before the
// character could be completed.
struct Utf8Step {
  size_t num_bytes;
  bool well_formed;
  bool truncated;
};
Utf8Step step_utf8(std::string_view text, size_t pos);
// Each maximal subpart of an ill-formed sequence becomes one U+FFFD, as String::from_utf8_lossy
// does it.
std::string repair_utf8(std::string_view text);

// The code point at text[pos]; pos moves behind it. REQUIRES: well-formed text, pos < text.size().
char32_t next_code_point(std::string_view text, size_t& pos);
void append_utf8(char32_t code_point, std::string& out);

// By Unicode properties; categories are utf8proc's, those of Unicode 15 and 16 from unicode_age.h.
bool is_white_space(char32_t c);  // White_Space
bool is_word_char(char32_t c);    // \w of Rust's regex: Alphabetic, M, Nd, Pc, Join_Control
bool is_numeric(char32_t c);      // N
// Rust's char::to_lowercase (Unicode 17), one character by itself.
void append_lowercase(char32_t c, std::string& out);

}  // namespace laconic
