// Tokens of a canonical answer (eval/normalise.h): numbers, names, words, operators.
//
// A macro that is not known but starts with a known name is cut there ("\pit" is \pi t: data sets
// lose their spaces). Three or fewer letters are single names ("abc" is a product), more are a
// word; names of functions and constants are recognised without a backslash ("sqrt", "pi").
// Linear time. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace laconic {

enum class TokenKind {
  kNumber,    // text: digits with at most one "."; thousands separators are gone
  kName,      // a letter, or a macro that names a symbol ("\alpha")
  kFunction,  // text: "sin", "log", "sqrt", ...
  kMacro,     // structure and operators: "\frac", "\pm", "\cup", "\begin", ...
  kWord,      // plain letters that are no name
  kText,      // \text{...}: its content
  kPunctuation,
  kEnd
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string text;
  bool spaced = false;   // white space stands before it
  bool upright = false;  // a letter out of \text{}: a unit where it follows a number
};

// At most `limit` tokens; more: an empty vector. The last token is kEnd.
std::vector<Token> tokenize_math(std::string_view canonical, size_t limit);

}  // namespace laconic
