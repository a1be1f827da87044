// SPDX-License-Identifier: Apache-2.0
#include "eval/math_rewrite.h"

#include <algorithm>
#include <utility>

#include "eval/math_numeric.h"

namespace laconic {
namespace {

constexpr size_t kMaxMatrixSide = 8;

const Node* with_sign(const Node& node, bool plus, Arena& arena) {
  if (!has_plus_minus(node) || arena.is_full()) return &node;
  Node* copy = arena.make(node.op, {}, node.text);
  copy->value = node.value;
  copy->decimals = node.decimals;
  copy->significant = node.significant;
  for (const Node* arg : node.args) copy->args.push_back(with_sign(*arg, plus, arena));
  if (node.op != Op::kPlusMinus) return copy;
  copy->op = Op::kAdd;
  if ((node.text == "+-") != plus) copy->args[1] = arena.make(Op::kNegate, {copy->args[1]});
  return copy;
}

const Node& entry(const Node& matrix, size_t row, size_t column) {
  return *matrix.args[row]->args[column];
}

size_t columns(const Node& matrix) { return matrix.args[0]->args.size(); }

// A matrix whose entries come from `at(row, column)`.
template <typename At>
const Node* build(size_t rows, size_t width, Arena& arena, const At& at) {
  Node* out = arena.make(Op::kMatrix);
  for (size_t i = 0; i < rows; ++i) {
    Node* row = arena.make(Op::kSequence);
    for (size_t j = 0; j < width; ++j) row->args.push_back(at(i, j));
    out->args.push_back(row);
  }
  return out;
}

// Whether one constant can be an approximation of the other: they are within 2 % of each other.
bool is_close(const Node& exact, const Node& about) {
  Arena arena;
  bool known = false;
  for (const auto& [x, y] : {std::pair{&exact, &about}, {&about, &exact}}) {
    const Node* size = arena.make(Op::kCall, {y}, "abs");
    const Node* margin = arena.make(Op::kMultiply, {size, arena.number(mpq_class(1, 50))});
    const Node* high = arena.make(Op::kAdd, {y, margin});
    if (compare_real_constants(*x, *high, known) > 0) return !known;
  }
  return true;
}

}  // namespace

bool is_name(const Node& node) {
  switch (node.op) {
    case Op::kSymbol:
    case Op::kText:
    case Op::kE:
    case Op::kBig:
      return true;
    case Op::kMultiply:
    case Op::kDivide:
    case Op::kPower:
    case Op::kRatio:
    case Op::kBracket:
    case Op::kSequence:
      return std::all_of(node.args.begin(), node.args.end(),
                         [](const Node* arg) { return is_name(*arg); });
    case Op::kUnit:
      return is_name(*node.args[0]);
    case Op::kCall:
      return !node.args.empty() &&
             (node.text == "abs" || node.text.size() == 1 || node.text[0] == '\\' ||
              node.text.find_first_of("_'") != std::string::npos);
    default:
      return false;
  }
}

Stated stated_value(const Node& node) {
  std::vector<const Node*> links = node.op == Op::kChain      ? node.args
                                   : node.op == Op::kRelation ? std::vector<const Node*>{&node}
                                                              : std::vector<const Node*>{};
  if (links.empty()) return {&node, nullptr};
  // What follows the last arrow.
  for (size_t i = links.size(); i-- > 0;) {
    if (links[i]->text != "=>") continue;
    if (links[i]->args[0]->op == Op::kNumber) return {&node, nullptr};  // "5 \to 7"
    if (i + 1 == links.size()) return {links[i]->args[1], nullptr};
    links.erase(links.begin(), links.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    break;
  }
  const Node* first = links[0]->args[0];
  const Node* before_about = nullptr;
  std::vector<const Node*> approximations;
  while (!links.empty() && links.back()->text[0] == '~') {
    before_about = links.back()->args[0];
    // "x \approx 5" states 5.
    if (links.size() == 1 && is_name(*before_about)) return {links[0]->args[1], before_about};
    approximations.push_back(links.back());
    links.pop_back();
  }
  // "67 \sim 75" is a range; "x = 1/3 \approx 1.3" states 1/3 all the same.
  for (const Node* link : approximations) {
    const bool may_be_range = links.empty() || link->text == "~~";
    if (may_be_range && !is_close(*link->args[0], *link->args[1])) return {&node, nullptr};
  }
  if (links.empty()) return {before_about, nullptr};
  for (const Node* link : links) {
    if (link->text != "=" && !(link->text == "in" && links.size() == 1)) return {&node, nullptr};
  }
  const Node* name = nullptr;
  for (const Node* link : links) {
    if (!name && is_name(*link->args[0])) name = link->args[0];
  }
  if (!name) {
    // "5 = x" states 5; "1 + 1 = 2" states 2; "2x + z = 1" is an equation.
    if (links.size() == 1 && links[0]->text == "=" && is_name(*links[0]->args[1]) &&
        first->op == Op::kNumber)
      return {first, links[0]->args[1]};
    return {links.size() > 1 ? links.back()->args[1] : &node, nullptr};
  }
  // "x = 5 = y" states 5.
  for (size_t i = links.size(); i-- > 0;) {
    if (!is_name(*links[i]->args[1])) return {links[i]->args[1], name};
  }
  return {links.back()->args[1], name};
}

bool has_plus_minus(const Node& node) {
  if (node.op == Op::kPlusMinus) return true;
  return std::any_of(node.args.begin(), node.args.end(),
                     [](const Node* arg) { return has_plus_minus(*arg); });
}

std::vector<const Node*> both_signs(const Node& node, Arena& arena) {
  if (!has_plus_minus(node)) return {&node};
  return {with_sign(node, true, arena), with_sign(node, false, arena)};
}

const Node* matrix_value(const Node& node, Arena& arena) {
  if (node.op == Op::kMatrix) return &node;
  if (node.op == Op::kNegate) {
    const Node* inner = matrix_value(*node.args[0], arena);
    if (!inner) return nullptr;
    return build(inner->args.size(), columns(*inner), arena, [&](size_t i, size_t j) {
      return arena.make(Op::kNegate, {&entry(*inner, i, j)});
    });
  }
  if (node.op != Op::kAdd && node.op != Op::kMultiply && node.op != Op::kDivide) return nullptr;
  const Node* a = matrix_value(*node.args[0], arena);
  const Node* b = matrix_value(*node.args[1], arena);
  if (!a && !b) return nullptr;
  if (a && b) {
    if (node.op == Op::kAdd && a->args.size() == b->args.size() && columns(*a) == columns(*b))
      return build(a->args.size(), columns(*a), arena, [&](size_t i, size_t j) {
        return arena.make(Op::kAdd, {&entry(*a, i, j), &entry(*b, i, j)});
      });
    if (node.op != Op::kMultiply || columns(*a) != b->args.size() ||
        std::max({a->args.size(), columns(*a), columns(*b)}) > kMaxMatrixSide)
      return nullptr;
    return build(a->args.size(), columns(*b), arena, [&](size_t i, size_t j) {
      const Node* sum = arena.number(0);
      for (size_t k = 0; k < columns(*a); ++k)
        sum = arena.make(Op::kAdd,
                         {sum, arena.make(Op::kMultiply, {&entry(*a, i, k), &entry(*b, k, j)})});
      return sum;
    });
  }
  // A multiple: 1/2 M, M/2.
  const Node* matrix = a ? a : b;
  const Node* factor = node.args[a ? 1 : 0];
  if (node.op == Op::kAdd || (node.op == Op::kDivide && !a)) return nullptr;
  return build(matrix->args.size(), columns(*matrix), arena, [&](size_t i, size_t j) {
    return arena.make(node.op, {&entry(*matrix, i, j), factor});
  });
}

}  // namespace laconic
