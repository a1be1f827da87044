// The tightest-binding half of ExprParser: literals, subscripts, calls, filters and tests.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "base/error.h"
#include "text/jinja_integer.h"
#include "text/jinja_parser.h"

namespace laconic::jinja {

Value ExprParser::integer_of(const Token& token) const {
  const auto value = parse_integer(token.text, 0);
  if (!value) fail_at(token.where, "expected an integer of sane length, got a longer one");
  return *value;
}

ExprPointer ExprParser::primary() {
  const Token& token = current();
  ExprPointer expr = make(ExprKind::kConstant, token.where);
  switch (token.kind) {
    case TokenKind::kName:
      next();
      if (token.text == "true" || token.text == "True") {
        expr->constant = Value(true);
      } else if (token.text == "false" || token.text == "False") {
        expr->constant = Value(false);
      } else if (token.text == "none" || token.text == "None") {
        expr->constant = Value(None{});
      } else {
        expr->kind = ExprKind::kName;
        expr->name = token.text;
      }
      return expr;
    case TokenKind::kString: {
      std::string text;
      while (current().kind == TokenKind::kString) text += next().text;
      expr->constant = Value(std::move(text));
      return expr;
    }
    case TokenKind::kInteger:
      expr->constant = integer_of(next());
      return expr;
    case TokenKind::kReal:
      expr->constant = Value(next().real);
      return expr;
    default:
      break;
  }
  if (at_operator("[")) return list();
  if (at_operator("{")) return dict();
  if (!skip_operator("(")) fail_expected("an expression");
  if (skip_operator(")")) {
    expr->kind = ExprKind::kTuple;
    return expr;
  }
  expr = tuple();
  expect_operator(")");
  return expr;
}

ExprPointer ExprParser::list() {
  ExprPointer expr = make(ExprKind::kList, next().where);
  while (!at_operator("]")) {
    if (!expr->children.empty()) expect_operator(",");
    if (at_operator("]")) break;
    adopt(*expr, expression());
  }
  expect_operator("]");
  return expr;
}

ExprPointer ExprParser::dict() {
  ExprPointer expr = make(ExprKind::kDict, next().where);
  while (!at_operator("}")) {
    if (!expr->children.empty()) expect_operator(",");
    if (at_operator("}")) break;
    adopt(*expr, expression());
    expect_operator(":");
    adopt(*expr, expression());
  }
  expect_operator("}");
  return expr;
}

ExprPointer ExprParser::postfix(ExprPointer object) {
  while (true) {
    if (at_operator(".") || at_operator("[")) {
      object = subscript(std::move(object));
    } else if (at_operator("(")) {
      object = call(std::move(object));
    } else {
      return object;
    }
  }
}

ExprPointer ExprParser::filters(ExprPointer input, bool first_is_open) {
  while (true) {
    if (first_is_open || at_operator("|")) {
      if (!first_is_open) next();
      first_is_open = false;
      ExprPointer expr = make(ExprKind::kFilter, current().where);
      expr->name = dotted_name();
      expr->builtin = find_filter(expr->name);
      adopt(*expr, std::move(input));
      if (at_operator("(")) arguments(*expr);
      input = std::move(expr);
    } else if (at_name("is")) {
      input = test(std::move(input));
    } else if (at_operator("(")) {
      input = call(std::move(input));
    } else {
      return input;
    }
  }
}

std::string ExprParser::dotted_name() {
  std::string name = expect_name();
  while (skip_operator(".")) name += "." + expect_name();
  return name;
}

ExprPointer ExprParser::subscript(ExprPointer object) {
  const Token& sign = next();
  if (sign.text == ".") {
    const Token& token = next();
    if (token.kind == TokenKind::kName) {
      ExprPointer expr = make(ExprKind::kAttribute, token.where);
      expr->name = token.text;
      adopt(*expr, std::move(object));
      return expr;
    }
    if (token.kind != TokenKind::kInteger)
      fail_at(token.where, "expected a name or a whole number behind \".\", got something else");
    ExprPointer key = make(ExprKind::kConstant, token.where);
    key->constant = integer_of(token);
    return join(ExprKind::kItem, sign, std::move(object), std::move(key));
  }
  const auto at_end = [&] { return at_operator("]") || at_operator(":"); };
  ExprPointer first = at_end() ? nullptr : tuple();
  if (first && at_operator("]")) {
    next();
    return join(ExprKind::kItem, sign, std::move(object), std::move(first));
  }
  expect_operator(":");
  ExprPointer expr = make(ExprKind::kSlice, sign.where);
  adopt(*expr, std::move(object));
  adopt(*expr, std::move(first));
  adopt(*expr, at_end() ? nullptr : expression());
  const bool has_step = skip_operator(":");
  adopt(*expr, has_step && !at_operator("]") ? expression() : nullptr);
  expect_operator("]");
  return expr;
}

ExprPointer ExprParser::call(ExprPointer callee) {
  ExprPointer expr = make(ExprKind::kCall, current().where);
  adopt(*expr, std::move(callee));
  arguments(*expr);
  return expr;
}

// Positional, then *, then named ones, then **, as jinja2 has it (a named one may stand behind *).
void ExprParser::arguments(Expr& call) {
  expect_operator("(");
  bool has_list = false, has_dict = false;
  for (bool first = true; !at_operator(")"); first = false) {
    if (!first) expect_operator(",");
    if (at_operator(")")) break;
    const bool is_list = at_operator("*");
    if (is_list || at_operator("**")) {
      if (has_dict || (is_list && has_list)) fail_expected("one * and one ** at the end");
      (is_list ? has_list : has_dict) = true;
      ExprPointer unpack = make(ExprKind::kUnpack, current().where);
      unpack->name = next().text;
      adopt(*unpack, expression());
      adopt(call, std::move(unpack));
      continue;
    }
    const bool is_named = current().kind == TokenKind::kName && at_ + 1 < tokens_.size() &&
                          tokens_[at_ + 1].kind == TokenKind::kOperator &&
                          tokens_[at_ + 1].text == "=";
    if (has_dict || (!is_named && (has_list || !call.named.empty())))
      fail_expected("a named argument behind named ones");
    if (is_named) {
      named_argument(call);
    } else {
      adopt(call, expression());
    }
  }
  expect_operator(")");
}

void ExprParser::named_argument(Expr& call) {
  const Location where = current().where;
  std::string name = next().text;
  next();
  const bool is_repeated = std::any_of(call.named.begin(), call.named.end(),
                                       [&](const auto& known) { return known.first == name; });
  if (is_repeated) fail_at(where, cat("expected one argument \"", name, "\", got two"));
  ExprPointer value = expression();
  call.depth = std::max(call.depth, value->depth + 1);
  call.named.emplace_back(std::move(name), std::move(value));
}

ExprPointer ExprParser::test(ExprPointer object) {
  next();  // is
  const Location where = current().where;
  const bool negated = skip_name("not");
  ExprPointer expr = make(ExprKind::kTest, current().where);
  expr->name = dotted_name();
  expr->builtin = find_test(expr->name);
  adopt(*expr, std::move(object));
  const Token& token = current();
  const bool ends = at_name("else") || at_name("or") || at_name("and");
  if (at_operator("(")) {
    arguments(*expr);
  } else if (!ends && (token.kind == TokenKind::kName || token.kind == TokenKind::kString ||
                       token.kind == TokenKind::kInteger || token.kind == TokenKind::kReal ||
                       at_operator("[") || at_operator("{"))) {
    if (at_name("is")) fail_expected("one test behind \"is\"");
    const Nested nested(*this);
    adopt(*expr, postfix(primary()));
  }
  if (!negated) return expr;
  ExprPointer inverse = make(ExprKind::kNot, where);
  adopt(*inverse, std::move(expr));
  return inverse;
}

}  // namespace laconic::jinja
