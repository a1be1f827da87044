// Template source -> tokens: text outside the tags, and names, strings, numbers and operators
// inside them.
//
// White space is settled here: trim_blocks, lstrip_blocks, `-` and `+` at the tags, and the one
// newline at the end of the source that Jinja drops. Comments and raw blocks disappear here too.
// Source: jinja2/lexer.py 3.1. Errors: Error(kModel) as `place:line:column: expected X, got Y`.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace laconic::jinja {

struct Location {
  int line = 1;    // from 1
  int column = 1;  // from 1, in bytes
};

// What transformers sets; other programs' templates are tested with other settings.
struct Whitespace {
  bool trim_blocks = true;  // drop the newline behind a block tag or a comment
  bool lstrip_blocks =
      true;  // drop the blanks in front of a block tag or a comment that opens its line
};

enum class TokenKind {
  kText,
  kOutputBegin,
  kOutputEnd,
  kBlockBegin,
  kBlockEnd,
  kName,
  kString,
  kInteger,
  kReal,
  kOperator,
  kEnd
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  Location where;
  std::string text;  // of a string: its value
  double real = 0;
};

constexpr size_t kMaxSourceBytes = size_t{1} << 20;

// The tokens of `source`, kEnd last.
std::vector<Token> lex_template(std::string_view source, const std::string& place,
                                const Whitespace& whitespace);

}  // namespace laconic::jinja
