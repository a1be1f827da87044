// The subset of regular expressions that an automaton can run, as a program for one.
//
// Alternation, groups, greedy ? * + {m,n} over what cannot be empty, characters, classes, \p{...}
// of general categories, White_Space, ASCII letters under (?i:...), and a look ahead at one
// character. Input is PCRE2 syntax as regex_dialect.h writes it. Everything else: no program, and
// PCRE2 does the work.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace laconic {

// A set of characters: ranges, general categories (bits by utf8proc's numbers), white space.
struct CharacterSet {
  std::vector<std::pair<char32_t, char32_t>> ranges;
  uint32_t categories = 0;
  bool white_space = false,
       no_white_space = false;  // White_Space is in it; what is not White_Space
  bool negated = false;

  bool operator==(const CharacterSet&) const = default;
  bool contains(char32_t c, int category, bool is_white_space) const;
};

struct RegexProgram {
  enum class Kind { kSet, kSplit, kAhead, kNotAhead, kMatch };
  struct Step {
    Kind kind;
    size_t set = 0;   // kSet, kAhead, kNotAhead: the next character is in it (the end is not)
    size_t next = 0;  // kSet, kAhead, kNotAhead, and kSplit's first choice
    size_t alternative = 0;  // kSplit's second
  };
  std::vector<Step> steps;
  size_t start = 0;
  std::vector<CharacterSet> sets;

  // None where the pattern is outside the subset or could match nothing at all.
  static std::optional<RegexProgram> parse(std::string_view pattern);
};

}  // namespace laconic
