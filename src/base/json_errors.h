// What the messages of Json::parse are made of: where an error stands and what is there.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace laconic {

// "rows.jsonl:12": a row of a file, whose line is known already.
bool is_row_place(std::string_view place);
// "f.json:2:6", line and column of a byte (1-based, as `position` is); in a row, whose text may
// begin in the middle of a file, the file's line.
std::string place_in_text(std::string_view text, std::string_view place, size_t position);
// In quotes, unless it has some of its own; printable.
std::string quoted_token(const std::string& token);
// The last \uD800 .. \uDFFF of what was read before an error.
std::string lone_surrogate(const std::string& token);
// Error(kData) for text in UTF-16 or UTF-32 and for a NUL byte, which JSON text never holds (and
// nlohmann's parser takes for the end of the text).
void check_encoding(std::string_view text, std::string_view place);

}  // namespace laconic
