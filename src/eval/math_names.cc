// SPDX-License-Identifier: Apache-2.0
#include "eval/math_names.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "eval/math_compare.h"
#include "eval/math_exact.h"
#include "eval/math_rewrite.h"

namespace laconic {
namespace {

using Names = std::vector<std::string>;
constexpr size_t kMaxRenamed = 3;
constexpr size_t kNameProducts = 200;  // work for the text of one left side

void add_names(const Node& node, std::set<std::string>& out) {
  if (node.op == Op::kSymbol) out.insert(node.text);
  for (const Node* arg : node.args) add_names(*arg, out);
}

bool has_names(const Node& node) {
  std::set<std::string> names;
  add_names(node, names);
  return !names.empty();
}

// The letter of a name with or without an index: "C_1" -> 'C'; 0: more than that.
char letter_of(const std::string& name) {
  return name.size() == 1 || (name.size() == 3 && name[1] == '_') ? name[0] : '\0';
}

bool is_constant_letter(char c) {
  return c != 0 && std::string_view("CcKkABD").find(c) != std::string_view::npos;
}

bool is_counter(char c) {
  return c != 0 && std::string_view("nkmlNKM").find(c) != std::string_view::npos;
}

// C_1 and C_2, which may change places.
bool is_indexed_constant(const std::string& name) {
  return name.size() == 3 && name[1] == '_' && (name[0] | 0x20) == 'c';
}

// The node with `value` in the place of a name.
const Node* substitute(const Node& node, const std::string& name, const Node* value, Arena& arena) {
  if (node.op == Op::kSymbol && node.text == name) return value;
  if (node.args.empty() || arena.is_full()) return &node;
  Node* copy = arena.make(node.op, {}, node.text);
  copy->value = node.value;
  copy->decimals = node.decimals;
  copy->significant = node.significant;
  for (const Node* arg : node.args) copy->args.push_back(substitute(*arg, name, value, arena));
  return copy;
}

// By how much the value grows from name = 0 to name = `to`; nothing: not known exactly.
std::optional<Fraction> growth(const Node& node, const std::string& name, int to, Arena& arena,
                               AtomTable& kernels) {
  ExactReader reader(kernels);
  const auto low = reader.read(*substitute(node, name, arena.number(0), arena));
  const auto high =
      low ? reader.read(*substitute(node, name, arena.number(to), arena)) : std::nullopt;
  if (!high || kernels.failed()) return std::nullopt;
  return kernels.add(*high, *low, -1);
}

// What a name is to a value: added once ("+ C"), counted in multiples of pi ("2 \pi n"), or else.
enum class Role { kAdded, kPeriods, kOther };
Role role_of(const Node& node, const std::string& name, Arena& arena) {
  AtomTable kernels;
  const auto once = growth(node, name, 1, arena, kernels);
  const auto twice = once ? growth(node, name, 2, arena, kernels) : std::nullopt;
  mpq_class step;
  if (!twice || !kernels.equal(*twice, kernels.add(*once, *once))) return Role::kOther;
  if (is_constant(*once, step)) return abs(step) == 1 ? Role::kAdded : Role::kOther;
  const int pi = kernels.intern("\\pi", true);
  const Fraction by =
      kernels.inverse({{{Monomial{{pi, mpq_class(1)}}, mpq_class(1)}}, constant_poly(1)});
  return is_constant(kernels.multiply(*once, by), step) && step != 0 ? Role::kPeriods
                                                                     : Role::kOther;
}

}  // namespace

NameMatch match_names(const Node& a, const Node& b) {
  if (canonical_text(a, kNameProducts) == canonical_text(b, kNameProducts) &&
      (a.op != Op::kCall || a.text == b.text) && (a.op == Op::kCall || b.op != Op::kCall))
    return NameMatch::kSame;
  if (a.op != Op::kCall || b.op != Op::kCall) return NameMatch::kUnknown;
  const bool constants = !has_names(a) && !has_names(b);
  if (a.text != b.text || a.args.size() != b.args.size())
    return constants ? NameMatch::kDifferent : NameMatch::kUnknown;
  NameMatch out = NameMatch::kSame;
  for (size_t i = 0; i < a.args.size(); ++i) {
    const Node& x = *a.args[i];
    const Node& y = *b.args[i];
    if (canonical_text(x, kNameProducts) == canonical_text(y, kNameProducts)) continue;
    const auto is_variable = [](const Node& n) {
      return n.op == Op::kSymbol && n.text.size() == 1 && n.text[0] >= 'a' && n.text[0] <= 'z';
    };
    if (is_variable(x) && is_variable(y)) continue;
    if (!has_names(x) && !has_names(y)) return NameMatch::kDifferent;
    out = NameMatch::kUnknown;
  }
  return out;
}

const Node* with_names_of(const Node& a, const Node& b, const Node& value, Arena& arena) {
  const Node* out = &value;
  for (size_t i = 0; i < a.args.size() && i < b.args.size(); ++i) {
    const bool renamed = a.args[i]->op == Op::kSymbol && b.args[i]->op == Op::kSymbol &&
                         a.args[i]->text != b.args[i]->text;
    if (renamed) out = substitute(*out, b.args[i]->text, a.args[i], arena);
  }
  return out;
}

const Node* left_call(const Node& relation) {
  if (relation.op != Op::kRelation || relation.text != "=") return nullptr;
  const Node* left = relation.args[0];
  return left->op == Op::kCall && left->text != "abs" ? left : nullptr;
}

bool is_sum_of_names(const Node& node) {
  if (node.op == Op::kNegate) return is_sum_of_names(*node.args[0]);
  if (node.op == Op::kAdd) return is_sum_of_names(*node.args[0]) && is_sum_of_names(*node.args[1]);
  return node.op == Op::kSymbol || (node.op == Op::kMultiply && is_name(node));
}

Outcome up_to_names(const Node& gold, const Node& answer, Arena& arena, Budget& budget,
                    const Outcome& found) {
  // A letter alone may be the letter of a choice.
  if (gold.op == Op::kSymbol || answer.op == Op::kSymbol) return found;
  std::set<std::string> a, b;
  add_names(gold, a);
  add_names(answer, b);
  Names only_a, only_b;
  for (const std::string& name : a) {
    if (!b.contains(name) || is_indexed_constant(name)) only_a.push_back(name);
  }
  for (const std::string& name : b) {
    if (!a.contains(name) || is_indexed_constant(name)) only_b.push_back(name);
  }
  const auto letters = [](const Names& names, bool (*is)(char)) {
    return std::all_of(names.begin(), names.end(),
                       [&](const std::string& name) { return is(letter_of(name)); });
  };
  const bool constants = letters(only_a, is_constant_letter) && letters(only_b, is_constant_letter);
  const bool counters = letters(only_a, is_counter) && letters(only_b, is_counter);
  if (only_a.size() != only_b.size() || only_a.empty() || only_a.size() > kMaxRenamed ||
      !(constants || counters))
    return found;
  do {
    const Node* renamed = &answer;
    // By way of names that nothing has, so that two may change places.
    for (size_t i = 0; i < only_a.size(); ++i)
      renamed = substitute(*renamed, only_b[i],
                           arena.make(Op::kSymbol, {}, "renamed_" + std::to_string(i)), arena);
    for (size_t i = 0; i < only_a.size(); ++i)
      renamed = substitute(*renamed, "renamed_" + std::to_string(i),
                           arena.make(Op::kSymbol, {}, only_a[i]), arena);
    const Outcome out = compare_scalars(gold, *renamed, budget);
    if (out.verdict != Verdict::kRight) continue;
    if (only_a.size() > 1) return {Verdict::kUndecided, "names-differ"};
    const Role role = role_of(gold, only_a[0], arena);
    const bool same_letter = (letter_of(only_a[0]) | 0x20) == (letter_of(only_b[0]) | 0x20);
    if (role == Role::kPeriods || (role == Role::kAdded && constants && same_letter)) return out;
    return {Verdict::kUndecided, "names-differ"};
  } while (std::next_permutation(only_b.begin(), only_b.end()));
  return found;
}

}  // namespace laconic
