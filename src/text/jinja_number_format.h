// Numbers as text, as Python's % and format() write them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "text/jinja_builtins.h"

namespace laconic::jinja {

struct NumberStyle {
  char type = 'd';         // d x X o b; e E f F g G %
  bool alternate = false;  // 0x in front; a point in any case
  int precision = -1;
  char grouping = 0;  // "," or "_" between digits
};
// Without a sign. REQUIRES: type fits: whole numbers d x X o b, reals the others.
std::string number_digits(Run& run, const Value& value, const NumberStyle& style);
bool is_negative(const Value& number);  // -0.0 too

constexpr int kMaxPrecision = 1000, kMaxFormatWidth = 1'000'000;

}  // namespace laconic::jinja
