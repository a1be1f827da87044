// Where the good rows of a file stand, kept beside a run so that continuing it need not read the
// file again.
//
// Not the rows: offsets and lines only, and what was counted about them. An index counts when its
// key (file, size, time of change, settings) is the asked one and its own hash is right; else it is
// as if there were none. Format: "laconicI", then length and bytes of {"key", "facts"} as JSON, the
// number of rows, 16 bytes a row (offset, line), XXH3-64 of all that; integers are 64-bit
// little-endian.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "data/row_file.h"

namespace laconic {

struct RowIndex {
  std::vector<RowPlace> places;
  Json facts;  // whatever the writer counted
};

void write_row_index(const std::string& path, const Json& key, const RowIndex& index);
std::optional<RowIndex> read_row_index(const std::string& path, const Json& key);

}  // namespace laconic
