// SPDX-License-Identifier: Apache-2.0
#include "text/jinja_lexer.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/format.h"
#include "text/jinja_literal.h"
#include "text/jinja_utf8.h"
#include "text/utf8.h"

namespace laconic::jinja {
namespace {

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80) != 0;
}

// "\r\n" and "\r" become "\n"; the one newline at the end goes.
std::string normalize_newlines(std::string_view source) {
  std::string out;
  out.reserve(source.size());
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] != '\r') {
      out += source[i];
      continue;
    }
    out += '\n';
    if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
  }
  if (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

class Lexer {
 public:
  Lexer(std::string source, const std::string& place, const Whitespace& whitespace)
      : source_(std::move(source)), text_(source_), place_(place), whitespace_(whitespace) {}

  std::vector<Token> run() {
    while (at_ < text_.size()) read_text();
    add(TokenKind::kEnd, at_);
    return std::move(tokens_);
  }

 private:
  // Text up to the next tag, then that tag.
  void read_text() {
    const size_t start = at_;
    size_t tag = start;
    while (true) {
      tag = text_.find('{', tag);
      if (tag == std::string_view::npos || tag + 1 >= text_.size()) {
        push_text(start, text_.size());
        at_ = text_.size();
        return;
      }
      if (const char kind = text_[tag + 1]; kind == '{' || kind == '%' || kind == '#') break;
      ++tag;
    }
    const char kind = text_[tag + 1];
    at_ = tag + 2;
    char sign = 0;
    if (at_ < text_.size() && (text_[at_] == '-' || text_[at_] == '+')) sign = text_[at_++];
    push_text(start, text_end(start, tag, sign, kind != '{'));
    if (kind == '#') {
      skip_comment(tag);
    } else if (kind == '%' && is_word_tag("raw")) {
      read_raw(tag);
    } else {
      read_tag(tag, kind);
    }
  }

  // Where the text in front of a tag ends once white space is settled.
  size_t text_end(size_t start, size_t tag, char sign, bool is_block) {
    std::string_view text = text_.substr(start, tag - start);
    if (sign == '-') return start + strip(text, nullptr, false, true).size();
    if (sign == '+' || !is_block || !whitespace_.lstrip_blocks) return tag;
    const size_t newline = text.rfind('\n');
    if (newline == std::string_view::npos && !line_starting_) return tag;
    const size_t line = newline == std::string_view::npos ? start : start + newline + 1;
    const bool blank = strip(text_.substr(line, tag - line), nullptr, true, false).empty();
    return blank ? line : tag;
  }

  void push_text(size_t begin, size_t end) {
    if (begin >= end) return;
    add(TokenKind::kText, begin);
    tokens_.back().text = std::string(text_.substr(begin, end - begin));
  }

  // Behind the closing tag: `-` eats white space, trim_blocks one newline.
  void finish_tag(size_t end, char sign, bool is_block) {
    at_ = end;
    if (sign == '-') {
      at_ += text_.size() - at_ - strip(text_.substr(at_), nullptr, true, false).size();
    } else if (sign != '+' && is_block && whitespace_.trim_blocks && at_ < text_.size() &&
               text_[at_] == '\n') {
      ++at_;
    }
    line_starting_ = text_[at_ - 1] == '\n';
  }

  void skip_comment(size_t tag) {
    const size_t end = text_.find("#}", at_);
    if (end == std::string_view::npos)
      fail_at(tag, "the comment's end \"#}\"", "the template's end");
    const char before = end > at_ ? text_[end - 1] : '\0';
    finish_tag(end + 2, before == '-' || before == '+' ? before : '\0', true);
  }

  size_t skip_blanks(size_t at) const {
    while (at < text_.size() && is_blank(text_[at])) ++at;
    return at;
  }

  // Does `word` and the tag's end follow? (Only raw and endraw are settled here.)
  bool is_word_tag(std::string_view word) const {
    size_t at = skip_blanks(at_);
    if (text_.substr(at, word.size()) != word) return false;
    at = skip_blanks(at + word.size());
    if (at < text_.size() && (text_[at] == '-' || text_[at] == '+')) ++at;
    return text_.substr(at, 2) == "%}";
  }

  void close_word_tag(bool trims) {
    const size_t end = text_.find("%}", at_);
    const char before = text_[end - 1];
    finish_tag(end + 2, before == '-' || before == '+' ? before : '\0', trims);
  }

  void read_raw(size_t tag) {
    close_word_tag(false);
    const size_t start = at_;
    for (size_t end = start;; end += 2) {
      end = text_.find("{%", end);
      if (end == std::string_view::npos) fail_at(tag, "{% endraw %}", "the template's end");
      at_ = end + 2;
      char sign = 0;
      if (at_ < text_.size() && (text_[at_] == '-' || text_[at_] == '+')) sign = text_[at_++];
      if (!is_word_tag("endraw")) continue;
      push_text(start, text_end(start, end, sign, true));
      close_word_tag(true);
      return;
    }
  }

  void read_tag(size_t tag, char kind) {
    const bool is_block = kind == '%';
    add(is_block ? TokenKind::kBlockBegin : TokenKind::kOutputBegin, tag);
    const std::string_view close = is_block ? "%}" : "}}";
    std::string open_brackets;
    while (true) {
      at_ = skip_blanks(at_);
      if (at_ >= text_.size())
        fail_at(tag, cat("the tag's end \"", close, "\""), "the template's end");
      if (open_brackets.empty()) {
        const char sign = text_[at_];
        const size_t mark = at_ + (sign == '-' || (sign == '+' && is_block) ? 1 : 0);
        if (text_.substr(mark, 2) == close) {
          add(is_block ? TokenKind::kBlockEnd : TokenKind::kOutputEnd, at_);
          finish_tag(mark + 2, mark > at_ ? sign : '\0', is_block);
          return;
        }
      }
      read_token(open_brackets);
    }
  }

  void read_token(std::string& open_brackets) {
    const char c = text_[at_];
    if (is_name_start(c)) {
      const size_t start = at_;
      while (at_ < text_.size() && (is_name_start(text_[at_]) || is_digit(text_[at_]))) ++at_;
      add(TokenKind::kName, start);
      tokens_.back().text = std::string(text_.substr(start, at_ - start));
    } else if (c == '\'' || c == '"') {
      read_string(c);
    } else if (is_digit(c)) {
      read_number();
    } else {
      read_operator(open_brackets);
    }
  }

  void read_string(char quote) {
    const size_t start = at_++;
    while (at_ < text_.size() && text_[at_] != quote) at_ += text_[at_] == '\\' ? 2 : 1;
    if (at_ >= text_.size()) fail_at(start, "the string's closing quote", "the template's end");
    const std::string_view body = text_.substr(start + 1, at_ - start - 1);
    ++at_;
    add(TokenKind::kString, start);
    if (const char* fault = unescape_string(body, tokens_.back().text))
      fail_at(start, "a string of valid characters", fault);
  }

  void read_number() {
    const size_t start = at_;
    const bool after_dot = !tokens_.empty() && tokens_.back().kind == TokenKind::kOperator &&
                           tokens_.back().text == "." && start > 0 && text_[start - 1] == '.';
    const NumberLiteral number = read_number_literal(text_.substr(start), !after_dot);
    add(number.is_real ? TokenKind::kReal : TokenKind::kInteger, start);
    tokens_.back().real = number.real;
    at_ += number.length;
    tokens_.back().text = std::string(text_.substr(start, number.length));
  }

  void read_operator(std::string& open_brackets) {
    static constexpr std::array<std::string_view, 26> kOperators = {
        "==", "!=", ">=", "<=", "//", "**", "+", "-", "/", "*", "%", "~", "[",
        "]",  "(",  ")",  "{",  "}",  ">",  "<", "=", ".", ":", "|", ",", ";"};
    const auto found = std::find_if(kOperators.begin(), kOperators.end(), [&](std::string_view o) {
      return text_.substr(at_, o.size()) == o;
    });
    if (found == kOperators.end())
      fail_at(at_, "an expression", cat("the character \"", text_[at_], "\""));
    if (*found == "(" || *found == "[" || *found == "{") {
      open_brackets += *found == "(" ? ')' : *found == "[" ? ']' : '}';
    } else if (*found == ")" || *found == "]" || *found == "}") {
      if (open_brackets.empty() || open_brackets.back() != found->front())
        fail_at(
            at_,
            open_brackets.empty() ? "no closing bracket" : cat("\"", open_brackets.back(), "\""),
            cat("\"", *found, "\""));
      open_brackets.pop_back();
    }
    add(TokenKind::kOperator, at_);
    tokens_.back().text = std::string(*found);
    at_ += found->size();
  }

  // Tokens come in order, so lines are counted once over the whole source.
  Location locate(size_t at) {
    for (; counted_ < at; ++counted_) {
      if (text_[counted_] != '\n') continue;
      ++line_;
      line_start_ = counted_ + 1;
    }
    return {line_, static_cast<int>(at - line_start_) + 1};
  }

  void add(TokenKind kind, size_t at) {
    tokens_.emplace_back();
    tokens_.back().kind = kind;
    tokens_.back().where = locate(at);
  }

  [[noreturn]] void fail_at(size_t at, const std::string& expected, const std::string& got) {
    counted_ = line_start_ = 0;
    line_ = 1;
    const Location where = locate(at);
    fail(ErrorKind::kModel, place_, ":", where.line, ":", where.column, ": expected ", expected,
         ", got ", got);
  }

  const std::string source_;
  const std::string_view text_;
  const std::string& place_;
  const Whitespace whitespace_;
  std::vector<Token> tokens_;
  size_t at_ = 0;
  bool line_starting_ = true;
  size_t counted_ = 0;
  size_t line_start_ = 0;
  int line_ = 1;
};

}  // namespace

std::vector<Token> lex_template(std::string_view source, const std::string& place,
                                const Whitespace& whitespace) {
  require(valid_utf8_prefix(source) == source.size(), ErrorKind::kModel, place,
          ": expected UTF-8 text, got other bytes");
  require(source.size() <= kMaxSourceBytes, ErrorKind::kModel, place,
          ": expected a template of at most ", kMaxSourceBytes, " bytes, got ", source.size());
  return Lexer(normalize_newlines(source), place, whitespace).run();
}

}  // namespace laconic::jinja
