// Characters that are younger than the tables of the libraries in use, PCRE2's above all (Debian
// 12: Unicode 14).
//
// `tokenizers` 0.23.3 splits by Unicode 16 (Oniguruma) but normalizes by Unicode 9. For splitting,
// a character that Unicode 15, 15.1 or 16 added is replaced by an older one of the same general
// category and the same length in UTF-8, so that offsets hold. Found by comparing every general
// category of all code points.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace laconic {

// The older character for one that Unicode 15 to 16 added; any other character itself.
char32_t stand_in(char32_t c);
// Puts the text with stand-ins into `out` and returns true, or returns false where none is needed.
bool replace_by_stand_ins(std::string_view text, std::string& out);

// To normalizers these characters, added after Unicode 9 with a combining class or a decomposition,
// are starters that nothing happens to.
bool unknown_to_unicode9(char32_t c);

// What the pre-tokenizers Punctuation and BertPreTokenizer cut at: ASCII's, and general category P
// as Unicode 8 knew it.
bool is_punctuation(char32_t c);

// The lower case of a letter that has one only since Unicode 15.1 to 17; any other character
// itself.
char32_t young_lowercase(char32_t c);

}  // namespace laconic
