// SPDX-License-Identifier: Apache-2.0
#include "text/byte_level.h"

#include "text/utf8.h"

namespace laconic {
namespace {

constexpr size_t kAlphabetEnd = 0x100 + 68;

struct Alphabet {
  std::array<char32_t, 256> to_char{};
  std::array<int16_t, kAlphabetEnd> to_byte{};
  std::array<uint8_t, 256> order{};

  Alphabet() {
    to_byte.fill(-1);
    char32_t next = 0x100;
    for (int b = 0; b < 256; ++b) {
      const bool itself = (b >= 0x21 && b <= 0x7E) || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
      const char32_t c = itself ? static_cast<char32_t>(b) : next++;
      to_char[static_cast<size_t>(b)] = c;
      to_byte[c] = static_cast<int16_t>(b);
    }
    size_t n = 0;
    for (const int16_t b : to_byte)
      if (b >= 0) order[n++] = static_cast<uint8_t>(b);
  }
};

const Alphabet& alphabet() {
  static const Alphabet table;
  return table;
}

}  // namespace

char32_t byte_to_char(uint8_t byte) { return alphabet().to_char[byte]; }

const std::array<uint8_t, 256>& bytes_in_alphabet_order() { return alphabet().order; }

std::string to_byte_alphabet(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) append_utf8(byte_to_char(static_cast<uint8_t>(c)), out);
  return out;
}

std::optional<std::string> from_byte_alphabet(std::string_view token) {
  const Alphabet& table = alphabet();
  std::string out;
  out.reserve(token.size());
  for (size_t pos = 0; pos < token.size();) {
    const char32_t c = next_code_point(token, pos);
    if (c >= kAlphabetEnd || table.to_byte[c] < 0) return std::nullopt;
    out += static_cast<char>(table.to_byte[c]);
  }
  return out;
}

}  // namespace laconic
