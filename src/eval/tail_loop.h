// Does a reply end in a loop: the same block over and over up to its end?
//
// Exact repetition only (a loop that counts upwards is none), of bytes; the last block may be
// incomplete. The shortest period that covers the longest such tail is reported. By
// the prefix function of the reversed tail (Knuth, Morris, Pratt): time and memory linear in
// the tail looked at. Deterministic; no errors.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

namespace laconic {

struct LoopRule {
  size_t min_repeats = 4;
  size_t min_length = 200;      // bytes of the whole repeating tail
  size_t max_tail = 256 << 10;  // no further back is looked
};

struct TailLoop {
  size_t length = 0;  // of the repeating tail; 0: none
  size_t period = 0;  // of one block
  explicit operator bool() const { return length > 0; }
};

TailLoop find_tail_loop(std::string_view text, const LoopRule& rule = {});

}  // namespace laconic
