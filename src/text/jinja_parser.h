// Tokens -> expressions: the lower half of the template parser.
//
// Precedence, tuples and filter binding follow jinja2/parser.py 3.1.
// Errors: Error(kModel) as `place:line:column: expected X, got Y`. Nesting is bounded
// (kMaxNesting).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/jinja_ast.h"

namespace laconic::jinja {

class ExprParser {
 public:
  static constexpr int kMaxNesting = 200;

  ExprParser(const std::vector<Token>& tokens, const std::string& place)
      : tokens_(tokens), place_(place) {}

  ExprPointer expression(bool with_conditional = true);
  // One expression, or several with commas between as a tuple. `end_name`: a name that ends it
  // ("in").
  ExprPointer tuple(bool with_conditional = true, std::string_view end_name = "");
  // A name, namespace.attribute, or a tuple of those.
  ExprPointer target(std::string_view end_name, bool with_namespace);
  // The filters behind `input` (may be null), of which the first `|` is already read if
  // `first_is_open`.
  ExprPointer filters(ExprPointer input, bool first_is_open);

  const Token& current() const { return tokens_[at_]; }
  const Token& next() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }
  bool at_name(std::string_view name) const;
  bool at_operator(std::string_view text) const;
  bool skip_name(std::string_view name);
  bool skip_operator(std::string_view text);
  std::string expect_name();
  void expect_name(std::string_view name);
  void expect_operator(std::string_view text);
  void expect(TokenKind kind, const char* what);
  [[noreturn]] void fail_expected(std::string_view expected) const;
  [[noreturn]] void fail_at(Location where, const std::string& message) const;

  // Counts nesting for as long as it lives.
  class Nested {
   public:
    explicit Nested(ExprParser& parser);
    ~Nested() { --parser_.nesting_; }
    Nested(const Nested&) = delete;

   private:
    ExprParser& parser_;
  };

 private:
  ExprPointer conditional();
  ExprPointer disjunction();
  ExprPointer conjunction();
  ExprPointer negation();
  ExprPointer comparison();
  ExprPointer sum();
  ExprPointer concatenation();
  ExprPointer product();
  ExprPointer power();
  ExprPointer unary(bool with_filters);
  ExprPointer primary();
  ExprPointer list();
  ExprPointer dict();
  ExprPointer postfix(ExprPointer object);
  ExprPointer subscript(ExprPointer object);
  ExprPointer call(ExprPointer callee);
  ExprPointer test(ExprPointer object);
  void arguments(Expr& call);
  void named_argument(Expr& call);
  Value integer_of(const Token& token) const;
  std::string dotted_name();
  ExprPointer make(ExprKind kind, Location where) const;
  void adopt(Expr& parent, ExprPointer child) const;
  ExprPointer join(ExprKind kind, const Token& sign, ExprPointer left, ExprPointer right) const;
  bool at_tuple_end(std::string_view end_name) const;

  const std::vector<Token>& tokens_;
  const std::string& place_;
  size_t at_ = 0;
  int nesting_ = 0;
};

}  // namespace laconic::jinja
