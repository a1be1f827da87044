// Python's notions of upper, lower and title case, with the mappings of one character to several.
//
// All functions REQUIRE valid UTF-8. Source: CPython's str methods; Unicode's SpecialCasing without
// its conditions but for the final sigma; simple mappings and categories are utf8proc's, so that a
// letter younger than its tables has no case.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace laconic::jinja {

std::string upper(std::string_view text);
std::string lower(std::string_view text);
std::string capitalize(std::string_view text);
std::string title(std::string_view text);
std::string swap_case(std::string_view text);
std::string case_fold(std::string_view text);

// str.isupper, islower and istitle.
bool is_upper(std::string_view text);
bool is_lower(std::string_view text);
bool is_title(std::string_view text);

}  // namespace laconic::jinja
