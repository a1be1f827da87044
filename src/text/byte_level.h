// GPT-2's byte alphabet: each byte has one printable character, so that a vocabulary of strings can
// hold any bytes.
//
// Source: openai/gpt-2 encoder.py, bytes_to_unicode: bytes 0x21..0x7E, 0xA1..0xAC, 0xAE..0xFF stand
// for themselves, the other 68 for U+0100 onwards in order.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace laconic {

char32_t byte_to_char(uint8_t byte);
// The 256 bytes in the order of their characters: the order of the base vocabulary.
const std::array<uint8_t, 256>& bytes_in_alphabet_order();
std::string to_byte_alphabet(std::string_view bytes);
// The bytes that the characters of `token` stand for; none if a character is outside the alphabet.
std::optional<std::string> from_byte_alphabet(std::string_view token);

}  // namespace laconic
