// SPDX-License-Identifier: Apache-2.0
#include "text/jinja_parser.h"

#include <algorithm>
#include <array>

#include "base/error.h"

namespace laconic::jinja {
namespace {

std::string describe(const Token& token) {
  switch (token.kind) {
    case TokenKind::kText:
      return "text";
    case TokenKind::kOutputBegin:
      return "\"{{\"";
    case TokenKind::kOutputEnd:
      return "\"}}\"";
    case TokenKind::kBlockBegin:
      return "\"{%\"";
    case TokenKind::kBlockEnd:
      return "\"%}\"";
    case TokenKind::kString:
      return "a string";
    case TokenKind::kEnd:
      return "the template's end";
    default:
      return "\"" + token.text + "\"";
  }
}

}  // namespace

ExprParser::Nested::Nested(ExprParser& parser) : parser_(parser) {
  if (++parser_.nesting_ > kMaxNesting) {
    --parser_.nesting_;  // the destructor does not run
    parser_.fail_at(parser_.current().where,
                    cat("expected at most ", kMaxNesting, " levels of nesting, got more"));
  }
}

void ExprParser::fail_at(Location where, const std::string& message) const {
  fail(ErrorKind::kModel, place_, ":", where.line, ":", where.column, ": ", message);
}

void ExprParser::fail_expected(std::string_view expected) const {
  fail_at(current().where, cat("expected ", expected, ", got ", describe(current())));
}

bool ExprParser::at_name(std::string_view name) const {
  return current().kind == TokenKind::kName && current().text == name;
}

bool ExprParser::at_operator(std::string_view text) const {
  return current().kind == TokenKind::kOperator && current().text == text;
}

bool ExprParser::skip_name(std::string_view name) {
  if (!at_name(name)) return false;
  next();
  return true;
}

bool ExprParser::skip_operator(std::string_view text) {
  if (!at_operator(text)) return false;
  next();
  return true;
}

std::string ExprParser::expect_name() {
  if (current().kind != TokenKind::kName) fail_expected("a name");
  return next().text;
}

void ExprParser::expect_name(std::string_view name) {
  if (!skip_name(name)) fail_expected(cat("\"", name, "\""));
}

void ExprParser::expect_operator(std::string_view text) {
  if (!skip_operator(text)) fail_expected(cat("\"", text, "\""));
}

void ExprParser::expect(TokenKind kind, const char* what) {
  if (current().kind != kind) fail_expected(what);
  next();
}

ExprPointer ExprParser::make(ExprKind kind, Location where) const {
  auto expr = std::make_unique<Expr>();
  expr->kind = kind;
  expr->where = where;
  return expr;
}

void ExprParser::adopt(Expr& parent, ExprPointer child) const {
  if (child) parent.depth = std::max(parent.depth, child->depth + 1);
  if (parent.depth > 2 * kMaxNesting)
    fail_at(parent.where, cat("expected an expression of at most ", 2 * kMaxNesting,
                              " steps in a row, got a longer one"));
  parent.children.push_back(std::move(child));
}

ExprPointer ExprParser::join(ExprKind kind, const Token& sign, ExprPointer left,
                             ExprPointer right) const {
  ExprPointer expr = make(kind, sign.where);
  expr->name = sign.text;
  adopt(*expr, std::move(left));
  adopt(*expr, std::move(right));
  return expr;
}

ExprPointer ExprParser::expression(bool with_conditional) {
  const Nested nested(*this);
  return with_conditional ? conditional() : disjunction();
}

ExprPointer ExprParser::conditional() {
  ExprPointer value = disjunction();
  while (at_name("if")) {
    ExprPointer expr = make(ExprKind::kConditional, next().where);
    adopt(*expr, std::move(value));
    adopt(*expr, disjunction());
    adopt(*expr, skip_name("else") ? expression() : nullptr);
    value = std::move(expr);
  }
  return value;
}

ExprPointer ExprParser::disjunction() {
  ExprPointer left = conjunction();
  while (at_name("or")) {
    const Token& sign = next();
    left = join(ExprKind::kOr, sign, std::move(left), conjunction());
  }
  return left;
}

ExprPointer ExprParser::conjunction() {
  ExprPointer left = negation();
  while (at_name("and")) {
    const Token& sign = next();
    left = join(ExprKind::kAnd, sign, std::move(left), negation());
  }
  return left;
}

ExprPointer ExprParser::negation() {
  if (!at_name("not")) return comparison();
  const Nested nested(*this);
  ExprPointer expr = make(ExprKind::kNot, next().where);
  adopt(*expr, negation());
  return expr;
}

ExprPointer ExprParser::comparison() {
  static constexpr std::array<std::string_view, 6> kSigns = {"==", "!=", "<", "<=", ">", ">="};
  ExprPointer first = sum();
  ExprPointer expr;
  while (true) {
    const Token& sign = current();
    std::string name;
    if (sign.kind == TokenKind::kOperator &&
        std::find(kSigns.begin(), kSigns.end(), sign.text) != kSigns.end()) {
      name = next().text;
    } else if (skip_name("in")) {
      name = "in";
    } else if (at_name("not") && at_ + 1 < tokens_.size() &&
               tokens_[at_ + 1].kind == TokenKind::kName && tokens_[at_ + 1].text == "in") {
      at_ += 2;
      name = "not in";
    } else {
      return expr ? std::move(expr) : std::move(first);
    }
    if (!expr) {
      expr = make(ExprKind::kCompare, sign.where);
      adopt(*expr, std::move(first));
    }
    expr->operators.push_back(std::move(name));
    adopt(*expr, sum());
  }
}

ExprPointer ExprParser::sum() {
  ExprPointer left = concatenation();
  while (at_operator("+") || at_operator("-")) {
    const Token& sign = next();
    left = join(ExprKind::kBinary, sign, std::move(left), concatenation());
  }
  return left;
}

ExprPointer ExprParser::concatenation() {
  ExprPointer first = product();
  if (!at_operator("~")) return first;
  ExprPointer expr = make(ExprKind::kConcat, current().where);
  adopt(*expr, std::move(first));
  while (skip_operator("~")) adopt(*expr, product());
  return expr;
}

ExprPointer ExprParser::product() {
  ExprPointer left = power();
  while (at_operator("*") || at_operator("/") || at_operator("//") || at_operator("%")) {
    const Token& sign = next();
    left = join(ExprKind::kBinary, sign, std::move(left), power());
  }
  return left;
}

ExprPointer ExprParser::power() {
  ExprPointer left = unary(true);
  while (at_operator("**")) {
    const Token& sign = next();
    left = join(ExprKind::kBinary, sign, std::move(left), unary(true));
  }
  return left;
}

ExprPointer ExprParser::unary(bool with_filters) {
  ExprPointer expr;
  if (at_operator("-") || at_operator("+")) {
    const Nested nested(*this);
    const Token& sign = next();
    expr = make(sign.text == "-" ? ExprKind::kNegate : ExprKind::kPlus, sign.where);
    adopt(*expr, unary(false));
  } else {
    expr = primary();
  }
  expr = postfix(std::move(expr));
  return with_filters ? filters(std::move(expr), false) : std::move(expr);
}

bool ExprParser::at_tuple_end(std::string_view end_name) const {
  return current().kind == TokenKind::kOutputEnd || current().kind == TokenKind::kBlockEnd ||
         at_operator(")") || (!end_name.empty() && at_name(end_name));
}

ExprPointer ExprParser::tuple(bool with_conditional, std::string_view end_name) {
  const Location where = current().where;
  ExprPointer first = expression(with_conditional);
  if (!at_operator(",")) return first;
  ExprPointer expr = make(ExprKind::kTuple, where);
  adopt(*expr, std::move(first));
  while (skip_operator(",") && !at_tuple_end(end_name)) adopt(*expr, expression(with_conditional));
  return expr;
}

ExprPointer ExprParser::target(std::string_view end_name, bool with_namespace) {
  const Nested nested(*this);
  const auto one = [&]() -> ExprPointer {
    if (skip_operator("(")) {
      ExprPointer inner = target("", with_namespace);
      expect_operator(")");
      return inner;
    }
    static constexpr std::array<std::string_view, 6> kConstants = {"true",  "True", "false",
                                                                   "False", "none", "None"};
    if (current().kind == TokenKind::kName &&
        std::find(kConstants.begin(), kConstants.end(), current().text) != kConstants.end())
      fail_expected("a name to assign to");
    ExprPointer name = make(ExprKind::kName, current().where);
    name->name = expect_name();
    if (!with_namespace || !at_operator(".")) return name;
    ExprPointer attribute = make(ExprKind::kAttribute, next().where);
    attribute->name = expect_name();
    adopt(*attribute, std::move(name));
    return attribute;
  };
  const Location where = current().where;
  ExprPointer first = one();
  if (!at_operator(",")) return first;
  ExprPointer expr = make(ExprKind::kTuple, where);
  adopt(*expr, std::move(first));
  while (skip_operator(",") && !at_tuple_end(end_name) && !at_operator("=")) adopt(*expr, one());
  return expr;
}

}  // namespace laconic::jinja
