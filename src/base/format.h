// Small pieces of text that messages and tables are made of. Locale-independent; no errors.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace laconic {

// ASCII only, whatever the locale.
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// As printf's %.*f.
std::string fixed(double value, int digits);

// "a, b, c".
std::string joined(std::span<const std::string> parts, std::string_view separator = ", ");

// A tensor's shape: "[2, 3]".
std::string shape_text(std::span<const int64_t> shape);

}  // namespace laconic
