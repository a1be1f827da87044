// SPDX-License-Identifier: Apache-2.0
#include "eval/math_parts.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "eval/math_lists.h"
#include "eval/math_names.h"
#include "eval/math_sets.h"
#include "eval/unit_words.h"

namespace laconic {
namespace {

constexpr Outcome right(const char* reason) { return {Verdict::kRight, reason}; }
constexpr Outcome wrong(const char* reason) { return {Verdict::kWrong, reason}; }
constexpr Outcome undecided(const char* reason) { return {Verdict::kUndecided, reason}; }

std::optional<mpz_class> based_value(const Node& node) {
  mpz_class out;
  const int base = static_cast<int>(node.value.get_num().get_si());
  if (base < 2 || base > 10 || node.text.empty() || out.set_str(node.text, base) != 0)
    return std::nullopt;
  return out;
}

}  // namespace

Outcome compare_based(const Node& gold, const Node& answer) {
  if (gold.op == answer.op) {
    const auto a = based_value(gold), b = based_value(answer);
    if (!a || !b) return undecided("not-decided");
    if (*a != *b) return wrong("different-number");
    return gold.value == answer.value ? right("equal-based") : undecided("base-differs");
  }
  const Node& based = gold.op == Op::kBased ? gold : answer;
  const Node& other = gold.op == Op::kBased ? answer : gold;
  const auto value = rational_value(other);
  if (!value) return undecided("kinds-differ");
  // "204_5" against "204": the base may be part of the question.
  if (*value == mpq_class(mpz_class(based.text, 10))) return undecided("base-left-out");
  const auto number = based_value(based);
  return number && *value == mpq_class(*number) ? undecided("base-differs")
                                                : wrong("different-number");
}

Outcome compare_texts(const Node& gold, const Node& answer) {
  if (gold.op != Op::kText || answer.op != Op::kText) return undecided("text-or-value");
  const std::vector<std::string> a = words_of(gold.text), b = words_of(answer.text);
  if (a == b) return right("equal-text");
  const auto contains = [](const auto& longer, const auto& shorter) {
    return std::search(longer.begin(), longer.end(), shorter.begin(), shorter.end()) !=
           longer.end();
  };
  if (contains(a, b) || contains(b, a)) return undecided("text-contains");
  return a.size() == 1 && b.size() == 1 ? wrong("different-text") : undecided("text");
}

Outcome compare_amounts(const Node& gold, const Node& answer, Arena& arena, Budget& budget) {
  const Node* a = &gold;
  const Node* b = &answer;
  const auto has_unit = [](const Node& n) { return n.op == Op::kUnit || n.op == Op::kPercent; };
  if (has_unit(*a) && has_unit(*b) && (a->op != b->op || a->text != b->text)) {
    const auto x = rational_value(*a->args[0]), y = rational_value(*b->args[0]);
    const bool differ =
        x && y && *x != *y && relate({*x, a->text}, {*y, b->text}) == UnitRelation::kDifferent;
    return differ ? wrong("different-amount") : undecided("units-differ");
  }
  // "5 cm" and "5 m"
  const auto letter = [](const Node& n) {
    return n.op == Op::kMultiply && n.args[1]->op == Op::kSymbol && n.args[1]->text.size() == 1;
  };
  if ((a->op == Op::kUnit && letter(*b)) || (b->op == Op::kUnit && letter(*a)))
    return undecided("units-differ");
  if (a->op == Op::kUnit) a = a->args[0];
  if (b->op == Op::kUnit) b = b->args[0];
  for (const Op mark : {Op::kPercent, Op::kDegree}) {
    if ((a->op == mark) == (b->op == mark)) continue;
    // The mark may stand in the question: both readings pass.
    const Outcome bare = a->op == mark ? compare_scalars(*a->args[0], *b, budget)
                                       : compare_scalars(*a, *b->args[0], budget);
    if (bare.verdict == Verdict::kRight)
      return right(mark == Op::kPercent ? "equal-percent" : bare.reason);
    const Outcome marked = compare_scalars(*a, *b, budget);
    if (marked.verdict == Verdict::kRight && mark == Op::kPercent) return right("equal-percent");
    return marked;
  }
  const Outcome out = compare_scalars(*a, *b, budget);
  return out.verdict == Verdict::kWrong ? up_to_names(*a, *b, arena, budget, out) : out;
}

Outcome compare_real_sets(const Node& gold, const Node& answer, Arena& arena, Budget& budget) {
  const auto a = read_real_set(gold, arena);
  const auto b = a ? read_real_set(answer, arena) : std::nullopt;
  if (!b) return undecided("set-not-read");
  if (a->size() != b->size()) return wrong("different-set");
  for (size_t i = 0; i < a->size(); ++i) {
    for (const auto end : {&RealInterval::low, &RealInterval::high}) {
      const End& x = (*a)[i].*end;
      const End& y = (*b)[i].*end;
      if (!x.value != !y.value || x.closed != y.closed) return wrong("different-set");
      if (!x.value) continue;
      const Outcome one = compare_amounts(*x.value, *y.value, arena, budget);
      if (one.verdict == Verdict::kWrong) return wrong("different-set");
      if (one.verdict != Verdict::kRight) return one;
    }
  }
  return right("equal-set");
}

}  // namespace laconic
