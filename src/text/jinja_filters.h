// The parts of the filter table; find_filter looks in all.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "text/jinja_builtins.h"

namespace laconic::jinja {

std::span<const BuiltinEntry> text_filters();      // of one value: text, numbers, JSON
std::span<const BuiltinEntry> sequence_filters();  // of a list or dict
std::span<const BuiltinEntry> more_filters();      // the rarer ones

// "a.b.0" looked up part by part, as jinja2's make_attrgetter does.
Value dotted_item(Run& run, Value object, const Value& path);

}  // namespace laconic::jinja
