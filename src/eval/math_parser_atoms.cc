// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <utility>

#include "eval/math_parser_state.h"

namespace laconic {

const Node* MathParser::primary() {
  const Level level(depth_);
  if (too_deep() || arena_.is_full()) return nullptr;
  switch (peek().kind) {
    case TokenKind::kNumber:
      return number();
    case TokenKind::kName:
      return name();
    case TokenKind::kFunction:
      return function();
    case TokenKind::kMacro:
      return macro();
    case TokenKind::kPunctuation:
      return punctuation();
    case TokenKind::kText:
    case TokenKind::kWord: {
      if (peek(1).text == "_") return name();
      Node* text = arena_.make(Op::kText, {}, peek().text);
      ++at_;
      while (peek().kind == TokenKind::kWord || peek().kind == TokenKind::kText) {
        text->text += " " + peek().text;
        ++at_;
      }
      return text;
    }
    case TokenKind::kEnd:
      return nullptr;
  }
  return nullptr;
}

const Node* MathParser::number() {
  if (peek().kind != TokenKind::kNumber) return nullptr;
  const std::string text = tokens_[at_++].text;
  const size_t point = text.find('.');
  std::string digits = text;
  if (point != std::string::npos) digits.erase(point, 1);
  const size_t places = point == std::string::npos ? 0 : text.size() - point - 1;
  Node* node = arena_.make(Op::kNumber);
  mpz_class scale;
  mpz_ui_pow_ui(scale.get_mpz_t(), 10, places);
  node->value = mpq_class(mpz_class(digits, 10), scale);
  node->value.canonicalize();
  node->decimals = static_cast<int>(places);
  const size_t first = digits.find_first_not_of('0');
  node->significant = first == std::string::npos ? 0 : static_cast<int>(digits.size() - first);
  if (point != std::string::npos && is("\\overline")) {
    if (!repeating_digits(*node, scale)) return nullptr;
  } else if (!power_of_ten(*node) && is("_") && places == 0 && !in_exponent_) {
    return based(digits);
  }
  return node;
}

// 0.1\overline{6}
bool MathParser::repeating_digits(Node& node, const mpz_class& scale) {
  if (peek(1).text != "{" || peek(2).kind != TokenKind::kNumber || peek(3).text != "}")
    return false;
  const std::string& period = peek(2).text;
  if (period.find('.') != std::string::npos) return false;
  mpz_class nines;
  mpz_ui_pow_ui(nines.get_mpz_t(), 10, period.size());
  nines -= 1;
  mpq_class repeating(mpz_class(period, 10), nines * scale);
  repeating.canonicalize();
  node.value += repeating;
  node.decimals = -1;
  at_ += 4;
  return true;
}

// 1.5e-3
bool MathParser::power_of_ten(Node& node) {
  if (peek().kind != TokenKind::kName || (peek().text != "e" && peek().text != "E") ||
      peek().spaced)
    return false;
  const bool sign = peek(1).text == "-" || peek(1).text == "+";
  const Token& by = peek(sign ? 2 : 1);
  if (by.kind != TokenKind::kNumber || by.spaced || by.text.size() > 4 ||
      by.text.find('.') != std::string::npos)
    return false;
  mpz_class ten;
  mpz_ui_pow_ui(ten.get_mpz_t(), 10, std::stoul(by.text));
  if (peek(1).text == "-")
    node.value /= ten;
  else
    node.value *= ten;
  node.decimals = -1;
  at_ += sign ? 3 : 2;
  return true;
}

// 204_5: digits to a base.
const Node* MathParser::based(const std::string& digits) {
  ++at_;
  const bool group = accept("{");
  if (peek().kind != TokenKind::kNumber || peek().text.size() > 2) return nullptr;
  Node* out = arena_.make(Op::kBased, {}, digits);
  out->value = mpq_class(mpz_class(peek().text, 10));
  ++at_;
  return group && !accept("}") ? nullptr : out;
}

// A subscript after a name, added to it: x_1, x_{\text{red}}.
bool MathParser::subscript(std::string& name) {
  while (is("_") || is("'") ||
         (is("^") && (peek(1).text == "\\prime" || peek(1).text == "*" ||
                      (peek(1).text == "{" && peek(2).text == "\\prime")))) {
    if (accept("'")) {
      name += "'";
      continue;
    }
    if (accept("^")) {
      const bool group = accept("{");
      do {
        name += peek().text == "\\prime" ? "'" : peek().text;
        ++at_;
      } while (group && peek().text == "\\prime");
      if (group && !accept("}")) return false;
      continue;
    }
    ++at_;
    name += "_";
    if (!accept("{")) {
      if (peek().kind == TokenKind::kEnd) return false;
      name += tokens_[at_++].text;
      continue;
    }
    for (int open = 1; open > 0; ++at_) {
      if (peek().kind == TokenKind::kEnd) return false;
      if (is("{")) ++open;
      if (is("}")) --open;
      if (open > 0) name += peek().text;
    }
  }
  return true;
}

const Node* MathParser::name() {
  std::string text = tokens_[at_++].text;
  const bool plain = !is("_") && !is("'");
  if (plain && text == "e") return arena_.make(Op::kE);
  if (plain && text == "i" && counters_i_ == 0) return arena_.make(Op::kI);
  if (plain && (text == "\\emptyset" || text == "\\varnothing")) return arena_.make(Op::kSet);
  if (!subscript(text)) return nullptr;
  // f(...), and y(0), u(t): one name or number in brackets is more often an argument than a factor.
  const bool argument = (peek(1).kind == TokenKind::kName || peek(1).kind == TokenKind::kNumber) &&
                        peek(2).text == ")";
  if (is("(") && (argument || text[0] == 'f' || text[0] == 'g' || text[0] == 'h')) {
    ++at_;
    std::vector<const Node*> inside;
    if (!items(inside) || !accept(")")) return nullptr;
    Node* call = arena_.make(Op::kCall, {}, text);
    call->args = std::move(inside);
    return call;
  }
  return arena_.make(Op::kSymbol, {}, text);
}

// What a function is applied to: a bracket, else the product up to the next sign or function.
const Node* MathParser::function_argument() {
  if (is("(") || is("[") || is("{") || is("|") || is("\\{")) return primary();
  const bool negative = accept("-");
  const Node* out = power();
  while (out && (starts_factor() || is("/")) && peek().kind != TokenKind::kFunction && !is("(") &&
         !is("[")) {
    if (accept("/"))
      out = make(Op::kDivide, {out, power()});
    else
      out = make(Op::kMultiply, {out, power()});
  }
  return negative ? make(Op::kNegate, {out}) : out;
}

const Node* MathParser::function() {
  std::string text = tokens_[at_++].text;
  if (text == "sqrt") return root();
  if (text == "lim") return limit();
  if (text == "cbrt") return make(Op::kRoot, {function_argument(), arena_.number(3)});
  const Node* by = nullptr;
  const Node* base = nullptr;
  for (int i = 0; i < 2; ++i) {
    if (!by && accept("^")) {
      by = exponent();
      if (!by) return nullptr;
    } else if (!base && accept("_")) {
      base = log_base();
      if (!base) return nullptr;
    }
  }
  if (is("(") && (text == "binom" || text == "gcd" || text == "lcm" || text == "min" ||
                  text == "max" || text == "log")) {
    ++at_;
    std::vector<const Node*> inside;
    if (!items(inside) || !accept(")")) return nullptr;
    Node* call = arena_.make(Op::kCall, {}, text);
    call->args = std::move(inside);
    if (text == "log" && call->args.size() > 1) return nullptr;
    if (base && text == "log") call->args.push_back(base);
    return by ? make(Op::kPower, {call, by}) : call;
  }
  const Node* argument = function_argument();
  if (!argument) return nullptr;
  if (text == "exp") return make(Op::kPower, {arena_.make(Op::kE), argument});
  if (text == "factorial") return make(Op::kFactorial, {argument});
  if (base && text != "log") return nullptr;
  // \sin^{-1} is the inverse.
  const bool inverse =
      by && by->op == Op::kNegate && by->args[0]->op == Op::kNumber && by->args[0]->value == 1;
  if (inverse && (text == "sin" || text == "cos" || text == "tan" || text == "cot"))
    return make(Op::kCall, {argument}, "a" + text);
  const Node* call =
      base ? make(Op::kCall, {argument, base}, text) : make(Op::kCall, {argument}, text);
  return by ? make(Op::kPower, {call, by}) : call;
}

// \log_28 is the logarithm of 8 to base 2, \log_10 x has base 10.
const Node* MathParser::log_base() {
  const Token& next = peek(1);
  const bool alone = next.kind == TokenKind::kEnd || next.kind == TokenKind::kPunctuation;
  if (peek().kind != TokenKind::kNumber || peek().text.size() < 2 || !alone || next.text == "(")
    return exponent();
  const Node* base = arena_.number(mpq_class(mpz_class(peek().text.substr(0, 1), 10)));
  tokens_[at_].text.erase(0, 1);
  return base;
}

// The exponent or subscript after its sign: a group, or one token with a sign.
const Node* MathParser::exponent() {
  if (is("{")) return braced();
  const bool before = std::exchange(in_exponent_, true);
  const bool negative = accept("-");
  if (!negative) accept("+");
  const Node* out = primary();
  in_exponent_ = before;
  return negative ? make(Op::kNegate, {out}) : out;
}

const Node* MathParser::fraction() {
  const Node* above = braced();
  const Node* below = above ? braced() : nullptr;
  return make(Op::kDivide, {above, below});
}

const Node* MathParser::root() {
  const Node* index = arena_.number(2);
  if (is("[")) {
    ++at_;
    index = item();
    if (!index || !accept("]")) return nullptr;
  }
  const Node* inside = is("{") ? braced() : function_argument();
  return make(Op::kRoot, {inside, index});
}

const Node* MathParser::macro() {
  const std::string text = tokens_[at_++].text;
  if (text == "\\frac") return fraction();
  if (text == "\\sum" || text == "\\prod" || text == "\\int") return big(text.substr(1));
  if (text == "\\binom") {
    const Node* above = braced();
    return make(Op::kCall, {above, above ? braced() : nullptr}, "binom");
  }
  if (text == "\\pi") return arena_.make(Op::kPi);
  if (text == "\\infty") return arena_.make(Op::kInfinity);
  if (text == "\\{") return set_braces();
  if (text == "\\boxed") return braced();
  if (text == "\\lfloor") return fenced("\\rfloor", "floor");
  if (text == "\\lceil") return fenced("\\rceil", "ceil");
  if (text == "\\|") return fenced("\\|", "abs");
  if (text == "\\langle") {
    std::vector<const Node*> inside;
    if (!items(inside) || !accept("\\rangle")) return nullptr;
    Node* out = arena_.make(Op::kBracket, {}, "()");
    out->args = std::move(inside);
    return out;
  }
  if (text == "\\begin") return matrix();
  if (text == "\\ldots") return arena_.make(Op::kSymbol, {}, text);
  static constexpr std::array<std::string_view, 8> kDecorations = {
      "\\mathbb", "\\mathcal", "\\overline", "\\vec", "\\hat", "\\tilde", "\\dot", "\\ddot"};
  if (std::find(kDecorations.begin(), kDecorations.end(), text) != kDecorations.end())
    return decorated(text);
  return nullptr;
}

}  // namespace laconic
