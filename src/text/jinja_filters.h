// The parts of the filter table; find_filter looks in all.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "text/jinja_builtins.h"

namespace laconic::jinja {

std::span<const BuiltinEntry> text_filters();      // of one value: text, numbers, JSON
std::span<const BuiltinEntry> number_filters();    // to numbers and of numbers
std::span<const BuiltinEntry> layout_filters();    // of text: lines, widths, HTML, URLs
std::span<const BuiltinEntry> sequence_filters();  // of a list or dict, to one value or a list
std::span<const BuiltinEntry> lazy_filters();      // that give iterators

// "a.b.0" looked up part by part, as jinja2's make_attrgetter does; none: the object itself.
// `otherwise` (may be null) stands for each part that is undefined.
Value dotted_item(Run& run, Value object, const Value& path, const Value* otherwise = nullptr);
// What sort, unique, min and max compare by: the attribute, and text without its case.
Value comparison_key(Run& run, const Value& item, const Value& attribute, bool case_sensitive);

// str(value), counted.
std::string text_of(Run& run, const Value& value);
// The same that stays markup if it is (jinja2's soft_str).
Text soft_text(Run& run, const Value& value);
Value ascii_repr(const Value& value);    // Python's ascii()
std::string pretty(const Value& value);  // Python's pprint.pformat

}  // namespace laconic::jinja
