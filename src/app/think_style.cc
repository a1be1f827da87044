// SPDX-License-Identifier: Apache-2.0
#include "app/think_style.h"

#include <algorithm>

#include "text/think_span.h"

namespace laconic {
namespace {

// Bytes at the end of `text` that a longer text could complete to `tag`.
size_t begun_tag(std::string_view text, std::string_view tag) {
  for (size_t size = std::min(text.size(), tag.size() - 1); size > 0; --size)
    if (tag.starts_with(text.substr(text.size() - size))) return size;
  return 0;
}

}  // namespace

std::vector<StyledText> ThinkStyle::push(std::string_view piece) {
  pending_ += piece;
  std::vector<StyledText> out;
  const auto take = [&](size_t size, bool is_thinking) {
    if (size > 0) out.push_back({pending_.substr(0, size), is_thinking});
    pending_.erase(0, size);
  };
  while (true) {
    const std::string_view tag = is_thinking_ ? kThinkClose : kThinkOpen;
    const size_t at = pending_.find(tag);
    if (at == std::string::npos) {
      take(pending_.size() - begun_tag(pending_, tag), is_thinking_);
      return out;
    }
    take(is_thinking_ ? at + tag.size() : at, is_thinking_);
    if (!is_thinking_) take(tag.size(), true);
    is_thinking_ = !is_thinking_;
  }
}

std::vector<StyledText> ThinkStyle::finish() {
  std::vector<StyledText> out;
  if (!pending_.empty()) out.push_back({pending_, is_thinking_});
  pending_.clear();
  return out;
}

}  // namespace laconic
