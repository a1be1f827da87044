// SPDX-License-Identifier: Apache-2.0
#include "eval/tail_loop.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace laconic {

TailLoop find_tail_loop(std::string_view text, const LoopRule& rule) {
  const size_t n = std::min(text.size(), rule.max_tail);
  const auto at = [&](size_t i) { return text[text.size() - 1 - i]; };  // from the end
  TailLoop best;
  // border[i]: longest proper border of the last i + 1 elements; their period is i + 1 - border.
  std::vector<uint32_t> border(n, 0);
  for (size_t i = 1; i < n; ++i) {
    size_t k = border[i - 1];
    while (k > 0 && at(i) != at(k)) k = border[k - 1];
    if (at(i) == at(k)) ++k;
    border[i] = static_cast<uint32_t>(k);
    const size_t length = i + 1, period = length - k;
    if (length >= rule.min_length && length >= rule.min_repeats * period) best = {length, period};
  }
  return best;
}

}  // namespace laconic
