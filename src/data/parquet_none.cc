// The alternative to parquet_arrow.cc where Arrow's libraries are absent.
// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "data/parquet.h"

namespace laconic {

bool has_parquet() { return false; }

void read_parquet(const std::string& path, const std::function<void(std::string_view)>&) {
  fail(ErrorKind::kUsage, path,
       ": expected JSONL, got Parquet, which this build does not read (build it where Arrow's "
       "libraries are: docs/data-format.md, or write the rows as JSONL)");
}

}  // namespace laconic
