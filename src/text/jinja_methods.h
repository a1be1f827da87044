// The parts of the tables of methods; find_method looks in all.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "text/jinja_builtins.h"

namespace laconic::jinja {

std::span<const BuiltinEntry> search_methods();  // of str: search, cut, join, case
std::span<const BuiltinEntry> text_methods();    // of str: padding, predicates, bytes, format

// What one replaces; count < 0: everywhere.
struct Replacement {
  const std::string& from;
  const std::string& to;
  int64_t count;
};
// Python's str.replace.
std::string replaced(Run& run, const std::string& text, const Replacement& replacement);

// str.format with its arguments, the text first; markup escapes what is put in.
Value format_braces(Run& run, const Value& format, Arguments arguments);
// One field of it: format(value, spec).
std::string format_value(Run& run, const Value& value, const std::string& spec);

// Calls a method of markup: what Python's Markup wraps gives markup again, and what is put into it
// is escaped.
Value call_markup_method(Run& run, std::string_view name, Builtin method, Arguments& arguments);

// Markup.striptags and html.unescape.
std::string strip_tags(Run& run, std::string text);
std::string unescape_html(std::string_view text);

}  // namespace laconic::jinja
