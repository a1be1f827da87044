// Python's textwrap.wrap of one line, with expand_tabs and replace_whitespace off as jinja2 has it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace laconic::jinja {

struct WrapRule {
  int64_t width = 79;  // characters, > 0
  bool breaks_long_words = true;
  bool breaks_on_hyphens = true;
};
std::vector<std::string> wrap_line(std::string_view line, const WrapRule& rule);

}  // namespace laconic::jinja
