// The two halves of the filter table; find_filter looks in both.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "text/jinja_builtins.h"

namespace laconic::jinja {

std::span<const BuiltinEntry> text_filters();      // of one value: text, numbers, JSON
std::span<const BuiltinEntry> sequence_filters();  // of a list or dict

}  // namespace laconic::jinja
