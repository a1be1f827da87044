// What stands in brackets: groups, tuples, intervals, sets, matrices.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <functional>
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
  const size_t outer = std::exchange(such_that_, find_such_that());
  const Node* built = such_that_ != std::string_view::npos ? set_builder() : nullptr;
  const bool is_built = such_that_ != std::string_view::npos;
  such_that_ = outer;
  if (is_built) {
    bars_ = bars;
    return built;
  }
  if (!items(set->args)) return nullptr;
  bars_ = bars;
  return accept("\\}") ? set : nullptr;
}

// Where the "|" or ":" of {x | x > 1} stands, inside braces that are open; npos: a set of items.
size_t MathParser::find_such_that() const {
  int depth = 0;
  size_t bar = std::string_view::npos;
  for (size_t i = at_; i < tokens_.size(); ++i) {
    const std::string& text = tokens_[i].text;
    if (tokens_[i].kind == TokenKind::kText) continue;
    if (text == "(" || text == "[" || text == "{" || text == "\\{") ++depth;
    if (text == ")" || text == "]" || text == "}" || text == "\\}") --depth;
    if (depth < 0) break;
    if (depth > 0) continue;
    if (bar == std::string_view::npos && text == ",") return bar;
    if (bar == std::string_view::npos && i > at_ && (text == "|" || text == ":")) bar = i;
    const bool relation = text == "<" || text == ">" || text == "=" || text == "\\le" ||
                          text == "\\ge" || text == "\\ne" || text == "\\in";
    if (relation && bar != std::string_view::npos) return bar;
  }
  return std::string_view::npos;
}

// {x \in R | x > 1} is the set that its condition describes, where x is the one that it bounds.
const Node* MathParser::set_builder() {
  const auto is_reals = [](const Node& n) {
    return n.op == Op::kRelation && n.text == "in" && n.args[1]->text == "\\mathbbR";
  };
  const Node* element = item();
  if (!element || at_ != such_that_) return nullptr;
  ++at_;
  if (is_reals(*element)) element = element->args[0];
  std::vector<const Node*> conditions;
  if (!items(conditions) || !accept("\\}") || element->op != Op::kSymbol) return nullptr;
  std::erase_if(conditions, [&](const Node* one) { return is_reals(*one); });
  if (conditions.size() != 1) return nullptr;
  const std::function<bool(const Node&)> names_element = [&](const Node& node) {
    return (node.op == Op::kSymbol && node.text == element->text) ||
           std::any_of(node.args.begin(), node.args.end(),
                       [&](const Node* arg) { return names_element(*arg); });
  };
  return names_element(*conditions[0]) ? conditions[0] : nullptr;
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
