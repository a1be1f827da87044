// Finds training problems that a benchmark has too: a run of n words in common.
//
// Words: runs of ASCII letters and digits (lower case) and of other bytes above 127, so that
// spacing, punctuation and LaTeX signs do not hide a copy. A text of fewer than n words is found
// only by a text of exactly the same words. Windows are compared by 64-bit hash (XXH3). The rule is
// GPT-3's (arXiv 2005.14165, appendix C; n = 13 there), without its frequency exception. Memory: 16
// bytes or so a window of the benchmarks. Deterministic.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace laconic {

class NgramIndex {
 public:
  explicit NgramIndex(int64_t num_words);  // REQUIRES: num_words >= 1

  void add(std::string_view text, const std::string& place);

  struct Match {
    const std::string* place = nullptr;  // of the first text that has it; null: none has
    std::string words;                   // that both have
    explicit operator bool() const { return place != nullptr; }
  };
  Match find(std::string_view text) const;
  int64_t num_words() const { return static_cast<int64_t>(num_words_); }

 private:
  size_t num_words_;
  std::vector<std::string> places_;
  std::unordered_map<uint64_t, uint32_t> windows_, whole_texts_;  // hash -> place
};

}  // namespace laconic
