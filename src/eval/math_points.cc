// SPDX-License-Identifier: Apache-2.0
#include "eval/math_points.h"

#include <algorithm>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "eval/math_exact.h"
#include "eval/math_scalar.h"

namespace laconic {
namespace {

constexpr int kFarPoints = 12, kIntegerPoints = 16;
constexpr size_t kMaxConstants = 24;

struct Shape {
  bool has_steps = false, has_branches = false, unknown_kink = false;
  std::set<std::string> names;
  std::vector<mpq_class> kinks;      // of |x|, min and max, where they are known
  std::vector<mpq_class> constants;  // that occur
};

// Where `node`, linear in one name with rational coefficients, is zero; nothing: it is not that.
bool linear_zero(const Node& node, std::vector<mpq_class>& out) {
  AtomTable kernels;
  const auto form = ExactReader(kernels).read(node);
  mpq_class below, slope = 0, constant = 0;
  if (!form || kernels.failed() || !is_constant(form->below, below) || below == 0) return false;
  for (const auto& [monomial, coefficient] : form->above) {
    if (monomial.empty()) {
      constant = coefficient;
    } else if (slope == 0 && monomial.size() == 1 && monomial[0].second == 1 &&
               kernels.at(monomial[0].first).key != "\\pi" &&
               kernels.at(monomial[0].first).independent) {
      slope = coefficient;
    } else {
      return false;
    }
  }
  if (slope != 0) out.push_back(-constant / slope);
  return true;
}

void add_shape(const Node& node, Arena& arena, Shape& out) {
  if (node.op == Op::kSymbol) out.names.insert(node.text);
  if (is_free_call(node)) out.names.insert(node.text + "()");
  if (node.op == Op::kNumber && out.constants.size() < kMaxConstants)
    out.constants.push_back(node.value);
  if (node.op == Op::kBig) out.has_steps = true;
  if (node.op == Op::kRoot) out.has_branches = true;
  if (node.op == Op::kPower)
    out.has_branches |= node.args[1]->op != Op::kNumber || node.args[1]->value.get_den() != 1;
  if (node.op == Op::kCall) {
    static const std::set<std::string> kSteps = {"floor", "ceil", "sgn", "mod", "gcd", "lcm"};
    static const std::set<std::string> kSmooth = {"sin",  "cos",  "tan",  "cot",  "sec",  "csc",
                                                  "sinh", "cosh", "tanh", "coth", "binom"};
    if (kSteps.contains(node.text)) {
      out.has_steps = true;
    } else if (node.text == "abs" || node.text == "min" || node.text == "max") {
      for (size_t i = node.text == "abs" ? 0 : 1; i < node.args.size(); ++i) {
        const Node* inside = node.args[i];
        if (node.text != "abs")
          inside = arena.make(Op::kAdd, {inside, arena.make(Op::kNegate, {node.args[0]})});
        const bool known = node.args.size() <= 2 && linear_zero(*inside, out.kinks);
        out.unknown_kink |= !known;
      }
    } else if (!kSmooth.contains(node.text) && !is_free_call(node)) {
      out.has_branches = true;
    }
  }
  for (const Node* arg : node.args) add_shape(*arg, arena, out);
}

// How many of the points agree, at most `wanted`; -1: one proves a difference.
int agreeing(const Node& a, const Node& b, Region region, int points, int wanted) {
  int out = 0;
  for (int index = 0; index < points && out < wanted; ++index) {
    const PointComparison got = compare_at(a, b, {index, region, {}}, 2 * kAgreementBits);
    if (got.left_reals || got.at == AtPoint::kNoValue) continue;
    if (got.at == AtPoint::kDifferent) return -1;
    if (got.at == AtPoint::kAgree) ++out;
  }
  return out;
}

// Points between and beyond the kinks and constants of a function of one name: each piece has two.
std::vector<mpq_class> points_around(const Shape& shape) {
  std::vector<mpq_class> at = shape.kinks;
  for (const mpq_class& one : shape.constants) {
    at.push_back(one);
    at.push_back(-one);
  }
  std::sort(at.begin(), at.end());
  at.erase(std::unique(at.begin(), at.end()), at.end());
  std::vector<mpq_class> out;
  if (at.empty()) return out;
  out.push_back(at.front() - mpq_class(1000003, 7));
  out.push_back(at.front() - mpq_class(1, 3));
  for (size_t i = 0; i + 1 < at.size(); ++i) {
    out.push_back(at[i] + (at[i + 1] - at[i]) * mpq_class(2, 7));
    out.push_back(at[i] + (at[i + 1] - at[i]) * mpq_class(5, 7));
  }
  out.push_back(at.back() + mpq_class(1, 3));
  out.push_back(at.back() + mpq_class(1000003, 7));
  return out;
}

// Whether a point around a kink or constant tells the two apart: 1 a positive one, -1 a negative
// one.
int differ_around(const Node& a, const Node& b, const Shape& shape) {
  int out = 0;
  for (const mpq_class& value : points_around(shape)) {
    const PointComparison got = compare_at(a, b, {0, Region::kValue, value}, 2 * kAgreementBits);
    if (got.left_reals || got.at != AtPoint::kDifferent) continue;
    if (value > 0) return 1;
    out = -1;
  }
  return out;
}

}  // namespace

NumericResult compare_functions(const Node& a, const Node& b) {
  const int near = agreeing(a, b, Region::kNear, kTriedPoints, kPoints);
  Arena arena;
  Shape shape;
  add_shape(a, arena, shape);
  add_shape(b, arena, shape);
  if (near < 0 && !shape.has_steps) return NumericResult::kDifferent;
  if (near < kPoints || shape.has_steps) {
    // Whole numbers alone: they can tell two apart, not prove them equal.
    const int whole = agreeing(a, b, Region::kInteger, kIntegerPoints, kIntegerPoints);
    if (whole < 0) return NumericResult::kDifferent;
    if (near < 0) return whole > 0 ? NumericResult::kAgreeInPart : NumericResult::kDifferent;
    return NumericResult::kUnknown;
  }
  // Fewer points for large expressions.
  const size_t share = 1 + (count_nodes(a, 600) + count_nodes(b, 600)) / 150;
  const int far_points = std::max<int>(kFarPoints / static_cast<int>(share), 3);
  const int whole_points = std::max<int>(kIntegerPoints / static_cast<int>(share), 3);
  const bool smooth = !shape.has_branches && shape.kinks.empty() && !shape.unknown_kink;
  const NumericResult apart =
      shape.has_branches ? NumericResult::kAgreeInPart : NumericResult::kDifferent;
  if (agreeing(a, b, Region::kFar, far_points, far_points) < 0) return apart;
  if (!smooth && agreeing(a, b, Region::kInteger, whole_points, whole_points) < 0) return apart;
  bool negative_differs = agreeing(a, b, Region::kNegative, kTriedPoints, kPoints) < 0;
  if (!smooth && shape.names.size() == 1) {
    const int around = differ_around(a, b, shape);
    if (around > 0) return apart;
    negative_differs = negative_differs || around < 0;
  }
  if (negative_differs) return NumericResult::kAgreeForPositive;
  const bool unbounded = shape.unknown_kink || (!shape.kinks.empty() && shape.names.size() != 1);
  return unbounded ? NumericResult::kUnknown : NumericResult::kAgree;
}

}  // namespace laconic
