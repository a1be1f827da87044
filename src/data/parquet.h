// Parquet in: every row as one line of JSON.
//
// An optional part: one of two files implements this, chosen when the program is built.
// parquet_arrow.cc reads with Arrow's and Parquet's C++ libraries; parquet_none.cc refuses in one
// sentence where they are absent. Columns become the members of a row in their order; null,
// boolean, integer, floating point, text, list, struct and dictionary-encoded values; a map becomes
// an object. NaN becomes null (pandas' word for a missing number), an infinity "Infinity" or
// "-Infinity". What JSON cannot hold (timestamps, decimals, binary that is no UTF-8) becomes
// {"unreadable": type}, which is an error, naming row and field, only where it is read. Memory: one
// batch of rows. Errors: Error(kData) naming file and column. Source: Apache Parquet's format,
// Arrow's C++ API.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace laconic {

inline constexpr std::string_view kParquetMagic = "PAR1";

bool has_parquet();
// Calls sink with each row and its line end. Error(kUsage) where the part is absent.
void read_parquet(const std::string& path, const std::function<void(std::string_view)>& sink);

}  // namespace laconic
