// The extractor under every set of rules: the first two bytes choose them. No input crashes it, the
// answer is part of the text (but for joined boxes), and a second extraction gives the same.
// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "eval/extract.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  using namespace laconic;
  AnswerRules rules;
  rules.sources.clear();
  constexpr AnswerSource kAll[] = {
      AnswerSource::kBox,  AnswerSource::kHashes,     AnswerSource::kPhrase, AnswerSource::kChoice,
      AnswerSource::kMath, AnswerSource::kLastNumber, AnswerSource::kWhole};
  for (size_t i = 0; i < 7; ++i) {
    if (data[0] >> i & 1) rules.sources.push_back(kAll[i]);
  }
  rules.count_thinking = data[1] & 1;
  rules.starts_in_thinking = data[1] & 2;
  rules.require_closed_thinking = data[1] & 4;
  rules.join_boxes = data[1] & 8;
  rules.tail_bytes = data[1] & 16 ? 40 : 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  const ExtractedAnswer got = extract_answer(text, rules);
  const ExtractedAnswer again = extract_answer(text, rules);
  if (got.place != again.place || got.text != again.text) std::abort();
  if (got.place == AnswerPlace::kFound) {
    if (got.text.empty()) std::abort();
    if (!rules.join_boxes && text.find(got.text) == std::string_view::npos) std::abort();
  } else if (!got.text.empty()) {
    std::abort();
  }
  gold_answer(text);
  return 0;
}
