// The plumbing commands' loop: one JSON object a line in, the same object with fields added out.
//
// Reads stdin or a file line by line (with kAllCores, and from a file rather than a pipe: many
// lines at once; the output is the same) and writes stdout or a file (complete or not at all:
// temporary name, then rename). Lines of white space are passed over. Errors: Error(kData) as
// `file:line:
// ...` for a line that is no JSON object and for an error of the callback; Error(kFailure) for
// files.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "base/json.h"

namespace laconic {

struct JsonlPaths {
  std::string input = "-", output = "-";  // "-": stdin, stdout
};

enum class JsonlThreads { kOne, kAllCores };

// `map(row, place)` adds its fields to the row; `place` is "file:line". With kAllCores it must be
// safe to call from several threads at once.
void map_jsonl(const JsonlPaths& paths,
               const std::function<void(Json& row, const std::string& place)>& map,
               JsonlThreads threads = JsonlThreads::kOne);

}  // namespace laconic
