// SPDX-License-Identifier: Apache-2.0
#include "eval/extract.h"

#include <algorithm>
#include <optional>

#include "base/format.h"
#include "eval/extract_text.h"

namespace laconic {
namespace {

constexpr size_t kNone = std::string_view::npos;
constexpr std::string_view kSpace = " \t\r\n";
constexpr std::string_view kThinkOpen = "<think>", kThinkClose = "</think>";

// Boxes further from the end than this are not part of one list with the last.
constexpr size_t kMaxListBytes = 4096, kMaxListBoxes = 64, kMaxConnectorBytes = 80;
constexpr size_t kMaxConnectorWords = 5;

// A box: where its content starts and ends, and the position after it; end kNone: it never closes.
struct Box {
  size_t macro = kNone, begin = kNone, content_end = kNone, end = kNone;
};

// The end of the argument that stands at text[at] without braces: "\\boxed 5", "\\boxed\\frac12",
// "\\boxed C."; kNone: none, as in "put it in \\boxed please".
size_t bare_argument_end(std::string_view text, size_t at) {
  const auto char_at = [&](size_t i) { return i < text.size() ? text[i] : '\0'; };
  const size_t start = at;
  if (char_at(at) == '-' || char_at(at) == '+') ++at;
  if (char_at(at) == '\\') {
    size_t end = at + 1;
    while (is_letter(char_at(end))) ++end;
    const std::string_view name = text.substr(at + 1, end - at - 1);
    int groups = name.ends_with("frac") ? 2 : name == "sqrt" || name == "text" ? 1 : 0;
    if (groups == 0 && name != "pi" && name != "infty") return kNone;
    for (; groups > 0; --groups) {
      while (char_at(end) == ' ') ++end;
      if (end >= text.size()) return kNone;
      end = text[end] == '{' ? skip_braces(text, end) : end + 1;
      if (end == kNone) return kNone;
    }
    return end;
  }
  const bool choice = char_at(at) >= 'A' && char_at(at) <= 'J' && at == start;
  if (choice) {
    const char next = char_at(at + 1);
    return std::string_view("\0.,;$)*\n\r", 9).find(next) == kNone ? kNone : at + 1;
  }
  if (!is_digit(char_at(at))) return kNone;
  while (is_digit(char_at(at)) ||
         (std::string_view(".,/").find(char_at(at)) != kNone && is_digit(char_at(at + 1))))
    ++at;
  if (char_at(at) == '%') return at + 1;
  return text.substr(at).starts_with("\\%") ? at + 2 : at;
}

// The last `macro` with an argument that starts before `limit`.
Box last_box_of(std::string_view text, std::string_view macro, size_t limit) {
  for (size_t at = find_last(text, macro, limit); at != kNone;
       at = find_last(text, macro, at - 1)) {
    const size_t next = text.find_first_not_of(kSpace, at + macro.size());
    if (next != kNone && text[next] == '{') {
      const size_t end = skip_braces(text, next);
      return {at, next + 1, end == kNone ? kNone : end - 1, end};
    }
    const size_t bare = next == kNone ? kNone : bare_argument_end(text, next);
    if (bare != kNone) return {at, next, bare, bare};
    if (at == 0) break;
  }
  return {};
}

Box shifted(Box box, size_t by) {
  for (size_t* at : {&box.macro, &box.begin, &box.content_end, &box.end}) {
    if (*at != kNone) *at += by;
  }
  return box;
}

Box last_box(std::string_view text, size_t limit) {
  const Box boxed = last_box_of(text, "\\boxed", limit);
  // No need to look for a frame before the box.
  const size_t from = boxed.begin == kNone ? 0 : boxed.begin;
  const Box framed = last_box_of(text.substr(from), "\\fbox", limit - std::min(limit, from));
  return framed.begin == kNone ? boxed : shifted(framed, from);
}

// Whether two boxes with only `between` are one list: "," or "and" or "or", a few words before
// them, perhaps "x =" behind.
bool is_connector(std::string_view between) {
  if (between.size() > kMaxConnectorBytes || between.find("\n\n") != kNone) return false;
  std::string words;
  bool comma = false;
  for (size_t i = 0; i < between.size(); ++i) {
    const char c = between[i];
    if (c == ',' || c == ';' || c == '&') {
      // "\," is a space.
      if (i == 0 || between[i - 1] != '\\') comma = true;
      words += ' ';
    } else if (c == '\\') {
      size_t end = i + 1;
      while (end < between.size() && between[end] >= 'a' && between[end] <= 'z') ++end;
      i = end == i + 1 ? i : end - 1;  // a macro; the character of "\(" goes as punctuation
      words += ' ';
    } else if (c == '.' || c == ':' || c == '<' || c == '>' || c == '+' || c == '-' || c == '*') {
      return false;
    } else {
      words += std::string_view("{}$()[] \t\r\n").find(c) != kNone ? ' ' : c;
    }
  }
  // "y_2 =" at the end names the next box.
  std::string_view rest = trim_answer(words);
  if (rest.ends_with('=')) {
    rest = trim_answer(rest.substr(0, rest.size() - 1));
    const size_t name = rest.find_last_of(' ');
    rest = name == kNone ? std::string_view() : trim_answer(rest.substr(0, name));
    if (rest.find('=') != kNone) return false;
  }
  if (rest.empty()) return comma;
  if (rest.find('=') != kNone) return false;
  const size_t spaces = static_cast<size_t>(std::count(rest.begin(), rest.end(), ' '));
  const size_t last = rest.find_last_of(' ');
  const std::string_view word = last == kNone ? rest : rest.substr(last + 1);
  return (word == "and" || word == "or") && spaces < kMaxConnectorWords * 2;
}

ExtractedAnswer box_answer(std::string_view text, bool join) {
  const Box box = last_box(text, kNone);
  if (box.begin == kNone) return {};
  if (box.end == kNone) return {AnswerPlace::kUnterminatedBox, AnswerSource::kBox, ""};
  const auto inside = [&](const Box& b) {
    return std::string(trim_answer(text.substr(b.begin, b.content_end - b.begin)));
  };
  std::string answer = inside(box);
  if (answer.empty()) return {AnswerPlace::kEmptyBox, AnswerSource::kBox, ""};
  Box first = box;
  for (size_t count = 1; join && count < kMaxListBoxes && first.macro > 0; ++count) {
    if (box.end - first.macro > kMaxListBytes) break;
    // Only a window before the box is searched, so that many boxes stay linear.
    const size_t window = std::min(first.macro, kMaxListBytes);
    const size_t begin = first.macro - window;
    Box before = last_box(text.substr(begin, window), kNone);
    if (before.begin == kNone || before.end == kNone) break;
    before = shifted(before, begin);
    if (!is_connector(text.substr(before.end, first.macro - before.end))) break;
    answer = inside(before) + ", " + answer;
    first = before;
  }
  return {AnswerPlace::kFound, AnswerSource::kBox, std::move(answer)};
}

std::string_view line_behind_hashes(std::string_view text) {
  const size_t hashes = find_last(text, "####");
  if (hashes == kNone) return {};
  const std::string_view rest = trim_answer(text.substr(hashes + 4));
  return trim_answer(rest.substr(0, rest.find('\n')));
}

// The text of the answer proper; nothing: it never starts.
std::optional<std::string_view> behind_thinking(std::string_view text, const AnswerRules& rules) {
  const size_t close = find_last(text, kThinkClose);
  if (rules.require_closed_thinking && close == kNone) return std::nullopt;
  if (rules.count_thinking) return text;
  if (close != kNone) return text.substr(close + kThinkClose.size());
  if (rules.starts_in_thinking || text.find(kThinkOpen) != kNone) return std::nullopt;
  return text;
}

ExtractedAnswer from_source(std::string_view text, AnswerSource source, const AnswerRules& rules) {
  std::string_view found;
  switch (source) {
    case AnswerSource::kBox:
      return box_answer(text, rules.join_boxes);
    case AnswerSource::kHashes:
      found = line_behind_hashes(text);
      break;
    case AnswerSource::kPhrase:
      found = phrase_answer(text);
      break;
    case AnswerSource::kChoice:
      found = choice_letter(text, rules.choices);
      break;
    case AnswerSource::kMath:
      found = last_math(text);
      break;
    case AnswerSource::kLastNumber:
      found = last_number(text);
      break;
    case AnswerSource::kWhole:
      found = trim_answer(text);
      break;
  }
  if (found.empty()) return {};
  // "The answer is $\\boxed{5}$."
  if (source == AnswerSource::kPhrase || source == AnswerSource::kMath) {
    ExtractedAnswer box = box_answer(found, rules.join_boxes);
    if (box.place == AnswerPlace::kFound) return {box.place, source, std::move(box.text)};
  }
  return {AnswerPlace::kFound, source, std::string(found)};
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

ExtractedAnswer extract_answer(std::string_view text, const AnswerRules& rules) {
  const std::optional<std::string_view> answer = behind_thinking(text, rules);
  if (!answer) return {AnswerPlace::kUnclosedThinking, AnswerSource::kBox, ""};
  text = *answer;
  if (rules.tail_bytes > 0 && text.size() > rules.tail_bytes)
    text = text.substr(text.size() - rules.tail_bytes);
  for (const AnswerSource source : rules.sources) {
    ExtractedAnswer found = from_source(text, source, rules);
    if (found.place != AnswerPlace::kNone) return found;
  }
  return {};
}

std::string gold_answer(std::string_view gold) {
  ExtractedAnswer found = extract_answer(gold, {.count_thinking = true});
  return found.place == AnswerPlace::kFound ? std::move(found.text)
                                            : std::string(trim_answer(gold));
}

}  // namespace laconic
