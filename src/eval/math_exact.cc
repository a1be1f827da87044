// SPDX-License-Identifier: Apache-2.0
#include "eval/math_exact.h"

#include <algorithm>

namespace laconic {
namespace {

size_t bits_of(const mpq_class& value) {
  return mpz_sizeinbase(value.get_num_mpz_t(), 2) + mpz_sizeinbase(value.get_den_mpz_t(), 2);
}

// Prime factors with their exponents; a cofactor without factors below the bound counts as prime
// where it is none of a perfect power, which is enough for a normal form most of the time.
std::vector<std::pair<mpz_class, long>> factors_of(mpz_class n) {
  constexpr unsigned long kBound = 2000;
  std::vector<std::pair<mpz_class, long>> out;
  for (unsigned long p = 2; p < kBound && n > 1; p += p == 2 ? 1 : 2) {
    long count = 0;
    while (mpz_divisible_ui_p(n.get_mpz_t(), p)) {
      mpz_divexact_ui(n.get_mpz_t(), n.get_mpz_t(), p);
      ++count;
    }
    if (count) out.emplace_back(p, count);
    if (p * p > n) break;
  }
  if (n > 1) {
    long power = 1;
    for (const unsigned long k : {2UL, 3UL, 5UL, 7UL}) {
      mpz_class root;
      while (mpz_root(root.get_mpz_t(), n.get_mpz_t(), k)) {
        n = root;
        power *= static_cast<long>(k);
      }
    }
    out.emplace_back(n, power);
  }
  return out;
}

}  // namespace

std::optional<mpq_class> bounded_power(const mpq_class& base, long exponent) {
  const auto size = static_cast<unsigned long>(std::abs(exponent));
  if (base == 0) {
    if (exponent <= 0) return std::nullopt;
    return mpq_class(0);
  }
  const bool unit = abs(base) == 1;
  if (!unit && (size > kMaxCoefficientBits || bits_of(base) * size > 2 * kMaxCoefficientBits))
    return std::nullopt;
  mpz_class above, below;
  mpz_pow_ui(above.get_mpz_t(), base.get_num_mpz_t(), size);
  mpz_pow_ui(below.get_mpz_t(), base.get_den_mpz_t(), size);
  mpq_class out(above, below);
  out.canonicalize();
  return exponent < 0 ? mpq_class(1 / out) : out;
}

Poly ExactReader::kernel(const std::string& key, const mpq_class& exponent, bool independent) {
  Poly out;
  if (exponent == 0) return constant_poly(1);
  out.emplace(Monomial{{kernels_.intern(key, independent), exponent}}, 1);
  return out;
}

int ExactReader::imaginary_unit() {
  const int i = kernels_.intern("i");
  Kernel& kernel = kernels_.at(i);
  kernel.relation_power = 2;
  kernel.relation = constant_poly(-1);
  return i;
}

int ExactReader::prime(const mpz_class& p) {
  const int id = kernels_.intern(p.get_str());
  Kernel& kernel = kernels_.at(id);
  kernel.relation_power = 1;
  kernel.relation = constant_poly(p);
  return id;
}

std::optional<Fraction> ExactReader::read(const Node& node) {
  if (kernels_.failed()) return std::nullopt;
  const Poly one = constant_poly(1);
  const auto arg = [&](size_t i) { return read(*node.args[i]); };
  switch (node.op) {
    case Op::kNumber:
      return constant_fraction(node.value);
    case Op::kBig:
      return read_big(node);
    case Op::kSymbol:
      for (size_t i = bound_.size(); i-- > 0;) {
        if (bound_[i].first == node.text) return bound_[i].second;
      }
      return Fraction{kernel(node.text, 1, true), one};
    case Op::kPi:
      return Fraction{kernel("\\pi", 1, true), one};
    case Op::kE:
      return Fraction{kernel("e"), one};
    case Op::kI:
      return Fraction{{{Monomial{{imaginary_unit(), 1}}, 1}}, one};
    case Op::kPercent:
    case Op::kDegree: {
      const Result inner = arg(0);
      if (!inner) return std::nullopt;
      if (node.op == Op::kPercent)
        return kernels_.multiply(*inner, constant_fraction(mpq_class(1, 100)));
      const Poly pi = kernel("\\pi", 1, true);
      return kernels_.multiply(*inner,
                               {kernels_.multiply(pi, constant_poly(mpq_class(1, 180))), one});
    }
    case Op::kUnit:
      return arg(0);
    case Op::kAdd:
    case Op::kMultiply:
    case Op::kDivide: {
      const Result left = arg(0);
      const Result right = left ? arg(1) : std::nullopt;
      if (!right) return std::nullopt;
      if (node.op == Op::kAdd) return kernels_.add(*left, *right);
      if (node.op == Op::kMultiply) return kernels_.multiply(*left, *right);
      const Fraction by = kernels_.inverse(*right);
      if (kernels_.failed()) return std::nullopt;
      return kernels_.multiply(*left, by);
    }
    case Op::kNegate: {
      const Result inner = arg(0);
      if (!inner) return std::nullopt;
      return kernels_.multiply(*inner, constant_fraction(-1));
    }
    case Op::kPower:
    case Op::kRoot:
      return read_power(node);
    case Op::kFactorial:
    case Op::kCall:
      return read_call(node);
    default:
      return std::nullopt;
  }
}

std::optional<Fraction> ExactReader::read_power(const Node& node) {
  const Result base = read(*node.args[0]);
  Result exponent = base ? read(*node.args[1]) : std::nullopt;
  if (!exponent) return std::nullopt;
  if (node.op == Op::kPower) return power(*base, *exponent);
  mpq_class index, number;
  if (!is_constant(*exponent, index) || index == 0) return std::nullopt;
  // A root of odd index is real: the cube root of -8 is -2.
  const bool odd = index.get_den() == 1 && mpz_odd_p(index.get_num_mpz_t());
  if (odd && is_constant(*base, number) && number < 0) {
    const Result out = rational_power(constant_fraction(-number), 1 / index);
    if (!out) return std::nullopt;
    return kernels_.multiply(*out, constant_fraction(-1));
  }
  return rational_power(*base, 1 / index);
}

std::optional<Fraction> ExactReader::power(const Fraction& base, const Fraction& exponent) {
  mpq_class number;
  if (is_constant(exponent, number)) return rational_power(base, number);
  const Poly one = constant_poly(1);
  if (const auto turn = unit_root(base, exponent)) return turn;
  // e^(...), p^(...), x^(...): one kernel a term of the exponent, so that e^a e^b is e^(a + b).
  if (base.below == one && base.above.size() == 1) {
    const auto& [monomial, coefficient] = *base.above.begin();
    if (monomial.size() <= 1 && (coefficient > 0 || coefficient == 1)) {
      Poly out = one;
      if (coefficient != 1) {
        for (const auto& [n, sign] :
             {std::pair{coefficient.get_num(), 1}, {coefficient.get_den(), -1}}) {
          for (const auto& [p, count] : factors_of(n)) {
            prime(p);
            const Fraction scaled = kernels_.multiply(exponent, constant_fraction(sign * count));
            const auto factor = symbolic_power(p.get_str(), scaled);
            if (!factor) return std::nullopt;
            out = kernels_.multiply(out, *factor);
          }
        }
      }
      for (const auto& [k, power] : monomial) {
        const std::string key = kernels_.at(k).key;
        if (key == "i") return opaque("pow", {base, exponent});
        const auto factor =
            symbolic_power(key, kernels_.multiply(exponent, constant_fraction(power)));
        if (!factor) return std::nullopt;
        out = kernels_.multiply(out, *factor);
        if (key != "e") assumes_positive_ = true;
      }
      return Fraction{out, one};
    }
  }
  return opaque("pow", {base, exponent});
}

// e^(i pi r) = cos(pi r) + i sin(pi r), where those are known exactly.
std::optional<Fraction> ExactReader::unit_root(const Fraction& base, const Fraction& exponent) {
  const Poly one = constant_poly(1);
  if (base.below != one || base.above != kernel("e")) return std::nullopt;
  const Poly i = {{Monomial{{imaginary_unit(), 1}}, mpq_class(1)}};
  const Poly i_pi = kernels_.multiply(i, kernel("\\pi", 1, true));
  mpq_class turns;
  const Fraction ratio = kernels_.multiply(exponent, kernels_.inverse({i_pi, one}));
  if (!is_constant(ratio, turns) || mpz_class(12) % turns.get_den() != 0) return std::nullopt;
  const Fraction angle = {kernels_.multiply(kernel("\\pi", 1, true), constant_poly(turns)), one};
  const Result real = sine(angle, true), imaginary = sine(angle, false);
  if (!real || !imaginary) return std::nullopt;
  return kernels_.add(*real, kernels_.multiply(*imaginary, {i, one}));
}

// base^exponent, where base is the key of a kernel.
std::optional<Poly> ExactReader::symbolic_power(const std::string& base, const Fraction& exponent) {
  Poly out = constant_poly(1);
  mpq_class below;
  const bool plain = is_constant(exponent.below, below);
  for (const auto& [monomial, coefficient] : exponent.above) {
    const mpq_class by = plain ? mpq_class(coefficient / below) : coefficient;
    if (monomial.empty() && plain) {
      out = kernels_.multiply(out, kernel(base, by));
      continue;
    }
    std::string key = base + "^(" + kernels_.text(monomial);
    if (!plain) key += "/(" + kernels_.text(exponent.below) + ")";
    if (key.size() > kMaxKeyBytes) return std::nullopt;
    const Poly factor = kernel(key + ")", by);
    if (base == "e" && plain)
      kernels_.at(factor.begin()->first[0].first).logarithm = {{monomial, mpq_class(1)}};
    out = kernels_.multiply(out, factor);
  }
  if (kernels_.failed()) return std::nullopt;
  return out;
}

std::optional<Fraction> ExactReader::rational_power(const Fraction& base,
                                                    const mpq_class& exponent) {
  mpq_class number;
  if (exponent.get_den() == 1) {
    if (!exponent.get_num().fits_slong_p()) return std::nullopt;
    const long by = exponent.get_num().get_si();
    if (is_constant(base, number)) {
      const auto out = bounded_power(number, by);
      if (!out) return std::nullopt;
      return constant_fraction(*out);
    }
    if (std::abs(by) > 4096 || (std::abs(by) > 64 && base.above.size() + base.below.size() > 2))
      return std::nullopt;
    return kernels_.power(base, by);
  }
  if (base.above.empty()) return exponent > 0 ? Result(constant_fraction(0)) : std::nullopt;
  const auto above = root_of_poly(base.above, exponent);
  const auto below = above ? root_of_poly(base.below, exponent) : std::nullopt;
  if (!below) return std::nullopt;
  const Fraction inverse = kernels_.inverse({*below, constant_poly(1)});
  if (kernels_.failed()) return std::nullopt;
  return kernels_.multiply({*above, constant_poly(1)}, inverse);
}

std::optional<Poly> ExactReader::root_of_number(const mpq_class& base, const mpq_class& exponent) {
  Poly out = constant_poly(1);
  mpq_class size = base;
  if (base < 0) {
    if (exponent.get_den() != 2) return std::nullopt;
    out = {{Monomial{{imaginary_unit(), mpq_class(exponent.get_num())}}, mpq_class(1)}};
    out = kernels_.multiply(out, constant_poly(1));
    size = -base;
  }
  if (bits_of(size) > 512) return std::nullopt;
  for (const auto& [n, sign] : {std::pair{size.get_num(), 1}, {size.get_den(), -1}}) {
    for (const auto& [p, count] : factors_of(n)) {
      Poly factor;
      factor.emplace(Monomial{{prime(p), exponent * count * sign}}, 1);
      // Through multiply, so that whole powers become part of the coefficient.
      out = kernels_.multiply(out, factor);
    }
  }
  if (kernels_.failed()) return std::nullopt;
  return out;
}

// poly^exponent for an exponent that is no integer.
std::optional<Poly> ExactReader::root_of_poly(const Poly& base, const mpq_class& exponent) {
  if (base.size() == 1) {
    const auto& [monomial, coefficient] = *base.begin();
    auto out = root_of_number(coefficient, exponent);
    if (!out) return std::nullopt;
    Monomial powers = monomial;
    for (auto& [k, power] : powers) {
      const Kernel& one = kernels_.at(k);
      mpq_class number;
      const bool positive_number = one.relation_power == 1 && is_constant(one.relation, number);
      if (one.key == "i" || (one.relation_power != 0 && !positive_number)) return std::nullopt;
      if (!positive_number && one.key != "e" && one.key != "\\pi") assumes_positive_ = true;
      power *= exponent;
    }
    return kernels_.multiply(*out, {{powers, mpq_class(1)}});
  }
  // A sum: its content comes out, the rest is a kernel with the relation kernel^1 = rest.
  mpz_class above = 0, below = 1;
  for (const auto& [monomial, coefficient] : base) {
    above = gcd(above, coefficient.get_num());
    below = lcm(below, coefficient.get_den());
  }
  mpq_class content(above, below);
  content.canonicalize();
  Poly rest;
  for (const auto& [monomial, coefficient] : base) rest.emplace(monomial, coefficient / content);
  auto out = root_of_number(content, exponent);
  if (!out) return std::nullopt;
  const int id = kernels_.intern("(" + kernels_.text(rest) + ")");
  Kernel& kernel = kernels_.at(id);
  kernel.relation_power = 1;
  kernel.relation = rest;
  mpz_class whole;
  mpz_fdiv_q(whole.get_mpz_t(), exponent.get_num_mpz_t(), exponent.get_den_mpz_t());
  if (whole < 0 || whole > 64) return std::nullopt;
  return kernels_.multiply(*out, {{Monomial{{id, exponent}}, mpq_class(1)}});
}

}  // namespace laconic
