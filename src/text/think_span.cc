// SPDX-License-Identifier: Apache-2.0
#include "text/think_span.h"

#include <optional>
#include <string>
#include <vector>

#include "text/tokenizer.h"

namespace laconic {
namespace {

constexpr std::string_view kBlanks = " \t\r\n\f\v";

// Some tokenizers have the tags as special tokens.
bool is_think_tag(const Tokenizer& tokenizer, int32_t id) {
  const std::optional<std::string> token = tokenizer.id_to_token(id);
  return token && (*token == kThinkOpen || *token == kThinkClose);
}

}  // namespace

const char* think_state_name(ThinkState state) {
  switch (state) {
    case ThinkState::kNone:
      return "none";
    case ThinkState::kEmpty:
      return "empty";
    case ThinkState::kClosed:
      return "closed";
    case ThinkState::kUnterminated:
      return "unterminated";
  }
  return "none";
}

ThinkSpan find_think_span(std::string_view completion, bool prompt_opens_think) {
  ThinkSpan span;
  span.answer = completion;
  const size_t open = completion.find(kThinkOpen);
  const bool starts_open =
      open != std::string_view::npos && completion.find_first_not_of(kBlanks) == open;
  const size_t first_close = completion.find(kThinkClose);
  const bool thinks_from_start =
      !starts_open &&
      (prompt_opens_think || (first_close < open && first_close != completion.npos));
  if (!thinks_from_start && open == std::string_view::npos) return span;
  span.begin = thinks_from_start ? 0 : open;
  const size_t start = thinks_from_start ? 0 : open + kThinkOpen.size();
  const size_t close = completion.find(kThinkClose, start);
  if (close == std::string_view::npos) {
    span.state = ThinkState::kUnterminated;
    span.thinking = completion.substr(start);
    span.answer = {};
    span.end = completion.size();
    return span;
  }
  span.thinking = completion.substr(start, close - start);
  span.end = close + kThinkClose.size();
  span.answer = completion.substr(span.end);
  const bool is_blank = span.thinking.find_first_not_of(kBlanks) == std::string_view::npos;
  span.state = is_blank ? ThinkState::kEmpty : ThinkState::kClosed;
  return span;
}

ThinkTokens count_think_tokens(const Tokenizer& tokenizer, std::span<const int32_t> ids,
                               bool prompt_opens_think) {
  std::string text;
  IncrementalDecoder decoder(tokenizer);
  std::vector<size_t> starts;
  starts.reserve(ids.size());
  for (const int32_t id : ids) {
    starts.push_back(text.size());
    // A stop id's own text is no part of the reply.
    if (!tokenizer.is_special(id) || is_think_tag(tokenizer, id)) text += decoder.push(id);
  }
  text += decoder.finish();
  const ThinkSpan span = find_think_span(text, prompt_opens_think);
  ThinkTokens tokens;
  tokens.state = span.state;
  if (span.state != ThinkState::kNone) {
    const bool is_open = span.state == ThinkState::kUnterminated;
    for (const size_t start : starts)
      tokens.thinking_tokens += start >= span.begin && (is_open || start < span.end);
  }
  tokens.answer_tokens = static_cast<int64_t>(ids.size()) - tokens.thinking_tokens;
  return tokens;
}

}  // namespace laconic
