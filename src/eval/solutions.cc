// SPDX-License-Identifier: Apache-2.0
#include "eval/solutions.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

namespace laconic {
namespace {

constexpr size_t kMaxStatement = 2000;  // bytes
constexpr std::array<std::string_view, 7> kPhrases = {
    " is", " should be", " must be", " would be", " to be", " =", ":"};  // behind "answer"
constexpr std::array<std::string_view, 10> kRecheck = {
    "wait",  "alternativ",  "double-check", "double check", "hmm",
    "verif", "another way", "let me check", "let's check",  "</think>"};

// A stated answer and where its sentence ends.
struct Statement {
  size_t at = 0, end = 0;
  std::string_view answer;
};

char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

bool matches(std::string_view text, size_t at, std::string_view word) {
  if (text.size() - at < word.size()) return false;
  for (size_t i = 0; i < word.size(); ++i)
    if (lower(text[at + i]) != word[i]) return false;
  return true;
}

// A full stop ends a sentence when white space follows, a decimal point does not.
size_t sentence_end(std::string_view text, size_t from) {
  const size_t limit = std::min(text.size(), from + kMaxStatement);
  for (size_t i = from; i < limit; ++i) {
    if (text[i] == '\n' || text.substr(i).starts_with("</think>")) return i;
    const bool stop = text[i] == '.' || text[i] == '!' || text[i] == '?';
    if (stop && (i + 1 == text.size() || std::isspace(static_cast<unsigned char>(text[i + 1]))))
      return i + 1;
  }
  return limit;
}

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n*$:,");  // ".5" keeps its point
  if (first == std::string_view::npos) return {};
  const size_t last = text.find_last_not_of(" \t\r\n*$:,.");
  return last == std::string_view::npos || last < first ? std::string_view()
                                                        : text.substr(first, last + 1 - first);
}

std::optional<Statement> box_at(std::string_view text, size_t at) {
  const bool boxed = text.substr(at).starts_with("\\boxed{");
  if (!boxed && !text.substr(at).starts_with("\\fbox{")) return std::nullopt;
  const size_t open = at + (boxed ? 6 : 5);
  int depth = 0;
  for (size_t i = open; i < std::min(text.size(), open + kMaxStatement); ++i) {
    if (text[i] == '\\') {
      ++i;  // an escaped brace
      continue;
    }
    depth += (text[i] == '{') - (text[i] == '}');
    if (depth == 0)
      return Statement{at, sentence_end(text, i + 1), trimmed(text.substr(open + 1, i - open - 1))};
  }
  return std::nullopt;
}

std::optional<Statement> phrase_at(std::string_view text, size_t at) {
  constexpr std::string_view kAnswer = "answer";
  if (!matches(text, at, kAnswer)) return std::nullopt;
  for (const std::string_view phrase : kPhrases) {
    if (!matches(text, at + kAnswer.size(), phrase)) continue;
    const size_t from = at + kAnswer.size() + phrase.size(), end = sentence_end(text, from);
    const std::string_view said = text.substr(from, end - from);
    if (said.find("\\boxed{") != said.npos || said.find("\\fbox{") != said.npos) break;
    const std::string_view answer = trimmed(said);
    if (answer.empty()) break;
    return Statement{at, end, answer};
  }
  return std::nullopt;
}

std::optional<Statement> hashes_at(std::string_view text, size_t at) {
  if (!text.substr(at).starts_with("####")) return std::nullopt;
  const std::string_view near = text.substr(0, at + kMaxStatement);
  const size_t end = std::min(near.find('\n', at), near.size());
  const std::string_view answer = trimmed(text.substr(at + 4, end - at - 4));
  if (answer.empty() || answer.starts_with("#")) return std::nullopt;
  return Statement{at, end, answer};
}

std::optional<Statement> statement_at(std::string_view text, size_t at) {
  switch (text[at]) {
    case '\\':
      return box_at(text, at);
    case '#':
      return hashes_at(text, at);
    case 'a':
    case 'A':
      return phrase_at(text, at);
    default:
      return std::nullopt;
  }
}

bool has_recheck(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i)
    for (const std::string_view word : kRecheck)
      if (matches(text, i, word)) return true;
  return false;
}

}  // namespace

std::vector<Solution> find_solutions(std::string_view reply) {
  std::vector<Solution> out;
  size_t begin = 0;
  for (size_t at = 0; at < reply.size();) {
    const std::optional<Statement> statement = statement_at(reply, at);
    if (!statement) {
      ++at;
      continue;
    }
    const bool repeats = !out.empty() && out.back().answer == statement->answer &&
                         !has_recheck(reply.substr(begin, statement->at - begin));
    if (repeats)
      out.back().end = statement->end;
    else
      out.push_back({begin, statement->end, statement->answer});
    begin = statement->end;
    at = std::max(statement->end, at + 1);
  }
  return out;
}

}  // namespace laconic
