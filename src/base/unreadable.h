// {"unreadable": "binary of 12 bytes"}: a value that JSON cannot hold, as the reader of a container
// hands it over (data/parquet.h). It harms only who reads it: Json's as_* accessors name it in
// their error.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace laconic {

inline constexpr std::string_view kUnreadable = "unreadable";

}  // namespace laconic
