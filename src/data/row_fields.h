// What rows.cc and row_shapes.cc share: looking up fields by any of their known names.
// Errors: Error(kData) "place: field: expected X, got Y".
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/json.h"

namespace laconic {

struct Field {
  std::string_view name;
  const Json* value = nullptr;  // nullptr: none of the names is there
  explicit operator bool() const { return value != nullptr; }
};

// The first of `names` that is there and not null.
Field find_field(const Json& row, std::initializer_list<std::string_view> names);

// The field as text: a string as it is, a number as its shortest decimal, an array of one as its
// element.
std::string field_text(const Field& field, const std::string& place);

// As field_text, but only a string that is not blank passes.
std::string field_string(const Field& field, const std::string& place);

// A count (tokens, samples): a whole number from 0 to 2^31 - 1, so that no sum of them overflows.
int64_t field_count(const Json& value, const std::string& where);

// Bytes of the well-formed UTF-8 character that `text` starts with (no surrogates, no overlong
// forms); 0: malformed.
size_t utf8_length(std::string_view text);

// Without white space at both ends.
std::string_view trimmed(std::string_view text);

}  // namespace laconic
