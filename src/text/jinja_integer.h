// Python's integers: 64 bits where that is enough, GMP beyond (Value::Kind::kBig, normalised: what
// fits 64 bits is never big).
//
// Bounded: kMaxIntegerBits, and as in Python 4300 digits in bases that are no power of two.
// Errors: Error(kData) beyond either.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "text/jinja_value.h"

namespace laconic::jinja {

constexpr size_t kMaxIntegerBits = size_t{1} << 17;

// int(text, base): blanks around, a sign, underscores between digits, a prefix 0x, 0o, 0b that fits
// the base; base 0 goes by the prefix. REQUIRES: base 0 or 2 to 36.
std::optional<Value> parse_integer(std::string_view text, int base);
// REQUIRES: value.is_integral(), base 2 to 36. Digits are lower case, without a prefix.
std::string integer_text(const Value& value, int base);

// REQUIRES: two numbers. -1, 0, 1 as a < b, a == b, a > b, exactly; 2 where one is NaN.
int compare_numbers(const Value& a, const Value& b);
// int(value): towards zero. Nothing for NaN and infinities.
std::optional<Value> real_to_integer(double value);

double big_to_real(const Big& big);
size_t big_bits(const Big& big);

}  // namespace laconic::jinja
