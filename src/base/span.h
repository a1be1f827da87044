// A half-open range of positions: of bytes in a text, or of ids in a row.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace laconic {

struct Span {
  int64_t begin = 0;
  int64_t end = 0;  // behind the last
  int64_t size() const { return end - begin; }
  bool operator==(const Span&) const = default;
};

}  // namespace laconic
