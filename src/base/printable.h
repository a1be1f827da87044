// Text from outside (files, servers, models, paths) made safe to show: what steers a terminal,
// hides or reorders text becomes visible.
//
// Escaped: C0 controls, DEL, C1 controls and bytes that are no UTF-8 as \xNN; the characters that
// reorder or break a line (U+2028, U+2029, U+202A..U+202E, U+2066..U+2069; Trojan Source,
// CVE-2021-42574) as \u{NNNN}. Marks without such power (U+200E, U+200F, joiners) stay: languages
// need them. A backslash is not doubled: this is for eyes, no format to read back. Everything that
// goes to a terminal and is no JSON passes here; Json::dump escapes the same by itself.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>

namespace laconic {

// What stands at text[pos], pos < text.size(): its bytes, its code point (-1: no UTF-8), and
// whether it must not reach a terminal.
struct ShownCharacter {
  size_t num_bytes;
  int code_point;
  bool unsafe;
};
ShownCharacter shown_character(std::string_view text, size_t pos);

// One line: newline, carriage return and tab become \n, \r and \t.
std::string printable(std::string_view text);
// Several lines: newline and tab stay.
std::string printable_lines(std::string_view text);
// One line of at most about max_bytes, cut between characters and then ended by "...".
std::string printable_line(std::string_view text, size_t max_bytes);

// Writes printable_lines(text). Errors show in ferror(stream), as printf's do.
void print_text(std::string_view text, std::FILE* stream = stdout);

}  // namespace laconic
