// SPDX-License-Identifier: Apache-2.0
#include "data/row_fields.h"

#include <cstdint>

#include "base/error.h"

namespace laconic {

Field find_field(const Json& row, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    const Json* value = row.find(name);
    if (value && !value->is_null()) return {name, value};
  }
  return {};
}

std::string field_text(const Field& field, const std::string& place) {
  const std::string where = cat(place, ": ", field.name);
  const Json* value = field.value;
  if (value->is_array() && value->size() == 1) value = &value->as_array(where)[0];
  if (value->is_number()) {
    std::string text = value->dump();
    if (text.size() > 2 && text.ends_with(".0")) text.resize(text.size() - 2);
    return text;
  }
  return value->as_string(where);
}

std::string field_string(const Field& field, const std::string& place) {
  std::string text = field.value->as_string(cat(place, ": ", field.name));
  require(!trimmed(text).empty(), ErrorKind::kData, place, ": ", field.name,
          ": expected text, got an empty string");
  return text;
}

int64_t field_count(const Json& value, const std::string& where) {
  const bool ok =
      value.is_integer() && value.as_integer(where) >= 0 && value.as_integer(where) <= INT32_MAX;
  require(ok, ErrorKind::kData, where, ": expected a whole number from 0 to ", INT32_MAX, ", got ",
          value.is_number() ? value.dump() : value.kind_name());
  return value.as_integer(where);
}

size_t utf8_length(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  if (text.empty()) return 0;
  const uint8_t first = byte(0);
  if (first < 0x80) return 1;
  const size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  const uint8_t second = byte(1);
  const bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  const bool outside = (first == 0xED && second > 0x9F) || (first == 0xF4 && second > 0x8F);
  return overlong || outside ? 0 : length;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\f\v";
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

}  // namespace laconic
