// SPDX-License-Identifier: Apache-2.0
#include "eval/separators.h"

#include <array>

#include "base/format.h"

namespace laconic {
namespace {

// Visits each character outside words of letters and digits once, with the depth of brackets
// around.
template <typename Visit>
void for_each_run(std::string_view text, const Visit& visit) {
  int depth = 0;
  for (size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c == '(' || c == '[' || c == '{') ++depth;
    if (c == ')' || c == ']' || c == '}') --depth;
    size_t length = 1;
    if (is_digit(c)) {
      length = grouped_digits(text.substr(i));
      const bool grouped = length > 0 && depth == 0;
      if (!grouped) {
        length = 0;
        while (i + length < text.size() && is_digit(text[i + length])) ++length;
      }
      visit(text.substr(i, length), grouped);
      i += length;
      // Decimal places are no groups of their own.
      if (i + 1 < text.size() && text[i] == '.' && is_digit(text[i + 1])) {
        do {
          ++i;
        } while (i < text.size() && is_digit(text[i]));
      }
      continue;
    }
    visit(text.substr(i, length), false);
    i += length;
  }
}

bool is_decimal_pair(std::string_view comma, std::string_view point) {
  const size_t at = comma.find(',');
  if (at == std::string_view::npos || at == 0 || comma.size() != point.size()) return false;
  if (comma.find_first_not_of("0123456789,") != std::string_view::npos) return false;
  // "2,5" is more often a pair; "0,5" in an answer beside 0.5 is not.
  if (comma.size() - at - 1 < 2 && comma.substr(0, at) != "0") return false;
  return point[at] == '.' && comma.substr(0, at) == point.substr(0, at) &&
         comma.substr(at + 1) == point.substr(at + 1) &&
         comma.find(',', at + 1) == std::string_view::npos;
}

}  // namespace

size_t grouped_digits(std::string_view text) {
  size_t end = 0;
  while (end < text.size() && is_digit(text[end])) ++end;
  if (end == 0 || end > 3 || text[0] == '0') return 0;
  const auto digit_at = [&](size_t at) { return at < text.size() && is_digit(text[at]); };
  size_t groups = 0;
  while (end < text.size() && text[end] == ',' && digit_at(end + 1) && digit_at(end + 2) &&
         digit_at(end + 3) && !digit_at(end + 4)) {
    end += 4;
    ++groups;
  }
  return groups > 0 ? end : 0;
}

bool may_have_thousands(std::string_view canonical) {
  bool found = false;
  for_each_run(canonical, [&](std::string_view, bool grouped) { found = found || grouped; });
  return found;
}

bool is_surely_list(std::string_view canonical) {
  bool found = false;
  for_each_run(canonical,
               [&](std::string_view run, bool) { found = found || run == "," || run == ";"; });
  static constexpr std::array<std::string_view, 8> kJoins = {
      "\\pm", "\\mp", "\\text{and", "\\text{ and", "\\text{or", "\\text{ or", " and ", " or "};
  for (const std::string_view join : kJoins)
    found = found || canonical.find(join) != std::string_view::npos;
  return found;
}

std::string with_commas_as_list(std::string_view canonical) {
  std::string out;
  for (size_t i = 0; i < canonical.size(); ++i) {
    out += canonical[i];
    const bool between = canonical[i] == ',' && i > 0 && is_digit(canonical[i - 1]) &&
                         i + 1 < canonical.size() && is_digit(canonical[i + 1]);
    if (between) out += ' ';
  }
  return out;
}

bool equal_decimal_comma(std::string_view gold, std::string_view answer) {
  // "0,5" is the pair of roots 0 and 5 in a gold answer; 0,111 is not.
  const bool gold_is_decimal = gold.starts_with("0,") && gold.size() >= 5;
  return is_decimal_pair(answer, gold) || (gold_is_decimal && is_decimal_pair(gold, answer));
}

}  // namespace laconic
