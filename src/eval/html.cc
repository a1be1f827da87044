// SPDX-License-Identifier: Apache-2.0
#include "eval/html.h"

#include "base/error.h"
#include "base/format.h"

namespace laconic {

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 16);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '\t':
      case '\n':
        out += c;
        break;
      default:
        if (byte < 0x20 || byte == 0x7F) {  // U+2400 + c; U+2421 for DEL
          out += "\xE2\x90";
          out += static_cast<char>(0x80 + (byte == 0x7F ? 0x21 : byte));
        } else {
          out += c;
        }
    }
  }
  return out;
}

std::string heading(int level, const std::string& id, const std::string& text) {
  return cat("<h", level, " id=\"", id, "\">", escape_html(text), " <a class=\"anchor\" href=\"#",
             id, "\" aria-label=\"Link to this part\">#</a></h", level, ">\n");
}

std::string slug(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_digit(c) || (c >= 'a' && c <= 'z'))
      out += c;
    else if (c >= 'A' && c <= 'Z')
      out += static_cast<char>(c - 'A' + 'a');
    else if (!out.empty() && out.back() != '-')
      out += '-';
  }
  while (out.ends_with('-')) out.pop_back();
  return out;
}

std::string download_link(const std::string& file, const std::string& type,
                          const std::string& bytes, const std::string& text) {
  return cat("<a class=\"save\" download=\"", escape_html(file), "\" href=\"data:", type,
             ";base64,", base64(bytes), "\">", escape_html(text), "</a>");
}

std::string base64(std::string_view bytes) {
  static constexpr char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  const auto byte = [&](size_t i) {
    return i < bytes.size() ? static_cast<unsigned>(static_cast<unsigned char>(bytes[i])) : 0u;
  };
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const unsigned group = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    out += kDigits[group >> 18];
    out += kDigits[group >> 12 & 63];
    out += i + 1 < bytes.size() ? kDigits[group >> 6 & 63] : '=';
    out += i + 2 < bytes.size() ? kDigits[group & 63] : '=';
  }
  return out;
}

}  // namespace laconic
