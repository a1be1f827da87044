// Where the answer stands in a text: the last box, or GSM8K's "####".
//
// The rule for boxes: the last "\boxed{" (or "\fbox{") counts, whatever came before it. An empty or
// unterminated one is a fault of the reply, there is no fall back to an earlier box. The word
// \boxed without a brace is prose. Linear time; the result points into the text.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace laconic {

enum class AnswerPlace { kBox, kEmptyBox, kUnterminatedBox, kHashes, kNone };

struct ExtractedAnswer {
  AnswerPlace place = AnswerPlace::kNone;
  std::string_view text;  // trimmed; empty unless kBox or kHashes
};

ExtractedAnswer extract_answer(std::string_view text);

// Position after the brace that closes the one at `open`, escaped braces passed over; npos: none
// does. REQUIRES: text[open] == '{'.
size_t skip_braces(std::string_view text, size_t open);

}  // namespace laconic
