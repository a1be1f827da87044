// SPDX-License-Identifier: Apache-2.0
#include "eval/math_lexer.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/format.h"
#include "eval/extract.h"
#include "eval/math_lexer_tables.h"

namespace laconic {
namespace {

constexpr size_t kNone = std::string_view::npos;
using Pair = SpellingPair;

template <typename Table>
const Pair* find_pair(const Table& table, std::string_view name) {
  for (const Pair& pair : table) {
    if (pair.first == name) return &pair;
  }
  return nullptr;
}

class Lexer {
 public:
  Lexer(std::string_view text, size_t limit) : rest_(text), limit_(limit) {}

  std::vector<Token> run() {
    while (!rest_.empty()) {
      if (tokens_.size() >= limit_) return {};
      step();
    }
    push(TokenKind::kEnd, "");
    return std::move(tokens_);
  }

 private:
  void push(TokenKind kind, std::string_view text) {
    tokens_.push_back({kind, std::string(text), spaced_, false});
    spaced_ = false;
  }
  void take(size_t count) { rest_.remove_prefix(count); }

  void step() {
    const char c = rest_[0];
    if (c == ' ') {
      spaced_ = true;
      return take(1);
    }
    if (is_digit(c) || (c == '.' && rest_.size() > 1 && is_digit(rest_[1]))) return number();
    if (c == '\\') return macro();
    if (is_letter(c)) return letters();
    for (const auto& [from, to] : {Pair{"!=", "\\ne"},
                                   {"<=", "\\le"},
                                   {">=", "\\ge"},
                                   {"**", "^"},
                                   {"==", "="},
                                   {"+-", "\\pm"},
                                   {"+/-", "\\pm"}}) {
      if (!rest_.starts_with(from)) continue;
      push(to.size() > 1 ? TokenKind::kMacro : TokenKind::kPunctuation, to);
      return take(from.size());
    }
    if (static_cast<unsigned char>(c) >= 0x80) return character();
    if (c == '(' || c == '[' || c == '{') ++depth_;
    if (c == ')' || c == ']' || c == '}') --depth_;
    push(TokenKind::kPunctuation, rest_.substr(0, 1));
    take(1);
  }

  // Digits; "1,000" without a space is one number outside brackets.
  void number() {
    std::string digits;
    size_t end = 0;
    while (end < rest_.size() && is_digit(rest_[end])) ++end;
    digits = rest_.substr(0, end);
    const auto group = [&](char separator) {
      return end + 3 < rest_.size() && rest_[end] == separator && is_digit(rest_[end + 1]) &&
             is_digit(rest_[end + 2]) && is_digit(rest_[end + 3]) &&
             (end + 4 == rest_.size() || !is_digit(rest_[end + 4]));
    };
    if (depth_ == 0 && end > 0 && end <= 3 && rest_[0] != '0') {
      for (const char separator : {',', ' '}) {
        while (group(separator)) {
          digits += rest_.substr(end + 1, 3);
          end += 4;
        }
      }
    }
    if (end + 1 < rest_.size() && rest_[end] == '.' && is_digit(rest_[end + 1])) {
      size_t stop = end + 1;
      while (stop < rest_.size() && is_digit(rest_[stop])) ++stop;
      digits += rest_.substr(end, stop - end);
      end = stop;
    } else if (end < rest_.size() && rest_[end] == '.') {
      ++end;  // "5." is 5
    }
    push(TokenKind::kNumber, digits);
    take(end);
  }

  void macro() {
    size_t end = 1;
    while (end < rest_.size() && is_letter(rest_[end])) ++end;
    if (end == 1) {
      const size_t length = rest_.size() > 1 ? 2 : 1;
      const std::string_view two = rest_.substr(0, length);
      if (length == 2 && static_cast<unsigned char>(two[1]) < 0x80) {
        if (two == "\\{") ++depth_;
        if (two == "\\}") --depth_;
        push(TokenKind::kMacro, two);
        return take(2);
      }
      return take(1);
    }
    const std::string_view name = rest_.substr(1, end - 1);
    if (name == "text") return text_macro(end);
    // Whole: "\int" is no "\in t".
    static constexpr std::array<std::string_view, 9> kWhole = {
        "sum", "prod", "int", "iint", "iiint", "oint", "operatorname", "stackrel", "overset"};
    if (std::find(kWhole.begin(), kWhole.end(), name) != kWhole.end()) {
      push(TokenKind::kMacro, rest_.substr(0, end));
      return take(end);
    }
    for (size_t length = name.size(); length > 1; --length) {
      if (!push_macro(name.substr(0, length))) continue;
      return take(1 + length);
    }
    // An unknown macro is a symbol of that name.
    push(TokenKind::kName, rest_.substr(0, end));
    take(end);
  }

  bool push_macro(std::string_view name) {
    if (const Pair* known = find_pair(kMathMacros, name)) {
      const bool mark = known->second.size() == 1;
      push(mark ? TokenKind::kPunctuation : TokenKind::kMacro, known->second);
    } else if (std::find(kMathSymbols.begin(), kMathSymbols.end(), name) != kMathSymbols.end()) {
      push(TokenKind::kName, "\\" + std::string(name));
    } else if (const Pair* function = find_pair(kMathFunctions, name)) {
      push(TokenKind::kFunction, function->second);
    } else {
      return false;
    }
    return true;
  }

  void text_macro(size_t end) {
    const size_t open = rest_.find_first_not_of(' ', end);
    const size_t close = open != kNone && rest_[open] == '{' ? skip_braces(rest_, open) : kNone;
    if (close == kNone) return take(end);  // "\text" before nothing: dropped
    std::string_view inside = rest_.substr(open + 1, close - open - 2);
    while (inside.starts_with(' ')) inside.remove_prefix(1);
    while (inside.ends_with(' ')) inside.remove_suffix(1);
    if (inside.size() == 1 && is_letter(inside[0])) {
      push(TokenKind::kName, inside);
      tokens_.back().upright = true;
    } else if (const Pair* function = find_pair(kMathFunctions, inside)) {
      push(TokenKind::kFunction, function->second);
    } else if (inside == "," || inside == ";") {
      push(TokenKind::kPunctuation, inside);
    } else if (!inside.empty()) {
      push(TokenKind::kText, inside);
    }
    take(close);
  }

  void letters() {
    size_t end = 0;
    while (end < rest_.size() && is_letter(rest_[end])) ++end;
    const std::string_view run = rest_.substr(0, end);
    const bool after_number =
        !tokens_.empty() && !spaced_ && tokens_.back().kind == TokenKind::kNumber;
    if (after_number && (run == "th" || run == "st" || run == "nd" || run == "rd"))
      return take(end);  // 12th
    if (run.size() > 1 && follows_value() &&
        std::find(kMathUnits.begin(), kMathUnits.end(), run) != kMathUnits.end()) {
      push(TokenKind::kWord, run);
      return take(end);
    }
    if (run.size() > 1 && !is_subscript()) {
      if (run == "and" || run == "or" || run == "pi" || run == "infinity" || run == "infty") {
        push_macro(run);
        return take(end);
      }
      if (run == "oo" || run == "inf") {
        push(TokenKind::kMacro, "\\infty");
        return take(end);
      }
      if (run == "theta" || run == "alpha" || run == "beta" || run == "omega" || run == "lambda") {
        push_macro(run);
        return take(end);
      }
      // "sqrt", "sinx": the longest function that leaves at most one name.
      for (size_t length = run.size(); length > 1 && length + 1 >= run.size(); --length) {
        const Pair* function = find_pair(kMathFunctions, run.substr(0, length));
        if (!function) continue;
        push(TokenKind::kFunction, function->second);
        return take(length);
      }
      if (run.size() > 3) {
        push(TokenKind::kWord, run);
        return take(end);
      }
    }
    push(TokenKind::kName, rest_.substr(0, 1));
    take(1);
  }

  bool follows_value() const {
    if (tokens_.empty()) return false;
    const Token& last = tokens_.back();
    return last.kind == TokenKind::kNumber || last.text == ")" || last.text == "}" ||
           last.text == "\\pi";
  }
  bool is_subscript() const { return !tokens_.empty() && tokens_.back().text == "_"; }

  void character() {
    for (const auto& [from, to] : kMathCharacters) {
      if (!rest_.starts_with(from)) continue;
      take(from.size());
      if (to[0] != '\\') return push(TokenKind::kPunctuation, to);
      const std::string_view after = rest_;
      rest_ = to;
      while (!rest_.empty()) step();
      rest_ = after;
      return;
    }
    if (rest_.starts_with("\u00c5") || rest_.starts_with("\u212b")) {
      const size_t length = rest_[0] == '\xc3' ? 2 : 3;
      push(TokenKind::kWord, "angstrom");
      return take(length);
    }
    size_t end = 1;
    while (end < rest_.size() && (static_cast<unsigned char>(rest_[end]) & 0xC0) == 0x80) ++end;
    push(TokenKind::kName, rest_.substr(0, end));
    take(end);
  }

  std::string_view rest_;
  size_t limit_;
  std::vector<Token> tokens_;
  bool spaced_ = false;
  int depth_ = 0;  // of brackets around; counted by the marks themselves
};

}  // namespace

std::vector<Token> tokenize_math(std::string_view canonical, size_t limit) {
  return Lexer(canonical, limit).run();
}

}  // namespace laconic
