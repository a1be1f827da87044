// The plumbing commands' loop: one JSON object a line in, the same object with fields added out.
//
// Reads stdin or a file line by line and writes stdout or a file (complete or not at all: temporary
// name, then rename). Lines of white space are passed over. Errors: Error(kData) as `file:line:
// ...` for a line that is no JSON object and for an error of the callback; Error(kFailure) for
// files.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "base/json.h"

namespace laconic {

struct JsonlPaths {
  std::string input, output;  // empty: stdin, stdout
};

// `map(row, place)` adds its fields to the row; `place` is "file:line".
void map_jsonl(const JsonlPaths& paths,
               const std::function<void(Json& row, const std::string& place)>& map);

}  // namespace laconic
