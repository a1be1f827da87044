// SPDX-License-Identifier: Apache-2.0
#include "text/split.h"

#include <algorithm>
#include <vector>

#include "text/utf8.h"

namespace laconic {
namespace {

struct Part {
  TextRange range;
  bool is_match;
};

// Calls emit(range, is_match) for matches and the gaps between them.
template <typename NextMatch, typename Emit>
void for_each_part(NextMatch& next, std::string_view text, const Emit& emit) {
  size_t previous = 0;
  while (const std::optional<TextRange> match = next()) {
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

template <typename NextMatch>
void split_at(NextMatch next, SplitRule rule, Piece piece, const PieceSink& sink) {
  const std::string_view text = piece.text;
  const auto emit = [&](TextRange range) {
    if (range.begin == range.end) return;
    sink({text.substr(range.begin, range.end - range.begin), piece.is_first && range.begin == 0});
  };
  if (rule.behavior == SplitBehavior::kIsolated || rule.behavior == SplitBehavior::kRemoved) {
    const bool removing = rule.behavior == SplitBehavior::kRemoved;
    for_each_part(next, text, [&](TextRange range, bool is_match) {
      if (!removing || is_match == rule.invert) emit(range);
    });
    return;
  }
  std::vector<Part> parts;
  for_each_part(next, text, [&](TextRange range, bool is_match) {
    parts.push_back({range, is_match != rule.invert});
  });
  const bool backwards = rule.behavior == SplitBehavior::kMergedWithNext;
  if (backwards) std::reverse(parts.begin(), parts.end());
  auto ranges = fold(parts, rule.behavior == SplitBehavior::kContiguous);
  if (backwards) std::reverse(ranges.begin(), ranges.end());
  for (const TextRange range : ranges) emit(range);
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

void split(const Regex& regex, SplitRule rule, Piece piece, const PieceSink& sink) {
  Regex::Matches matches(regex, piece.text);
  split_at([&] { return matches.next(); }, rule, piece, sink);
}

void split(bool (*is_match)(char32_t), SplitRule rule, Piece piece, const PieceSink& sink) {
  size_t pos = 0;
  const auto next = [&]() -> std::optional<TextRange> {
    while (pos < piece.text.size()) {
      const size_t begin = pos;
      if (is_match(next_code_point(piece.text, pos))) return TextRange{begin, pos};
    }
    return std::nullopt;
  };
  split_at(next, rule, piece, sink);
}

void split(std::string_view literal, SplitRule rule, Piece piece, const PieceSink& sink) {
  size_t pos = 0;
  const auto next = [&]() -> std::optional<TextRange> {
    const size_t begin = piece.text.find(literal, pos);
    if (begin == std::string_view::npos) return std::nullopt;
    pos = begin + literal.size();
    return TextRange{begin, pos};
  };
  split_at(next, rule, piece, sink);
}

}  // namespace laconic
