// Where a completion thinks and where it answers: by text and, from sampled ids, in tokens.
//
// The first <think> opens, the first </think> behind it closes. A prompt that already ends with the
// opening tag (R1 distills), or a closing tag without an opening one, makes the completion think
// from its start. Text in front of the opening tag belongs to the answer. Not a judge of what is
// thought. Units: bytes of text; tokens as sampled (a token belongs to where its first byte stands;
// both tags belong to the thinking; ids without text, such as a stop id, to the answer, or to a
// thought that never ends).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace laconic {

class Tokenizer;

inline constexpr std::string_view kThinkOpen = "<think>";
inline constexpr std::string_view kThinkClose = "</think>";

enum class ThinkState {
  kNone,         // no tag: all of it is the answer
  kEmpty,        // opened and closed around white space
  kClosed,       // opened, thought, closed
  kUnterminated  // opened and never closed: there is no answer
};
const char* think_state_name(ThinkState state);  // "none", "empty", "closed", "unterminated"

struct ThinkSpan {
  ThinkState state = ThinkState::kNone;
  std::string_view thinking;  // between the tags
  std::string_view answer;    // behind the closing tag; all of it without a tag
  size_t begin = 0;           // tags included, in bytes
  size_t end = 0;
};

// `completion` must outlive the result.
ThinkSpan find_think_span(std::string_view completion, bool prompt_opens_think);

struct ThinkTokens {
  ThinkState state = ThinkState::kNone;
  int64_t thinking_tokens = 0;  // thinking + answer = ids.size()
  int64_t answer_tokens = 0;
};

ThinkTokens count_think_tokens(const Tokenizer& tokenizer, std::span<const int32_t> ids,
                               bool prompt_opens_think);

}  // namespace laconic
