// How far ahead of its products one row fetches weights. It waits for memory, so this is all that
// its speed depends on.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace laconic {

// Bytes, with AVX-512. Measured (dev/LOG.md): a core of Zen 5 keeps 8 KB on their way; Zen 4
// (AMD's family 19h) gains nothing beyond its own fetching and loses 3 to 10 % with 8 KB.
inline int64_t one_row_ahead_bytes() {
  static const int64_t bytes = __builtin_cpu_is("amdfam19h") ? 1024 : 8192;
  return bytes;
}

}  // namespace laconic
