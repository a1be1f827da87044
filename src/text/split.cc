// SPDX-License-Identifier: Apache-2.0
#include "text/split.h"

#include <algorithm>
#include <vector>

namespace laconic {
namespace {

struct Part {
  TextRange range;
  bool is_match;
};

// Calls emit(range, is_match) for matches and the gaps between them.
template <typename Emit>
void for_each_part(const Regex& regex, std::string_view text, const Emit& emit) {
  Regex::Matches matches(regex, text);
  size_t previous = 0;
  while (const auto match = matches.next()) {
    if (previous != match->begin) emit(TextRange{previous, match->begin}, false);
    emit(*match, true);
    previous = match->end;
  }
  if (previous != text.size()) emit(TextRange{previous, text.size()}, false);
}

// Joins neighbours: contiguous joins parts of equal kind, otherwise a match joins the part before
// it, unless that is a match too.
std::vector<TextRange> fold(const std::vector<Part>& parts, bool contiguous) {
  std::vector<TextRange> out;
  bool previous_match = false;
  for (const Part& part : parts) {
    const bool join =
        contiguous ? part.is_match == previous_match : part.is_match && !previous_match;
    if (join && !out.empty()) {
      out.back() = {std::min(out.back().begin, part.range.begin),
                    std::max(out.back().end, part.range.end)};
    } else {
      out.push_back(part.range);
    }
    previous_match = part.is_match;
  }
  return out;
}

}  // namespace

std::optional<SplitBehavior> parse_split_behavior(std::string_view name) {
  if (name == "Isolated") return SplitBehavior::kIsolated;
  if (name == "Removed") return SplitBehavior::kRemoved;
  if (name == "MergedWithPrevious") return SplitBehavior::kMergedWithPrevious;
  if (name == "MergedWithNext") return SplitBehavior::kMergedWithNext;
  if (name == "Contiguous") return SplitBehavior::kContiguous;
  return std::nullopt;
}

void split(const Regex& regex, SplitRule rule, std::string_view text, const PieceSink& sink) {
  const auto emit = [&](TextRange range) {
    if (range.begin != range.end) sink(text.substr(range.begin, range.end - range.begin));
  };
  if (rule.behavior == SplitBehavior::kIsolated || rule.behavior == SplitBehavior::kRemoved) {
    const bool removing = rule.behavior == SplitBehavior::kRemoved;
    for_each_part(regex, text, [&](TextRange range, bool is_match) {
      if (!removing || is_match == rule.invert) emit(range);
    });
    return;
  }
  std::vector<Part> parts;
  for_each_part(regex, text, [&](TextRange range, bool is_match) {
    parts.push_back({range, is_match != rule.invert});
  });
  const bool backwards = rule.behavior == SplitBehavior::kMergedWithNext;
  if (backwards) std::reverse(parts.begin(), parts.end());
  auto ranges = fold(parts, rule.behavior == SplitBehavior::kContiguous);
  if (backwards) std::reverse(ranges.begin(), ranges.end());
  for (const TextRange range : ranges) emit(range);
}

}  // namespace laconic
