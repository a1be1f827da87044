// String and number literals as Jinja reads them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace laconic::jinja {

// Appends the value of a literal's body (between the quotes) with Python's escapes resolved.
// Returns nullptr, or what is wrong with it.
const char* unescape_string(std::string_view body, std::string& out);

struct NumberLiteral {
  size_t length = 0;  // bytes used
  bool is_real = false;
  double real = 0;  // an integer is what parse_integer(its text, 0) says
};

// REQUIRES: text starts with a digit. `may_be_real` is false behind a dot (`list.0.1` is two
// subscripts).
NumberLiteral read_number_literal(std::string_view text, bool may_be_real);

}  // namespace laconic::jinja
