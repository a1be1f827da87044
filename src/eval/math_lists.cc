// SPDX-License-Identifier: Apache-2.0
#include "eval/math_lists.h"

#include <algorithm>
#include <map>
#include <set>

#include "eval/math_compare.h"
#include "eval/math_exact.h"
#include "eval/math_rewrite.h"

namespace laconic {
namespace {

void add_items(const Node& node, Arena& arena, std::vector<const Node*>& out) {
  if (out.size() > kMaxListItems) return;
  if (node.op == Op::kSequence || node.op == Op::kSet) {
    for (const Node* arg : node.args) add_items(*arg, arena, out);
  } else {
    for (const Node* one : both_signs(node, arena)) out.push_back(one);
  }
}

// How often the names p, q of the first items come again in the same order; 0: not at all.
size_t period_of(const std::vector<std::string>& names) {
  for (size_t period = 2; period * 2 <= names.size(); ++period) {
    if (names.size() % period != 0) continue;
    bool repeats =
        std::set<std::string>(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(period))
            .size() == period;
    for (size_t i = period; i < names.size() && repeats; ++i)
      repeats = names[i] == names[i - period];
    if (repeats) return period;
  }
  return 0;
}

// Work left for one text: products of terms, and nodes read.
struct TextBudget {
  size_t products = 2 * kMaxTermProducts, nodes = 20000;
};
std::string text_within(const Node& node, TextBudget& budget);

std::string text_of_items(const std::vector<const Node*>& args, bool sorted, TextBudget& budget) {
  std::vector<std::string> items;
  for (const Node* arg : args) items.push_back(text_within(*arg, budget));
  if (sorted) std::sort(items.begin(), items.end());
  std::string out;
  for (const std::string& item : items) out += (out.empty() ? "" : ", ") + item;
  return out;
}

// -1 for a relation that is turned around to be one of = != < <=.
int direction(const std::string& relation) { return relation[0] == '>' ? -1 : 1; }

std::string forward(const std::string& relation) {
  if (relation == ">") return "<";
  return relation == ">=" ? "<=" : relation;
}

bool is_linear(const Poly& poly, const AtomTable& kernels) {
  for (const auto& [monomial, coefficient] : poly) {
    if (monomial.empty()) continue;
    if (monomial.size() > 1 || monomial[0].second != 1 ||
        !kernels.at(monomial[0].first).independent)
      return false;
  }
  return true;
}

}  // namespace

AnswerList read_list(const Node& node, Arena& arena) {
  AnswerList out;
  add_items(node, arena, out.items);
  std::vector<std::string> names;
  for (const Node* item : out.items) {
    const Stated stated = stated_value(*item);
    if (stated.name) names.push_back(canonical_text(*stated.name));
  }
  out.has_names = !names.empty() && names.size() == out.items.size();
  if (!out.has_names) return out;
  if (const size_t period = period_of(names)) {
    std::vector<const Node*> tuples;
    for (size_t i = 0; i < out.items.size(); i += period) {
      Node* tuple = arena.make(Op::kBracket, {}, "()");
      for (size_t j = i; j < i + period; ++j)
        tuple->args.push_back(stated_value(*out.items[j]).value);
      tuples.push_back(tuple);
    }
    out = {std::move(tuples), false, false, true};
    return out;
  }
  out.names_in_order = std::is_sorted(names.begin(), names.end());
  out.names_differ = std::set<std::string>(names.begin(), names.end()).size() == names.size();
  return out;
}

void drop_repeated(std::vector<const Node*>& items) {
  std::set<std::string> seen;
  TextBudget budget;
  std::erase_if(items,
                [&](const Node* item) { return !seen.insert(text_within(*item, budget)).second; });
}

// The numerator of the difference of two sides, 1/x multiplied out.
Poly cleared(const Poly& poly, AtomTable& kernels) {
  std::map<int, mpq_class> lowest;
  for (const auto& [monomial, coefficient] : poly) {
    for (const auto& [kernel, exponent] : monomial)
      if (exponent < 0) lowest[kernel] = std::min(lowest[kernel], exponent);
  }
  Monomial by;
  for (const auto& [kernel, exponent] : lowest) by.emplace_back(kernel, -exponent);
  return kernels.multiply(poly, {{by, mpq_class(1)}});
}

Outcome compare_relations(const Node& gold, const Node& answer, Budget& budget) {
  const Outcome unsure = {Verdict::kUndecided, "equations-differ"};
  if (forward(gold.text) != forward(answer.text) || gold.text == "in" || gold.text == "=>")
    return unsure;
  const size_t nodes = work_of(gold) + work_of(answer);
  if (nodes > budget.exact || budget.products == 0) return {Verdict::kUndecided, "too-much-work"};
  budget.exact -= nodes;
  AtomTable kernels(std::min(budget.products, kMaxTermProducts));
  ExactReader reader(kernels);
  Poly sides[2];
  for (const auto& [side, node] : {std::pair{&sides[0], &gold}, {&sides[1], &answer}}) {
    const auto left = reader.read(*node->args[0]);
    const auto right = left ? reader.read(*node->args[1]) : std::nullopt;
    if (!right) return unsure;
    const Fraction difference = kernels.add(*left, *right, -1);
    // Multiplying an inequality out may turn it around.
    if (gold.text != "=" && difference.below.size() > 1) return unsure;
    *side = gold.text == "=" ? cleared(difference.above, kernels) : difference.above;
    mpq_class below;
    if (is_constant(difference.below, below) && below < 0)
      *side = kernels.multiply(*side, constant_poly(-1));
  }
  budget.products -= std::min(budget.products, kernels.products());
  if (kernels.failed() || sides[0].empty() || sides[1].empty()) return unsure;
  bool same = sides[0].size() == sides[1].size();
  const mpq_class factor = sides[0].begin()->second / sides[1].begin()->second;
  for (auto a = sides[0].begin(), b = sides[1].begin(); same && a != sides[0].end(); ++a, ++b)
    same = a->first == b->first && a->second == factor * b->second;
  const bool has_order = gold.text[0] == '<' || gold.text[0] == '>';
  if (same && (!has_order || sgn(factor) * direction(gold.text) * direction(answer.text) > 0))
    return {Verdict::kRight, has_order ? "equal-inequality" : "equal-equation"};
  if (gold.text == "=" && is_linear(sides[0], kernels) && is_linear(sides[1], kernels))
    return {Verdict::kWrong, "different-equation"};
  return unsure;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> out;
  std::string word;
  const auto flush = [&] {
    if (!word.empty() && word != "the" && word != "a" && word != "an") out.push_back(word);
    word.clear();
  };
  for (const char c : text) {
    const char lower = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    const bool part = (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9') ||
                      static_cast<unsigned char>(c) >= 0x80;
    if (part)
      word += lower;
    else
      flush();
  }
  flush();
  return out;
}

namespace {

std::string text_within(const Node& node, TextBudget& budget) {
  switch (node.op) {
    case Op::kSequence:
      return text_of_items(node.args, false, budget);
    case Op::kSet:
      return "{" + text_of_items(node.args, true, budget) + "}";
    case Op::kBracket:
      return node.text[0] + text_of_items(node.args, false, budget) + node.text[1];
    case Op::kMatrix:
      return "[[" + text_of_items(node.args, false, budget) + "]]";
    case Op::kUnion:
    case Op::kIntersection:
    case Op::kDifference: {
      const char* sign = node.op == Op::kUnion        ? " cup "
                         : node.op == Op::kDifference ? " minus "
                                                      : " cap ";
      return text_within(*node.args[0], budget) + sign + text_within(*node.args[1], budget);
    }
    case Op::kRelation:
      return text_within(*node.args[0], budget) + " " + node.text + " " +
             text_within(*node.args[1], budget);
    case Op::kChain:
      return text_of_items(node.args, false, budget);
    case Op::kRatio:
      return "ratio(" + text_of_items(node.args, false, budget) + ")";
    case Op::kBased:
      return node.text + "_" + node.value.get_str();
    case Op::kText: {
      std::string out;
      for (const std::string& word : words_of(node.text)) out += (out.empty() ? "" : " ") + word;
      return "\"" + out + "\"";
    }
    case Op::kPlusMinus:
      return text_within(*node.args[0], budget) + " " + node.text + " " +
             text_within(*node.args[1], budget);
    case Op::kUnit:
      return text_within(*node.args[0], budget) + " " + node.text;
    case Op::kInfinity:
      return "infinity";
    default:
      break;
  }
  const size_t nodes = work_of(node);
  if (nodes <= budget.nodes && budget.products > 0) {
    AtomTable kernels(std::min(budget.products, kMaxTermProducts));
    const auto form = ExactReader(kernels).read(node);
    budget.nodes -= nodes;
    budget.products -= std::min(budget.products, kernels.products());
    if (form && !kernels.failed()) return kernels.text(*form);
  }
  // Too large for a normal form: as it is written.
  std::string out = "op" + std::to_string(static_cast<int>(node.op)) + node.text;
  if (node.op == Op::kNumber) out += node.value.get_str();
  return out + "(" + text_of_items(node.args, false, budget) + ")";
}

}  // namespace

std::string canonical_text(const Node& node, size_t max_products) {
  TextBudget budget;
  budget.products = max_products;
  return text_within(node, budget);
}

}  // namespace laconic
