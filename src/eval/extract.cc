// SPDX-License-Identifier: Apache-2.0
#include "eval/extract.h"

#include <algorithm>

namespace laconic {
namespace {

constexpr size_t kNone = std::string_view::npos;
constexpr std::string_view kSpace = " \t\r\n";

std::string_view trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == kNone) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

// Position of the brace that opens the last `macro`{...}; npos: none.
size_t last_brace_of(std::string_view text, std::string_view macro) {
  for (size_t at = text.rfind(macro); at != kNone; at = text.rfind(macro, at - 1)) {
    const size_t next = text.find_first_not_of(kSpace, at + macro.size());
    if (next != kNone && text[next] == '{') return next;
    if (at == 0) break;
  }
  return kNone;
}

}  // namespace

size_t skip_braces(std::string_view text, size_t open) {
  size_t depth = 0;
  for (size_t i = open; i < text.size(); ++i) {
    if (text[i] == '\\')
      ++i;
    else if (text[i] == '{')
      ++depth;
    else if (text[i] == '}' && --depth == 0)
      return i + 1;
  }
  return kNone;
}

ExtractedAnswer extract_answer(std::string_view text) {
  const size_t boxed = last_brace_of(text, "\\boxed");
  const size_t framed = last_brace_of(text, "\\fbox");
  if (boxed != kNone || framed != kNone) {
    const size_t open = boxed == kNone ? framed : framed == kNone ? boxed : std::max(boxed, framed);
    const size_t end = skip_braces(text, open);
    if (end == kNone) return {AnswerPlace::kUnterminatedBox, {}};
    const std::string_view inside = trim(text.substr(open + 1, end - open - 2));
    return {inside.empty() ? AnswerPlace::kEmptyBox : AnswerPlace::kBox, inside};
  }
  const size_t hashes = text.rfind("####");
  if (hashes == kNone) return {};
  const std::string_view rest = trim(text.substr(hashes + 4));
  const std::string_view line = trim(rest.substr(0, rest.find('\n')));
  return line.empty() ? ExtractedAnswer{} : ExtractedAnswer{AnswerPlace::kHashes, line};
}

}  // namespace laconic
