// Text in HTML. No errors; deterministic.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace laconic {

// For text and for attribute values in double quotes. Control characters but tab and line end,
// which HTML forbids or browsers hide, become their pictures (U+2400 ..).
std::string escape_html(std::string_view text);

// A heading of level 2 to 4 that can be linked to.
std::string heading(int level, const std::string& id, const std::string& text);
// Letters and digits of a text in lower case, all else as single hyphens.
std::string slug(std::string_view text);

// A link that saves `bytes` as a file; holds them, loads nothing.
std::string download_link(const std::string& file, const std::string& type,
                          const std::string& bytes, const std::string& text);

// RFC 4648.
std::string base64(std::string_view bytes);

}  // namespace laconic
