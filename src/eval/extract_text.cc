// SPDX-License-Identifier: Apache-2.0
#include "eval/extract_text.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/format.h"
#include "eval/normalise.h"

namespace laconic {
namespace {

constexpr size_t kNone = std::string_view::npos;
constexpr std::string_view kSpace = " \t\r\n";

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Whether `text` starts with the lower-case `word` in any case.
bool starts_with_word(std::string_view text, std::string_view word) {
  if (text.size() < word.size()) return false;
  for (size_t i = 0; i < word.size(); ++i) {
    if (lower(text[i]) != word[i]) return false;
  }
  return true;
}

// Position behind the last "answer is", "answer:", "answers are" and the like; kNone: none. One
// pass from the end; each "answer" is looked at once.
size_t behind_last_phrase(std::string_view text) {
  constexpr std::array<std::string_view, 6> kLinks = {"is:", "is", "are:", "are", ":", "="};
  for (size_t at = text.size(); at-- > 0;) {
    if (lower(text[at]) != 'a' || !starts_with_word(text.substr(at), "answer")) continue;
    size_t next = at + 6;
    if (next < text.size() && lower(text[next]) == 's') ++next;
    const auto skip = [&](std::string_view set) {
      while (next < text.size() && next < at + 24 && set.find(text[next]) != kNone) ++next;
    };
    skip(" *\t");
    for (const std::string_view link : kLinks) {
      if (!starts_with_word(text.substr(next), link)) continue;
      const size_t end = next + link.size();
      const bool word = is_letter(link.back());
      if (word && end < text.size() && is_letter(text[end])) continue;
      next = end;
      skip(" *:\t");
      return next;
    }
    // "**Final Answer**" and the answer on the next line.
    if (next < text.size() && text[next] == '\n') return next;
  }
  return kNone;
}

// The end of the sentence that `text` starts: a line end, ". ", or a final period.
size_t sentence_end(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') return i;
    if (text[i] != '.') continue;
    if (i + 1 == text.size() || kSpace.find(text[i + 1]) != kNone) return i;
  }
  return text.size();
}

constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kMathSpans = {
    {{"$$", "$$"}, {"\\[", "\\]"}, {"\\(", "\\)"}, {"$", "$"}}};

// The math span that `text` starts with, without its delimiters; empty: none.
std::string_view leading_math(std::string_view text) {
  for (const auto& [open, close] : kMathSpans) {
    if (!text.starts_with(open)) continue;
    if (open == "$" && is_money_sign(text, 0)) return {};
    const size_t end = text.find(close, open.size());
    if (end == kNone) return {};
    return trim_answer(text.substr(open.size(), end - open.size()));
  }
  return {};
}

// A sentence that starts with a number, without what it says of it: "72, which is the total", "72
// because".
std::string_view without_remark(std::string_view sentence) {
  constexpr std::array<std::string_view, 20> kRemarks = {
      "as",    "which", "not",       "since", "because", "so",      "where",
      "that",  "given", "with",      "when",  "while",   "rounded", "meaning",
      "hence", "thus",  "therefore", "but",   "in",      "making"};
  for (size_t i = 0; i < sentence.size(); ++i) {
    if (sentence[i] != ',' && sentence[i] != ' ') continue;
    const bool comma = sentence[i] == ',';
    size_t begin = i + 1;
    while (begin < sentence.size() && sentence[begin] == ' ') ++begin;
    size_t end = begin;
    while (end < sentence.size() && is_letter(sentence[end])) ++end;
    const std::string_view word = sentence.substr(begin, end - begin);
    if (comma && std::find(kRemarks.begin(), kRemarks.end(), word) != kRemarks.end())
      return trim_answer(sentence.substr(0, i));
    if (word == "because" || word == "since") return trim_answer(sentence.substr(0, i));
  }
  return sentence;
}

bool starts_with_number(std::string_view text) {
  const size_t at = text.find_first_not_of("$-+\\ (*`_");
  return at != kNone && is_digit(text[at]);
}

bool is_choice(std::string_view choices, char c) { return choices.find(c) != kNone; }

// "B", "(B)", "B.", "B)", "**B**" and nothing but a letter as the first word of `text`.
std::string_view leading_letter(std::string_view text, std::string_view choices) {
  const size_t at = text.find_first_not_of(" \t*($\\{");
  if (at > 12 || !is_choice(choices, text[at])) return {};
  if (at + 1 < text.size() && (is_letter(text[at + 1]) || is_digit(text[at + 1]))) return {};
  return text.substr(at, 1);
}

}  // namespace

size_t find_last(std::string_view text, std::string_view word, size_t limit) {
  if (text.size() < word.size()) return kNone;
  size_t end = std::min(limit, text.size() - word.size()) + 1;
  while (end > 0) {
    const void* found = ::memrchr(text.data(), word[0], end);
    if (!found) return kNone;
    end = static_cast<size_t>(static_cast<const char*>(found) - text.data());
    if (std::memcmp(text.data() + end, word.data(), word.size()) == 0) return end;
  }
  return kNone;
}

std::string_view trim_answer(std::string_view text) {
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == kNone) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

std::string_view phrase_answer(std::string_view text) {
  const size_t at = behind_last_phrase(text);
  if (at == kNone) return {};
  std::string_view rest = trim_answer(text.substr(at));
  while (rest.starts_with('*')) rest.remove_prefix(1);
  rest = trim_answer(rest);
  const std::string_view math = leading_math(rest);
  std::string_view sentence = trim_answer(rest.substr(0, sentence_end(rest)));
  // A sentence that goes on behind its formula ("$5$ apples") is the formula all the same.
  if (!math.empty()) return math;
  if (starts_with_number(sentence)) {
    sentence = without_remark(sentence);
    while (sentence.ends_with('*')) sentence.remove_suffix(1);
    return trim_answer(sentence);
  }
  // "Final answer: The volume is 120."
  if (const size_t is = sentence.rfind(" is "); is != kNone) {
    sentence = trim_answer(sentence.substr(is + 4));
    const std::string_view formula = leading_math(sentence);
    if (!formula.empty()) return formula;
  }
  std::string_view out = sentence;
  while (out.ends_with('*')) out.remove_suffix(1);
  return trim_answer(out);
}

std::string_view last_math(std::string_view text) {
  // Dollars pair up from the start, so one forward pass; the bracket forms need no pairing.
  std::string_view last;
  for (size_t i = 0; i < text.size();) {
    if (text[i] == '\\' && i + 1 < text.size() && text[i + 1] != '(' && text[i + 1] != '[') {
      i += 2;
      continue;
    }
    size_t next = i + 1;
    if (text[i] == '$' || text[i] == '\\') {
      for (const auto& [open, close] : kMathSpans) {
        if (!text.substr(i).starts_with(open)) continue;
        if (open == "$" && is_money_sign(text, i)) break;
        const size_t end = text.find(close, i + open.size());
        if (end == kNone) return last;
        const std::string_view inside =
            trim_answer(text.substr(i + open.size(), end - i - open.size()));
        if (!inside.empty()) last = inside;
        next = end + close.size();
        break;
      }
    }
    i = next;
  }
  return last;
}

std::string_view last_number(std::string_view text) {
  size_t end = text.size();
  while (end > 0 && !is_digit(text[end - 1])) --end;
  if (end == 0) return {};
  size_t begin = end;
  const auto joins = [&](char c) { return c == ',' || c == '.' || c == '/'; };
  while (begin > 0) {
    if (is_digit(text[begin - 1]))
      --begin;
    else if (begin > 1 && joins(text[begin - 1]) && is_digit(text[begin - 2]))
      begin -= 1;
    else
      break;
  }
  if (begin > 0 && text[begin - 1] == '.') --begin;
  if (begin > 0 && text[begin - 1] == '-' &&
      (begin == 1 || !(is_digit(text[begin - 2]) || is_letter(text[begin - 2]))))
    --begin;
  if (end < text.size() && text[end] == '%') ++end;
  return text.substr(begin, end - begin);
}

std::string_view choice_letter(std::string_view text, std::string_view choices) {
  const size_t phrase = behind_last_phrase(text);
  if (phrase != kNone) {
    const std::string_view rest = trim_answer(text.substr(phrase));
    const std::string_view letter = leading_letter(rest.substr(0, 32), choices);
    if (!letter.empty()) return letter;
  }
  for (size_t i = text.size(); i-- > 2;) {
    if (text[i] == ')' && text[i - 2] == '(' && is_choice(choices, text[i - 1]))
      return text.substr(i - 1, 1);
  }
  const std::string_view all = trim_answer(text);
  const size_t line = all.rfind('\n');
  const std::string_view last = trim_answer(line == kNone ? all : all.substr(line + 1));
  return last.size() <= 6 ? leading_letter(last, choices) : std::string_view();
}

}  // namespace laconic
