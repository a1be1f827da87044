// SPDX-License-Identifier: Apache-2.0
#include "eval/math_bound.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string>

#include "eval/math_exact.h"

namespace laconic {
namespace {

// The value is U / L with algebraic integers U and L, all of whose conjugates are at most 2^upper
// and 2^lower in size. Doubles are enough for logarithms of bounds: one bit is added at each step.
struct Bound {
  double upper = 0, lower = 0;
};

class BoundReader {
 public:
  std::optional<Bound> read(const Node& node) {
    const auto arg = [&](size_t i) { return read(*node.args[i]); };
    switch (node.op) {
      case Op::kNumber:
        return of_number(node.value);
      case Op::kI:
        order_ = lcm(order_, mpz_class(4));
        return Bound{};
      case Op::kNegate:
      case Op::kUnit:
        return arg(0);
      case Op::kPercent: {
        const auto inner = arg(0);
        if (!inner) return std::nullopt;
        return Bound{inner->upper, inner->lower + 7};
      }
      case Op::kAdd:
      case Op::kMultiply:
      case Op::kDivide: {
        const auto a = arg(0), b = arg(1);
        if (!a || !b) return std::nullopt;
        if (node.op == Op::kMultiply) return Bound{a->upper + b->upper, a->lower + b->lower};
        if (node.op == Op::kDivide) return Bound{a->upper + b->lower, a->lower + b->upper};
        return Bound{std::max(a->upper + b->lower, b->upper + a->lower) + 1, a->lower + b->lower};
      }
      case Op::kRoot:
        if (node.args[1]->op != Op::kNumber) return std::nullopt;
        return root(node, 1 / node.args[1]->value);
      case Op::kPower: {
        AtomTable kernels(kMaxTermProducts / 10);
        const auto exponent = ExactReader(kernels).read(*node.args[1]);
        mpq_class by;
        if (!exponent || !is_constant(*exponent, by)) return std::nullopt;
        return root(node, by);
      }
      case Op::kCall:
        return of_angle(node);
      default:
        return std::nullopt;
    }
  }

  // log2 of a bound of the degree of the field that all of U and L lie in: the radicals, and the
  // cyclotomic field of all roots of unity.
  double degree_bits() const {
    double totient = 1;
    mpz_class rest = order_;
    for (unsigned long p = 2; rest > 1; ++p) {
      if (!mpz_divisible_ui_p(rest.get_mpz_t(), p)) continue;
      totient *= static_cast<double>(p - 1);
      rest /= p;
      for (; mpz_divisible_ui_p(rest.get_mpz_t(), p); rest /= p) totient *= static_cast<double>(p);
    }
    return degree_bits_ + std::log2(totient);
  }

 private:
  static Bound of_number(const mpq_class& value) {
    const auto bits = [](const mpz_class& n) {
      return abs(n) <= 1 ? 0.0 : static_cast<double>(mpz_sizeinbase(n.get_mpz_t(), 2));
    };
    return {bits(value.get_num()), bits(value.get_den())};
  }

  // The same radical twice counts once.
  void multiply_degree(const std::string& key, double by) {
    if (seen_.insert(key).second) degree_bits_ += std::log2(by);
  }

  std::optional<Bound> root(const Node& node, const mpq_class& exponent) {
    auto inner = read(*node.args[0]);
    if (!inner || abs(exponent.get_num()) > 64 || exponent.get_den() > 64) return std::nullopt;
    const double power = std::fabs(exponent.get_num().get_d()), index = exponent.get_den().get_d();
    if (exponent < 0) std::swap(inner->upper, inner->lower);
    if (index > 1) {
      AtomTable kernels(kMaxTermProducts / 10);
      const auto key = ExactReader(kernels).read(*node.args[0]);
      const std::string name = key ? kernels.text(*key) : std::to_string(seen_.size()) + "?";
      // One radical of U and one of L, unless L is 1.
      multiply_degree("root " + exponent.get_den().get_str() + " " + name, index);
      if (inner->upper > 0 && inner->lower > 0)
        multiply_degree("root below " + exponent.get_den().get_str() + " " + name, index);
    }
    return Bound{inner->upper * power / index, inner->lower * power / index};
  }

  // sin(p pi / q) = (z - 1/z) / 2i, where z is a root of unity of an order that divides 2q.
  std::optional<Bound> of_angle(const Node& node) {
    if (node.args.size() != 1) return std::nullopt;
    AtomTable kernels(kMaxTermProducts / 10);
    const auto argument = ExactReader(kernels).read(*node.args[0]);
    if (!argument || kernels.failed()) return std::nullopt;
    const int pi = kernels.intern("\\pi", true);
    const Fraction by =
        kernels.inverse({{{Monomial{{pi, mpq_class(1)}}, mpq_class(1)}}, constant_poly(1)});
    mpq_class turns;
    if (!is_constant(kernels.multiply(*argument, by), turns) || turns.get_den() > 360)
      return std::nullopt;
    if (node.text != "sin" && node.text != "cos" && node.text != "tan" && node.text != "cot" &&
        node.text != "sec" && node.text != "csc")
      return std::nullopt;
    order_ = lcm(order_, lcm(mpz_class(2 * turns.get_den()), mpz_class(4)));
    if (order_ > 5040) return std::nullopt;
    return Bound{1, 1};
  }

  std::set<std::string> seen_;
  double degree_bits_ = 0;
  mpz_class order_ = 1;  // of the roots of unity
};

}  // namespace

std::optional<long> zero_bound_bits(const Node& node, long limit) {
  BoundReader reader;
  const auto bound = reader.read(node);
  if (!bound || reader.degree_bits() > 20) return std::nullopt;
  const double degree = std::exp2(reader.degree_bits());
  const double bits = bound->lower + (degree - 1) * std::max(bound->upper, 1.0) + 2;
  if (!(bits < static_cast<double>(limit))) return std::nullopt;
  return static_cast<long>(std::ceil(bits));
}

}  // namespace laconic
