// \sum_{k=1}^{n}, \prod, \int_a^b ... dx and \lim_{x \to a}: definite ones alone.
// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "eval/math_parser_state.h"

namespace laconic {

constexpr size_t kNone = std::string_view::npos;

// What `read` makes of the tokens before `end`, all of them.
const Node* MathParser::until(size_t end, const Node* (MathParser::*read)()) {
  const TokenKind kind = std::exchange(tokens_[end].kind, TokenKind::kEnd);
  const std::string text = std::exchange(tokens_[end].text, "");
  const Node* out = (this->*read)();
  tokens_[end].kind = kind;
  tokens_[end].text = text;
  return at_ == end ? out : nullptr;
}

// Where the "}" stands that closes the "{" just read.
size_t MathParser::closing_brace() const {
  int depth = 1;
  for (size_t i = at_; i < tokens_.size(); ++i) {
    if (tokens_[i].text == "{" || tokens_[i].text == "\\{") ++depth;
    if (tokens_[i].text == "}" || tokens_[i].text == "\\}") --depth;
    if (depth == 0) return i;
  }
  return kNone;
}

// "_{k=1}^{n}" and "_a^b", in either order; `variable` stays null where none is named.
bool MathParser::range(const Node*& variable, const Node*& low, const Node*& high) {
  for (int i = 0; i < 2; ++i) {
    if (!high && accept("^")) {
      high = exponent();
      if (!high) return false;
    } else if (!low && accept("_")) {
      if (is("{") && peek(1).kind == TokenKind::kName && peek(2).text == "=") {
        variable = arena_.make(Op::kSymbol, {}, peek(1).text);
        at_ += 3;
        const size_t end = closing_brace();
        low = end == kNone ? nullptr : until(end, &MathParser::sum);
        ++at_;
      } else {
        low = exponent();
      }
      if (!low) return false;
    }
  }
  return low && high;
}

// Where the "d" of the "dx" stands that belongs to an integral whose body starts here.
size_t MathParser::differential() const {
  int depth = 0, inner = 0;
  for (size_t i = at_; i + 1 < tokens_.size(); ++i) {
    const std::string& text = tokens_[i].text;
    if (text == "(" || text == "[" || text == "{" || text == "\\{") ++depth;
    if (text == ")" || text == "]" || text == "}" || text == "\\}") --depth;
    if (depth < 0) return kNone;
    if (depth > 0) continue;
    if (tokens_[i].kind == TokenKind::kMacro && text == "\\int") ++inner;
    const bool is_d = tokens_[i].kind == TokenKind::kName && text == "d" &&
                      tokens_[i + 1].kind == TokenKind::kName && !tokens_[i + 1].spaced;
    if (is_d && inner-- == 0) return i;
  }
  return kNone;
}

// \int_0^1 \frac{x dx}{1 + x^2}: the "dx" at the end of the numerator is taken out.
const Node* MathParser::integral_of_fraction(const Node* low, const Node* high) {
  if (!is("\\frac") || peek(1).text != "{") return nullptr;
  const size_t start = at_;
  at_ += 2;
  const size_t end = closing_brace();
  at_ = start;
  if (end == kNone || end < start + 4) return nullptr;
  const Token& name = tokens_[end - 1];
  const bool is_differential = tokens_[end - 2].kind == TokenKind::kName &&
                               tokens_[end - 2].text == "d" && name.kind == TokenKind::kName;
  if (!is_differential) return nullptr;
  const Node* variable = arena_.make(Op::kSymbol, {}, name.text);
  const auto at = [&](size_t index) {
    return tokens_.begin() + static_cast<std::ptrdiff_t>(index);
  };
  if (end == start + 4)
    *at(end - 2) = {TokenKind::kNumber, "1", false, false};
  else
    tokens_.erase(at(end - 2));
  tokens_.erase(at(end == start + 4 ? end - 1 : end - 2));
  const Node* body = product();
  return make(Op::kBig, {variable, body, low, high}, "int");
}

const Node* MathParser::big(const std::string& text) {
  const Level level(depth_);
  if (too_deep()) return nullptr;
  const Node* variable = nullptr;
  const Node* low = nullptr;
  const Node* high = nullptr;
  if (!range(variable, low, high)) return nullptr;
  const Node* body = nullptr;
  if (text == "int") {
    if (variable) return nullptr;
    const size_t d = differential();
    if (d == kNone) return integral_of_fraction(low, high);
    body = at_ == d ? arena_.number(1) : until(d, &MathParser::sum);
    variable = arena_.make(Op::kSymbol, {}, tokens_[d + 1].text);
    at_ = d + 2;
  } else {
    const bool by_i = variable && variable->text == "i";
    counters_i_ += by_i;
    body = product();
    counters_i_ -= by_i;
  }
  return variable && body ? make(Op::kBig, {variable, body, low, high}, text) : nullptr;
}

// \lim_{x \to a}, \lim_{x \to a^+}.
const Node* MathParser::limit() {
  const Level level(depth_);
  if (too_deep() || !accept("_") || !accept("{")) return nullptr;
  const size_t end = closing_brace();
  if (end == kNone || peek().kind != TokenKind::kName || peek(1).text != "\\to") return nullptr;
  const Node* variable = arena_.make(Op::kSymbol, {}, peek().text);
  at_ += 2;
  const auto text = [&](size_t back) {
    return end >= at_ + back ? tokens_[end - back].text : std::string();
  };
  const bool grouped = text(1) == "}" && text(3) == "{";
  const std::string sign = text(grouped ? 2 : 1);
  const bool one_sided = (sign == "+" || sign == "-") && text(grouped ? 4 : 2) == "^";
  const Node* point = until(one_sided ? end - (grouped ? 4 : 2) : end, &MathParser::sum);
  if (!point) return nullptr;
  at_ = end + 1;
  return make(Op::kBig, {variable, product(), point}, one_sided ? "lim" + sign : "lim");
}

}  // namespace laconic
