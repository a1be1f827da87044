// What stands in brackets: groups, tuples, intervals, sets, matrices.
// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "eval/math_parser_state.h"

namespace laconic {

const Node* MathParser::braced() {
  if (!accept("{")) return nullptr;
  if (accept("}")) return arena_.make(Op::kSet);
  std::vector<const Node*> inside;
  const int bars = std::exchange(bars_, 0);
  if (!items(inside) || !accept("}")) return nullptr;
  bars_ = bars;
  if (inside.size() == 1) return inside[0];
  Node* set = arena_.make(Op::kSet);
  set->args = std::move(inside);
  return set;
}

const Node* MathParser::set_braces() {
  Node* set = arena_.make(Op::kSet);
  if (accept("\\}")) return set;
  const int bars = std::exchange(bars_, 0);
  if (!items(set->args)) return nullptr;
  bars_ = bars;
  // {x | x > 1} is the set that its condition describes.
  if ((accept("|") || accept(":")) && set->args.size() == 1) {
    const Node* condition = item();
    return condition && accept("\\}") ? condition : nullptr;
  }
  return accept("\\}") ? set : nullptr;
}

const Node* MathParser::bracket(char open) {
  std::vector<const Node*> inside;
  const int bars = std::exchange(bars_, 0);
  if (!items(inside)) return nullptr;
  bars_ = bars;
  return close_bracket(open, std::move(inside));
}

const Node* MathParser::close_bracket(char open, std::vector<const Node*> inside) {
  char close = 0;
  if (is(")") || is("]") || is("[")) close = peek().text[0];
  if (!close) return nullptr;
  ++at_;
  if (close == '[') close = ')';  // ]a, b[
  if (inside.size() == 1) {
    const bool matched = (open == '(' && close == ')') || (open == '[' && close == ']');
    return matched ? inside[0] : nullptr;
  }
  Node* out = arena_.make(Op::kBracket, {}, std::string{open, close});
  out->args = std::move(inside);
  return out;
}

const Node* MathParser::fenced(std::string_view close, const char* call) {
  const Node* inside = item();
  if (!inside || !accept(close)) return nullptr;
  return make(Op::kCall, {inside}, call);
}

const Node* MathParser::bars() {
  ++bars_;
  const Node* inside = item();
  --bars_;
  if (!inside || !accept("|")) return nullptr;
  return make(Op::kCall, {inside}, "abs");
}

const Node* MathParser::punctuation() {
  const std::string text = tokens_[at_].text;
  if (text == "{") return braced();
  ++at_;
  if (text == "(" || text == "[") return bracket(text[0]);
  if (text == "]") {
    const bool before = std::exchange(reversed_, true);
    const Node* out = bracket('(');
    reversed_ = before;
    return out;
  }
  if (text == "|") return bars();
  return nullptr;
}

const Node* MathParser::decorated(std::string_view macro) {
  std::string text(macro);
  if (accept("{")) {
    for (int open = 1; open > 0; ++at_) {
      if (peek().kind == TokenKind::kEnd) return nullptr;
      if (is("{")) ++open;
      if (is("}")) --open;
      if (open > 0) text += peek().text;
    }
  } else if (peek().kind == TokenKind::kName) {
    text += tokens_[at_++].text;
  } else {
    return nullptr;
  }
  if (!subscript(text)) return nullptr;
  return arena_.make(Op::kSymbol, {}, text);
}

// \begin{pmatrix} a & b \\ c & d \end{pmatrix}; array with its column letters.
const Node* MathParser::matrix() {
  const auto environment = [&] {
    std::string name;
    if (!accept("{")) return name;
    while (peek().kind != TokenKind::kEnd && !is("}")) name += tokens_[at_++].text;
    accept("}");
    return name;
  };
  const std::string name = environment();
  if (!name.ends_with("matrix") && name != "array" && name != "cases" && name != "aligned")
    return nullptr;
  if (name == "array" && is("{")) environment();
  if (name == "cases" || name == "aligned" || name == "vmatrix") return nullptr;
  Node* out = arena_.make(Op::kMatrix);
  Node* row = arena_.make(Op::kSequence);
  while (true) {
    if (is("\\end")) break;
    const Node* entry = item();
    if (!entry) return nullptr;
    row->args.push_back(entry);
    if (accept("&")) continue;
    if (!accept("\\\\")) break;
    out->args.push_back(row);
    row = arena_.make(Op::kSequence);
  }
  if (!row->args.empty()) out->args.push_back(row);
  if (!accept("\\end") || environment() != name || out->args.empty()) return nullptr;
  for (const Node* one : out->args) {
    if (one->args.size() != out->args[0]->args.size()) return nullptr;
  }
  return out;
}

}  // namespace laconic
