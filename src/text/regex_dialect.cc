// SPDX-License-Identifier: Apache-2.0
#include "text/regex_dialect.h"

#include <cctype>
#include <vector>

#include "base/error.h"
#include "base/format.h"

namespace laconic {
namespace {

constexpr std::string_view kWordSet = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}";

bool is_hex(char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; }

class Translator {
 public:
  Translator(std::string_view pattern, const std::string& place) : in_(pattern), place_(place) {}

  std::string run() {
    ignore_case_.push_back(false);
    if (in_.substr(0, 4) == "(?i)") {  // the only place where both dialects give it the same scope
      ignore_case_.back() = true;
      copy(4);
    }
    while (pos_ < in_.size()) step();
    return out_;
  }

 private:
  [[noreturn]] void refuse(std::string_view what) const {
    fail(ErrorKind::kModel, place_, ": expected a regular expression of the supported kind, got ",
         what, " at offset ", pos_, " of \"", in_, "\"");
  }
  char at(size_t ahead) const { return pos_ + ahead < in_.size() ? in_[pos_ + ahead] : '\0'; }
  void copy(size_t n) {
    out_ += in_.substr(pos_, n);
    pos_ += n;
  }
  void put(std::string_view text, size_t consumed) {
    out_ += text;
    pos_ += consumed;
  }

  void step() {
    const char c = at(0);
    const bool literal = c != '\\' && c != '[' && c != '(' && c != ')' && c != '{' && c != '|';
    if (!literal) previous_literal_ = '\0';
    switch (c) {
      case '\\':
        return escape(false);
      case '[':
        return char_class();
      case '(':
        return group();
      case ')':
        if (ignore_case_.size() == 1) refuse("an unmatched )");
        ignore_case_.pop_back();
        return copy(1);
      case '{':
        return interval();
      default:
        check_fold(c);
        return copy(1);
    }
  }

  // Oniguruma folds some character pairs to one character and back (ss, st, ff, fi, fl); PCRE2 does
  // not.
  void check_fold(char c) {
    const char low = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const char before = previous_literal_;
    previous_literal_ = low;
    if (!ignore_case_.back()) return;
    const bool folds = (before == 's' && (low == 's' || low == 't')) ||
                       (before == 'f' && (low == 'f' || low == 'i' || low == 'l'));
    if (folds) refuse("a pair of letters that case folding joins");
  }

  void group() {
    bool ignore_case = ignore_case_.back();
    if (at(1) != '?') {
      ignore_case_.push_back(ignore_case);
      return copy(1);
    }
    size_t n = 0;
    const char kind = at(2);
    if (kind == ':' || kind == '=' || kind == '!' || kind == '>') n = 3;
    if (kind == '<' && (at(3) == '=' || at(3) == '!')) n = 4;
    if (kind == '<' && std::isalpha(static_cast<unsigned char>(at(3)))) n = 3;
    if (in_.substr(pos_, 4) == "(?i:") n = 4, ignore_case = true;
    if (in_.substr(pos_, 5) == "(?-i:") n = 5, ignore_case = false;
    if (n == 0) refuse(cat("the group \"", in_.substr(pos_, 4), "\""));
    ignore_case_.push_back(ignore_case);
    copy(n);
  }

  void interval() {
    size_t n = 1;
    while (is_digit(at(n))) ++n;
    const bool has_low = n > 1;
    bool has_comma = at(n) == ',';
    if (has_comma) ++n;
    const size_t high = n;
    while (is_digit(at(n))) ++n;
    const bool has_high = has_comma && n > high;
    if (at(n) != '}' || (!has_low && !has_high)) refuse("a { that starts no interval");
    if (at(n + 1) == '+') refuse("an interval followed by +");
    if (at(n + 1) == '?' && !has_comma) refuse("a fixed interval followed by ?");
    if (!has_low) return put(cat("{0", in_.substr(pos_ + 1, n)), n + 1);
    copy(n + 1);
  }

  void escape(bool in_class) {
    const char c = at(1);
    const std::string word(kWordSet);
    switch (c) {
      case 's':
        return put("\\p{White_Space}", 2);
      case 'S':
        return put("\\P{White_Space}", 2);
      case 'w':
        return put(in_class ? word : cat("[", word, "]"), 2);
      case 'W':
        if (in_class) refuse("\\W in a class");
        return put(cat("[^", word, "]"), 2);
      case 'b':
        if (in_class) refuse("\\b in a class");
        return put(cat("(?:(?<=[", word, "])(?![", word, "])|(?<![", word, "])(?=[", word, "]))"),
                   2);
      case 'v':
        return put("\\x0B", 2);
      case 'p':
      case 'P':
        return property();
      case 'u':
        return code_point_u();
      case 'x':
        return code_point_x();
      case 'A':
      case 'z':
      case 'Z':
        if (in_class) refuse("an anchor in a class");
        return copy(2);
      case 'd':
      case 'D':
      case 'n':
      case 'r':
      case 't':
      case 'f':
      case 'a':
      case 'e':
        return copy(2);
      default:
        break;
    }
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\0' || byte >= 0x80 || std::isalnum(byte)) refuse(cat("\\", c == '\0' ? ' ' : c));
    copy(2);
  }

  void property() {
    const size_t end = in_.find('}', pos_);
    if (at(2) != '{' || end == std::string_view::npos) refuse("a property without braces");
    const std::string_view name = in_.substr(pos_ + 3, end - pos_ - 3);
    if (ignore_case_.back() && (name == "Lu" || name == "Ll" || name == "Lt"))
      refuse("a case property where case is ignored");
    copy(end + 1 - pos_);
  }

  void code_point_u() {
    for (size_t i = 2; i < 6; ++i)
      if (!is_hex(at(i))) refuse("\\u without 4 hex digits");
    put(cat("\\x{", in_.substr(pos_ + 2, 4), "}"), 6);
  }

  void code_point_x() {
    if (at(2) == '{') {
      const size_t end = in_.find('}', pos_);
      if (end == std::string_view::npos) refuse("an unclosed \\x{");
      return copy(end + 1 - pos_);
    }
    if (!is_hex(at(2)) || !is_hex(at(3))) refuse("\\x without 2 hex digits");
    if (at(2) >= '8') refuse("\\x with a byte outside ASCII");
    copy(4);
  }

  void char_class() {
    copy(1);
    if (at(0) == '^') copy(1);
    for (bool first = true;; first = false) {
      if (pos_ >= in_.size()) refuse("an unclosed class");
      const char c = at(0);
      if (c == ']' && first) refuse("a class that starts with ]");
      if (c == ']') return copy(1);
      if (c == '[') refuse("a class in a class");
      if (c == '&' && at(1) == '&') refuse("an intersection of classes");
      if (c == '\\')
        escape(true);
      else
        copy(1);
    }
  }

  std::string_view in_;
  const std::string& place_;
  std::string out_;
  size_t pos_ = 0;
  char previous_literal_ = '\0';
  std::vector<bool> ignore_case_;  // one entry an open group
};

}  // namespace

std::string oniguruma_to_pcre2(std::string_view pattern, const std::string& place) {
  return Translator(pattern, place).run();
}

}  // namespace laconic
