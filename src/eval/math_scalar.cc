// SPDX-License-Identifier: Apache-2.0
#include "eval/math_scalar.h"

#include <algorithm>
#include <utility>

#include "eval/math_exact.h"
#include "eval/math_numeric.h"

namespace laconic {
namespace {

constexpr size_t kNodesOfBig = 1000;

constexpr Outcome right(const char* reason) { return {Verdict::kRight, reason}; }
constexpr Outcome wrong(const char* reason) { return {Verdict::kWrong, reason}; }
constexpr Outcome undecided(const char* reason) { return {Verdict::kUndecided, reason}; }

bool is_infinite(const Node& node, bool& negative) {
  negative = node.op == Op::kNegate;
  return (negative ? node.args[0] : &node)->op == Op::kInfinity;
}

bool has_infinity(const Node& node) {
  if (node.op == Op::kInfinity) return true;
  if (node.op == Op::kBig) return false;  // an end of its range
  for (const Node* arg : node.args) {
    if (has_infinity(*arg)) return true;
  }
  return false;
}

// Whether the two differ by a factor that is one letter: "5 m" may be five metres.
bool differs_by_a_letter(const Node& a, const Node& b) {
  for (const auto& [product, other] : {std::pair{&a, &b}, {&b, &a}}) {
    if (product->op != Op::kMultiply || product->args[1]->op != Op::kSymbol) continue;
    AtomTable kernels(kMaxTermProducts / 10);
    ExactReader reader(kernels);
    const auto x = reader.read(*product->args[0]);
    const auto y = x ? reader.read(*other) : std::nullopt;
    if (y && kernels.equal(*x, *y)) return true;
  }
  return false;
}

// The verdict on two values that differ: right or undecided where one is the other, rounded.
Outcome different(const Node& gold, const Node& answer, const char* reason) {
  Sides sides = {as_decimal(gold), as_decimal(answer), false, false};
  if (!sides.gold && !sides.answer) return wrong(reason);
  const auto fits_in = [](const std::optional<Decimal>& shown, const Node& exact) {
    if (!shown) return false;
    const auto value = rational_value(exact);
    return value ? fits(shown, *value) : is_rounding_of(shown->value, shown->unit, exact);
  };
  sides.answer_fits_gold = fits_in(sides.gold, answer);
  sides.gold_fits_answer = fits_in(sides.answer, gold);
  switch (rounding_of(sides)) {
    case Rounding::kYes:
      return right("equal-rounded");
    case Rounding::kUnsure:
      return undecided("rounded");
    case Rounding::kNo:
      break;
  }
  return wrong(reason);
}

Outcome compare_values(const Node& gold, const Node& answer, size_t nodes, Budget& budget) {
  nodes = 1 + nodes % kNodesOfBig + nodes / kNodesOfBig * (kNodesOfBig / 10);
  if (nodes > budget.numeric) return undecided("too-much-work");
  budget.numeric -= nodes;
  switch (compare_numerically(gold, answer)) {
    case NumericResult::kDifferent:
      return differs_by_a_letter(gold, answer) ? undecided("letter-or-unit")
                                               : different(gold, answer, "different-value");
    case NumericResult::kZero:
      return right("equal-algebraic");
    case NumericResult::kAgree:
      return right("equal-at-points");
    case NumericResult::kAgreeForPositive:
      return undecided("equal-for-positive");
    case NumericResult::kAgreeInPart:
      return undecided("equal-in-part");
    case NumericResult::kUnknown:
      break;
  }
  return undecided("not-decided");
}

}  // namespace

size_t count_nodes(const Node& node, size_t limit) {
  size_t count = 1;
  for (const Node* arg : node.args) {
    if (count > limit) break;
    count += count_nodes(*arg, limit - count);
  }
  return count;
}

size_t work_of(const Node& node) {
  size_t out = node.op == Op::kBig ? kNodesOfBig : 1;
  for (const Node* arg : node.args) out += work_of(*arg);
  return out;
}

std::optional<mpq_class> rational_value(const Node& node) {
  AtomTable kernels(kMaxTermProducts / 10);
  const auto form = ExactReader(kernels).read(node);
  mpq_class value;
  if (!form || kernels.failed() || !is_constant(*form, value)) return std::nullopt;
  return value;
}

std::optional<Decimal> as_decimal(const Node& node) {
  switch (node.op) {
    case Op::kNumber: {
      if (node.decimals < 1) return std::nullopt;
      mpz_class scale;
      mpz_ui_pow_ui(scale.get_mpz_t(), 10, static_cast<unsigned long>(node.decimals));
      return Decimal{node.value, mpq_class(1, 1) / scale, node.significant};
    }
    case Op::kNegate: {
      auto inner = as_decimal(*node.args[0]);
      if (inner) inner->value = -inner->value;
      return inner;
    }
    case Op::kUnit:
      return as_decimal(*node.args[0]);
    case Op::kPercent: {
      auto inner = as_decimal(*node.args[0]);
      if (inner) *inner = {inner->value / 100, inner->unit / 100, inner->significant};
      return inner;
    }
    case Op::kMultiply: {
      const Node& power = *node.args[1];
      if (power.op != Op::kPower || power.args[0]->op != Op::kNumber || power.args[0]->value != 10)
        return std::nullopt;
      auto inner = as_decimal(*node.args[0]);
      const auto by = inner ? rational_value(power) : std::nullopt;
      if (!by) return std::nullopt;
      return Decimal{inner->value * *by, inner->unit * *by, inner->significant};
    }
    default:
      return std::nullopt;
  }
}

bool fits(const std::optional<Decimal>& shown, const mpq_class& exact) {
  return shown && abs(shown->value - exact) * 2 <= shown->unit;
}

Rounding rounding_of(const Sides& sides) {
  constexpr int kEnough = 3, kOfExact = 4;
  if (sides.answer_fits_gold && sides.gold->significant >= kEnough) return Rounding::kYes;
  if (!sides.gold_fits_answer || sides.answer->significant < kEnough) return Rounding::kNo;
  return !sides.gold && sides.answer->significant >= kOfExact ? Rounding::kYes : Rounding::kUnsure;
}

Outcome compare_scalars(const Node& gold, const Node& answer, Budget& budget) {
  bool gold_negative = false, answer_negative = false;
  const bool gold_infinite = is_infinite(gold, gold_negative);
  const bool answer_infinite = is_infinite(answer, answer_negative);
  if (gold_infinite && answer_infinite)
    return gold_negative == answer_negative ? right("equal-infinity") : wrong("different-value");
  if (has_infinity(gold) || has_infinity(answer)) {
    const bool plain =
        gold_infinite ? !has_infinity(answer) : answer_infinite && !has_infinity(gold);
    return plain ? wrong("different-value") : undecided("not-decided");
  }
  const size_t nodes = work_of(gold) + work_of(answer);
  if (nodes > budget.exact || budget.products == 0) return undecided("too-much-work");
  budget.exact -= nodes;
  AtomTable kernels(std::min(budget.products, kMaxTermProducts));
  ExactReader reader(kernels);
  const auto a = reader.read(gold);
  const auto b = a ? reader.read(answer) : std::nullopt;
  budget.products -= std::min(budget.products, kernels.products());
  if (b && !kernels.failed()) {
    mpq_class x, y;
    if (is_constant(*a, x) && is_constant(*b, y)) {
      if (x == y) return right("equal-rational");
      return different(gold, answer, "different-number");
    }
    if (kernels.equal(*a, *b)) {
      if (!reader.assumes_positive()) return right("equal-exact");
      if (nodes > budget.numeric) return undecided("too-much-work");
      budget.numeric -= nodes;
      const NumericResult at_points = compare_numerically(gold, answer);
      return at_points == NumericResult::kAgreeForPositive ? undecided("equal-for-positive")
                                                           : right("equal-exact");
    }
    if (kernels.proven_different(*a, *b)) {
      if (differs_by_a_letter(gold, answer)) return undecided("letter-or-unit");
      return different(gold, answer, "different-expression");
    }
  }
  return compare_values(gold, answer, nodes, budget);
}

}  // namespace laconic
