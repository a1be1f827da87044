// A table-driven matcher for the regular expressions that BPE tokenizers split by (regex_program.h
// says which): one table look-up a character, no backtracking.
//
// The table is that of a deterministic automaton whose states are the backtracking matcher's
// choices in their order, so it finds the same matches: the leftmost, and there the one of the
// earliest alternative. Characters fall into classes that no set of the pattern tells apart; ASCII
// has its own table. Source: Pike's and RE2's construction with leftmost-first priority. Departure:
// a look ahead at one character is resolved when that character is known. Thread-safe after
// construction.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "text/regex_program.h"

namespace laconic {

struct TextRange {
  size_t begin, end;
};

class RegexScanner {
 public:
  // None where the pattern (in PCRE2's syntax) is outside the subset, or its table grows too large.
  static std::optional<RegexScanner> compile(std::string_view pattern);

  // The first match that begins at or behind `from`; never empty. REQUIRES: well-formed text.
  // Adds what it looked at to `looked_at`, in bytes, and gives up (no match) beyond `limit`.
  struct Work {
    size_t looked_at = 0;
    size_t limit = SIZE_MAX;
  };
  std::optional<TextRange> find(std::string_view text, size_t from, Work& work) const;

 private:
  friend class ScannerBuilder;
  static constexpr uint16_t kMatchBit = 0x8000, kDead = 0;
  uint8_t class_of(char32_t c) const { return pages_[page_of_[c >> 8] * size_t{256} + (c & 0xFF)]; }
  size_t match_end(std::string_view text, size_t begin, Work& work) const;

  std::array<uint8_t, 128> ascii_{};
  std::vector<uint16_t> page_of_;  // by code point / 256
  std::vector<uint8_t> pages_;     // classes of 256 code points each
  size_t num_classes_ = 0;         // one more than the characters': the end of the text
  uint16_t start_ = 0;
  std::vector<uint16_t> table_;  // [state][class]: the next state, kMatchBit: a match ends in front
};

}  // namespace laconic
