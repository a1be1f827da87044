// SPDX-License-Identifier: Apache-2.0
#include "eval/math_parser.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/format.h"
#include "eval/math_parser_state.h"
#include "eval/unit_words.h"

namespace laconic {
namespace {

// Relation tokens and how the tree calls them.
constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kRelations = {{
    {"=", "="},
    {"\\ne", "!="},
    {"<", "<"},
    {"\\le", "<="},
    {">", ">"},
    {"\\ge", ">="},
    {"\\approx", "~"},
    {"\\sim", "~~"},
    {"\\in", "in"},
    {"\\to", "=>"},
}};

bool is_numeric(const Node& node) {
  if (node.op == Op::kSymbol || node.op == Op::kText || node.op == Op::kUnit) return false;
  return std::all_of(node.args.begin(), node.args.end(),
                     [](const Node* arg) { return is_numeric(*arg); });
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return out;
}

bool is_separator_word(const Token& token) {
  if (token.kind == TokenKind::kMacro) return token.text == "\\and" || token.text == "\\or";
  if (token.kind != TokenKind::kText) return false;
  const std::string text = lower(token.text);
  return text == "and" || text == "or" || text == ", and" || text == ", or" || text == "and/or" ||
         text == "&";
}

// The words of a unit: "m /s^2" -> "m  s ".
std::string without_powers(std::string unit) {
  for (char& c : unit) {
    if (!is_letter(c)) c = ' ';
  }
  return unit;
}

}  // namespace

const Node* parse_math(std::string_view canonical, Arena& arena) {
  std::vector<Token> tokens = tokenize_math(canonical, kMaxMathTokens);
  if (tokens.size() < 2) return nullptr;
  return MathParser(std::move(tokens), arena).answer();
}

const Node* MathParser::answer() {
  std::vector<const Node*> out;
  if (!items(out)) return nullptr;
  if (peek().kind != TokenKind::kEnd && !starts_condition()) return nullptr;
  if (out.size() == 1) return out[0];
  if (arena_.is_full()) return nullptr;
  Node* sequence = arena_.make(Op::kSequence);
  sequence->args = std::move(out);
  return sequence;
}

// One item or more, up to something that is no separator.
bool MathParser::items(std::vector<const Node*>& out) {
  const Level level(depth_);
  if (too_deep()) return false;
  while (true) {
    const Node* one = item();
    if (!one) return false;
    out.push_back(one);
    bool separated = false;
    while (is(",") || is(";") || is_separator_word(peek())) {
      ++at_;
      separated = true;
    }
    if (!separated) return true;
    // A comma at the end, or ", for x > 0".
    if (peek().kind == TokenKind::kEnd || starts_condition()) return true;
  }
}

const Node* MathParser::item() {
  const Node* left = set();
  if (!left) return nullptr;
  if (is(":") && at_ != such_that_) {
    Node* ratio = arena_.make(Op::kRatio, {left});
    while (accept(":")) {
      const Node* next = set();
      if (!next) return nullptr;
      ratio->args.push_back(next);
    }
    left = ratio;
  }
  std::vector<const Node*> links;
  while (true) {
    std::string_view name;
    for (const auto& [token, relation] : kRelations) {
      if (is(token)) name = relation;
    }
    if (name.empty()) break;
    ++at_;
    const Node* right = set();
    if (right && is(":") && at_ != such_that_ && peek(1).kind != TokenKind::kEnd) {
      Node* ratio = arena_.make(Op::kRatio, {right});
      while (accept(":")) {
        const Node* next = set();
        if (!next) return nullptr;
        ratio->args.push_back(next);
      }
      right = ratio;
    }
    const Node* link = make(Op::kRelation, {left, right}, std::string(name));
    if (!link) return nullptr;
    links.push_back(link);
    left = right;
  }
  if (links.empty()) return left;
  if (links.size() == 1) return links[0];
  Node* chain = arena_.make(Op::kChain);
  chain->args = std::move(links);
  return chain;
}

const Node* MathParser::set() {
  const Node* left = sum();
  while (left) {
    const bool letter = peek().kind == TokenKind::kName && peek().text == "U";
    if (is("\\cup") || letter) {
      ++at_;
      left = make(Op::kUnion, {left, sum()});
    } else if (accept("\\cap")) {
      left = make(Op::kIntersection, {left, sum()});
    } else if (accept("\\setminus")) {
      left = make(Op::kDifference, {left, sum()});
    } else {
      break;
    }
  }
  return left;
}

const Node* MathParser::sum() {
  const Level level(depth_);
  if (too_deep()) return nullptr;
  const Node* left = nullptr;
  if (accept("\\pm") || is("\\mp")) {
    const std::string sign = accept("\\mp") ? "-+" : "+-";
    left = make(Op::kPlusMinus, {arena_.number(0), product()}, sign);
  } else {
    left = product();
  }
  while (left) {
    if (accept("+")) {
      left = make(Op::kAdd, {left, product()});
    } else if (accept("-")) {
      left = make(Op::kAdd, {left, make(Op::kNegate, {product()})});
    } else if (accept("\\pm")) {
      left = make(Op::kPlusMinus, {left, product()}, "+-");
    } else if (accept("\\mp")) {
      left = make(Op::kPlusMinus, {left, product()}, "-+");
    } else {
      break;
    }
  }
  return left;
}

// "for all x > 0", "where t is time": not part of the value. "3 for even n" is another value.
bool MathParser::starts_condition() const {
  if (peek().kind != TokenKind::kText && peek().kind != TokenKind::kWord) return false;
  const std::string text = lower(peek().text);
  const std::string first = text.substr(0, text.find(' '));
  if (first == "where") return true;
  if (first != "for") return false;
  for (size_t i = at_; i < tokens_.size(); ++i) {
    const std::string words = " " + lower(tokens_[i].text);
    for (const char* all : {" all", " every", " any", " each", " some", " constant", " real"}) {
      if (words.find(all) != std::string::npos) return true;
    }
    for (const auto& [sign, relation] : kRelations) {
      if (tokens_[i].text == sign) return true;
    }
  }
  return false;
}

// Whether the next token starts a factor of an implicit product.
bool MathParser::starts_factor() const {
  const Token& token = peek();
  switch (token.kind) {
    case TokenKind::kName:
      // "(1,2) U (3,4)"
      return !(token.text == "U" && at_ > 0 &&
               (tokens_[at_ - 1].text == ")" || tokens_[at_ - 1].text == "]"));
    case TokenKind::kFunction:
      return token.text != "mod" && token.text != "choose";
    case TokenKind::kNumber:
      return true;
    case TokenKind::kPunctuation:
      return token.text == "(" || (token.text == "[" && !reversed_) || token.text == "{" ||
             (token.text == "|" && bars_ == 0 && at_ != such_that_);
    case TokenKind::kMacro: {
      static constexpr std::array<std::string_view, 21> kStarts = {
          "\\sum",   "\\prod",   "\\int",   "\\frac",  "\\binom",  "\\infty",   "\\pi",
          "\\begin", "\\lfloor", "\\lceil", "\\boxed", "\\mathbb", "\\mathcal", "\\overline",
          "\\vec",   "\\hat",    "\\tilde", "\\dot",   "\\ddot",   "\\langle",  "\\{"};
      return std::find(kStarts.begin(), kStarts.end(), token.text) != kStarts.end();
    }
    default:
      return false;
  }
}

const Node* MathParser::product() {
  const Node* left = unary();
  while (left) {
    if (accept("*")) {
      left = make(Op::kMultiply, {left, unary()});
    } else if (accept("/")) {
      left = make(Op::kDivide, {left, unary()});
    } else if (is("\\bmod") || is("\\pmod") ||
               (peek().kind == TokenKind::kFunction && peek().text == "mod")) {
      ++at_;
      left = make(Op::kCall, {left, unary()}, "mod");
    } else if (peek().kind == TokenKind::kFunction && peek().text == "choose") {
      ++at_;
      left = make(Op::kCall, {left, unary()}, "binom");
    } else if (peek().kind == TokenKind::kText || peek().kind == TokenKind::kWord) {
      if (is_separator_word(peek()) || starts_condition()) break;
      // "E_1 with probability 1/3" is E_1.
      if (lower(peek().text) == "with probability") {
        ++at_;
        return unary() ? left : nullptr;
      }
      return with_unit(left);
    } else if (peek().upright && is_unit_word(peek(), false) && is_numeric(*left)) {
      return with_unit(left);
    } else if (starts_factor()) {
      const bool digits = peek().kind == TokenKind::kNumber;
      if (digits && left->op == Op::kNumber && tokens_[at_ - 1].kind == TokenKind::kNumber) {
        left = mixed_number(left);
        continue;
      }
      if (left->op == Op::kNumber && left->decimals == 0 && is("\\frac") &&
          tokens_[at_ - 1].kind == TokenKind::kNumber) {
        left = mixed_number(left);
        continue;
      }
      left = make(Op::kMultiply, {left, power()});
    } else {
      break;
    }
  }
  return left;
}

// "3 1/2" and "3\frac{1}{2}" after the whole number: a proper fraction is added, another one is a
// factor after \frac and nonsense after a space.
const Node* MathParser::mixed_number(const Node* whole) {
  if (is("\\frac")) {
    const Node* part = power();
    if (!part) return nullptr;
    const bool plain = part->op == Op::kDivide && part->args[0]->op == Op::kNumber &&
                       part->args[1]->op == Op::kNumber;
    const bool proper =
        plain && part->args[0]->value > 0 && part->args[0]->value < part->args[1]->value;
    return make(proper ? Op::kAdd : Op::kMultiply, {whole, part});
  }
  if (peek(1).text != "/" || peek(2).kind != TokenKind::kNumber) return nullptr;
  const Node* above = number();
  ++at_;
  const Node* below = number();
  if (!above || !below || above->decimals != 0 || below->decimals != 0 || above->value <= 0 ||
      above->value >= below->value)
    return nullptr;
  return make(Op::kAdd, {whole, make(Op::kDivide, {above, below})});
}

// Words after a value, up to the end of the item: its unit.
const Node* MathParser::with_unit(const Node* value) {
  std::string unit;
  while (true) {
    const Token& token = peek();
    const bool word = is_unit_word(token, !unit.empty());
    if (is_separator_word(token) || starts_condition()) break;
    if (word) {
      std::string text = lower(token.text);
      if (token.kind != TokenKind::kName && !is_unit_phrase(text)) return nullptr;
      if (text.size() > 3 && text.back() == 's') text.pop_back();
      // "yr" comes as two names.
      const bool joined = token.kind == TokenKind::kName && !token.spaced &&
                          tokens_[at_ - 1].kind == TokenKind::kName;
      unit += (unit.empty() || joined ? "" : " ") + text;
      ++at_;
    } else if (!unit.empty() && token.text == "^") {
      ++at_;
      const Node* by = exponent();
      const bool negative = by && by->op == Op::kNegate;
      if (negative) by = by->args[0];
      if (!by || by->op != Op::kNumber) return nullptr;
      unit += (negative ? "^-" : "^") + by->value.get_str();
    } else if (!unit.empty() && (token.text == "/" || token.text == "*") &&
               is_unit_word(peek(1), true)) {
      unit += token.text;
      ++at_;
    } else {
      break;
    }
  }
  if (!is_unit_phrase(without_powers(unit))) return nullptr;
  if (unit == "percent" || unit == "pct" || unit == "per cent") return make(Op::kPercent, {value});
  if (unit == "degree") return make(Op::kDegree, {value});
  return make(Op::kUnit, {value}, unit);
}

bool MathParser::is_unit_word(const Token& token, bool after_unit) const {
  if (token.kind == TokenKind::kText || token.kind == TokenKind::kWord) return true;
  if (token.kind != TokenKind::kName || token.text == "e" || token.text == "i") return false;
  return token.upright || (after_unit && token.text.size() == 1);
}

const Node* MathParser::unary() {
  const Level level(depth_);
  if (too_deep()) return nullptr;
  if (accept("-")) return make(Op::kNegate, {unary()});
  if (accept("+")) return unary();
  if (accept("\\$")) return make(Op::kUnit, {unary()}, "dollar");
  return power();
}

// "12^{\text{th}}"
bool MathParser::is_ordinal() const {
  const std::string& text = peek(peek(1).text == "{" ? 2 : 1).text;
  return text == "th" || text == "st" || text == "nd" || text == "rd";
}

void MathParser::skip_ordinal() {
  const bool group = peek(1).text == "{";
  at_ += group ? 3 : 2;
  if (group) accept("}");
}

const Node* MathParser::power() {
  const Node* base = primary();
  return base ? postfix(base) : nullptr;
}

const Node* MathParser::postfix(const Node* base) {
  while (base) {
    if (accept("!")) {
      base = make(Op::kFactorial, {base});
    } else if (accept("%")) {
      base = make(Op::kPercent, {base});
    } else if (accept("\\$")) {
      base = make(Op::kUnit, {base}, "dollar");
    } else if (accept("\\degree")) {
      base = make(Op::kDegree, {base});
    } else if (is("^") && is_ordinal()) {
      skip_ordinal();
    } else if (accept("^")) {
      base = make(Op::kPower, {base, exponent()});
    } else if (is("_") && base->op == Op::kPower && base->args[0]->op == Op::kSymbol) {
      // v^2_0 is (v_0)^2
      std::string name = base->args[0]->text;
      if (!subscript(name)) return nullptr;
      base = make(Op::kPower, {arena_.make(Op::kSymbol, {}, name), base->args[1]});
    } else {
      break;
    }
  }
  return base;
}

}  // namespace laconic
