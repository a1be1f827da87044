// The parser's state, shared by math_parser.cc (operators) and math_parser_atoms.cc (what stands
// between them). Every function returns null where it fails, and then the whole answer is not read.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "eval/math_lexer.h"
#include "eval/math_tree.h"

namespace laconic {

class MathParser {
 public:
  MathParser(std::vector<Token> tokens, Arena& arena) : tokens_(std::move(tokens)), arena_(arena) {}
  const Node* answer();

 private:
  // math_parser.cc
  bool items(std::vector<const Node*>& out);
  const Node* item();
  const Node* set();
  const Node* sum();
  const Node* product();
  const Node* unary();
  const Node* power();
  const Node* postfix(const Node* base);
  bool is_ordinal() const;
  void skip_ordinal();
  const Node* with_unit(const Node* value);
  bool is_unit_word(const Token& token, bool after_unit) const;
  bool starts_condition() const;
  const Node* mixed_number(const Node* whole);
  bool starts_factor() const;

  // math_parser_atoms.cc, math_parser_brackets.cc
  const Node* primary();
  const Node* macro();
  const Node* punctuation();
  const Node* number();
  bool repeating_digits(Node& node, const mpz_class& scale);
  bool power_of_ten(Node& node);
  const Node* based(const std::string& digits);
  const Node* name();
  const Node* function();
  const Node* function_argument();
  const Node* fraction();
  const Node* root();
  const Node* bracket(char open);
  const Node* close_bracket(char open, std::vector<const Node*> inside);
  const Node* braced();  // {...}: a group, or a set where it holds a list
  const Node* set_braces();
  size_t find_such_that() const;
  const Node* set_builder();
  const Node* bars();
  const Node* fenced(std::string_view close, const char* call);
  const Node* matrix();
  const Node* decorated(std::string_view macro);
  const Node* exponent();
  const Node* log_base();
  bool subscript(std::string& name);

  // math_parser_big.cc
  const Node* big(const std::string& text);  // behind \sum, \prod, \int
  const Node* limit();                       // behind \lim
  bool range(const Node*& variable, const Node*& low, const Node*& high);
  const Node* until(size_t end, const Node* (MathParser::*read)());
  size_t differential() const;
  const Node* integral_of_fraction(const Node* low, const Node* high);
  size_t closing_brace() const;

  const Token& peek(size_t ahead = 0) const {
    return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
  }
  bool is(std::string_view text) const {
    const Token& token = peek();
    return token.text == text &&
           (token.kind == TokenKind::kPunctuation || token.kind == TokenKind::kMacro);
  }
  bool accept(std::string_view text) {
    if (!is(text)) return false;
    ++at_;
    return true;
  }
  const Node* make(Op op, std::initializer_list<const Node*> args, std::string text = "") {
    for (const Node* arg : args) {
      if (!arg) return nullptr;
    }
    return arena_.is_full() ? nullptr : arena_.make(op, args, std::move(text));
  }

  // Counts a level for as long as it lives.
  class Level {
   public:
    explicit Level(int& depth) : depth_(depth) { ++depth_; }
    ~Level() { --depth_; }

   private:
    int& depth_;
  };
  bool too_deep() const { return depth_ > kMaxTreeDepth; }

  std::vector<Token> tokens_;
  Arena& arena_;
  size_t at_ = 0;
  int depth_ = 0;
  bool in_exponent_ = false;                   // x^2_0 is no number to a base
  bool reversed_ = false;                      // behind "]": the next "[" closes
  size_t such_that_ = std::string_view::npos;  // where the bar of {x | x > 1} is
  int counters_i_ = 0;                         // sums around that count by i
  int bars_ = 0;                               // open | around: the next | closes
};

}  // namespace laconic
