// SPDX-License-Identifier: Apache-2.0
#include "eval/math_poly.h"

#include <algorithm>

namespace laconic {
namespace {

constexpr size_t kBitsOfProduct = 2048;
constexpr int kMaxRelationDepth = 32, kMaxRelationPower = 64;

Monomial product(const Monomial& a, const Monomial& b) {
  Monomial out;
  out.reserve(a.size() + b.size());
  auto i = a.begin();
  auto j = b.begin();
  while (i != a.end() || j != b.end()) {
    if (j == b.end() || (i != a.end() && i->first < j->first)) {
      out.push_back(*i++);
    } else if (i == a.end() || j->first < i->first) {
      out.push_back(*j++);
    } else {
      mpq_class sum = i->second + j->second;
      if (sum != 0) out.emplace_back(i->first, std::move(sum));
      ++i;
      ++j;
    }
  }
  return out;
}

size_t bits_of(const mpq_class& value) {
  return mpz_sizeinbase(value.get_num_mpz_t(), 2) + mpz_sizeinbase(value.get_den_mpz_t(), 2);
}

mpz_class floor_of(const mpq_class& value) {
  mpz_class out;
  mpz_fdiv_q(out.get_mpz_t(), value.get_num_mpz_t(), value.get_den_mpz_t());
  return out;
}

}  // namespace

Poly constant_poly(const mpq_class& value) {
  Poly out;
  if (value != 0) out.emplace(Monomial{}, value);
  return out;
}

Fraction constant_fraction(const mpq_class& value) {
  return {constant_poly(value), constant_poly(1)};
}

bool is_constant(const Poly& poly, mpq_class& value) {
  if (poly.size() > 1 || (poly.size() == 1 && !poly.begin()->first.empty())) return false;
  value = poly.empty() ? mpq_class(0) : poly.begin()->second;
  return true;
}

bool is_constant(const Fraction& fraction, mpq_class& value) {
  mpq_class above, below;
  if (!is_constant(fraction.above, above) || !is_constant(fraction.below, below) || below == 0)
    return false;
  value = above / below;
  return true;
}

int AtomTable::intern(const std::string& key, bool independent) {
  const auto [at, is_new] = by_key_.emplace(key, static_cast<int>(kernels_.size()));
  if (is_new) {
    Kernel& kernel = kernels_.emplace_back();
    kernel.key = key;
    kernel.independent = independent;
  }
  return at->second;
}

// Adds one term, with the relations of its kernels applied.
void AtomTable::accumulate(Poly& out, Monomial monomial, mpq_class coefficient) {
  if (failed_ || coefficient == 0) return;
  for (size_t i = 0; i < monomial.size(); ++i) {
    const Kernel& kernel = at(monomial[i].first);
    if (kernel.relation_power == 0) continue;
    const mpz_class times = floor_of(monomial[i].second / kernel.relation_power);
    if (times == 0) continue;
    mpq_class number;
    const bool constant = is_constant(kernel.relation, number);
    const bool possible =
        constant ? number != 0 && abs(times) <= 4096 : sgn(times) > 0 && times <= kMaxRelationPower;
    if (!possible) return fail();
    monomial[i].second -= times * kernel.relation_power;
    const bool gone = monomial[i].second == 0;
    const Poly relation = kernel.relation;
    if (gone) monomial.erase(monomial.begin() + static_cast<std::ptrdiff_t>(i));
    if (constant) {
      const unsigned long size = mpz_class(abs(times)).get_ui();
      mpz_class above, below;
      mpz_pow_ui(above.get_mpz_t(), number.get_num_mpz_t(), size);
      mpz_pow_ui(below.get_mpz_t(), number.get_den_mpz_t(), size);
      const mpq_class by(above, below);
      if (sgn(times) > 0)
        coefficient *= by;
      else
        coefficient /= by;
      return accumulate(out, std::move(monomial), std::move(coefficient));
    }
    if (sgn(times) < 0 || ++depth_ > kMaxRelationDepth) return fail();
    Poly rest;
    rest.emplace(std::move(monomial), std::move(coefficient));
    const Poly expanded = multiply(rest, power(relation, times.get_ui()));
    for (const auto& [m, c] : expanded) accumulate(out, m, c);
    --depth_;
    return;
  }
  if (bits_of(coefficient) > kMaxCoefficientBits) return fail();
  const auto [at, is_new] = out.try_emplace(std::move(monomial), coefficient);
  if (!is_new) {
    at->second += coefficient;
    if (at->second == 0) out.erase(at);
  }
  if (out.size() > kMaxTerms) fail();
}

Poly AtomTable::add(const Poly& a, const Poly& b, const mpq_class& scale) {
  Poly out = a;
  for (const auto& [monomial, coefficient] : b) {
    const auto [at, is_new] = out.try_emplace(monomial, coefficient * scale);
    if (is_new) continue;
    at->second += coefficient * scale;
    if (at->second == 0) out.erase(at);
  }
  if (out.size() > kMaxTerms) fail();
  return out;
}

Poly AtomTable::multiply(const Poly& a, const Poly& b) {
  Poly out;
  for (const auto& [m, c] : a) {
    for (const auto& [n, d] : b) {
      products_ += 1 + bits_of(c) / kBitsOfProduct + bits_of(d) / kBitsOfProduct;
      if (products_ > max_products_) fail();
      if (failed_) return {};
      accumulate(out, product(m, n), c * d);
    }
  }
  return out;
}

Poly AtomTable::power(const Poly& base, unsigned long exponent) {
  Poly out = constant_poly(1);
  Poly square = base;
  for (; exponent > 0 && !failed_; exponent >>= 1) {
    if (exponent & 1) out = multiply(out, square);
    if (exponent > 1) square = multiply(square, square);
  }
  return out;
}

Fraction AtomTable::add(const Fraction& a, const Fraction& b, const mpq_class& scale) {
  if (a.below == b.below) return {add(a.above, b.above, scale), a.below};
  return {add(multiply(a.above, b.below), multiply(b.above, a.below), scale),
          multiply(a.below, b.below)};
}

Fraction AtomTable::multiply(const Fraction& a, const Fraction& b) {
  // (p/q) * (q/r) is common: sums over one denominator are multiplied out of it.
  if (a.above == b.below) return {b.above, a.below};
  if (a.below == b.above) return {a.above, b.below};
  return {multiply(a.above, b.above), multiply(a.below, b.below)};
}

Fraction AtomTable::inverse(const Fraction& a) {
  if (a.above.empty()) {
    fail();
    return a;
  }
  if (a.above.size() > 1) return {a.below, a.above};
  // One term: its free kernels go above with negative exponents; one with a relation k^p = R goes
  // there as k^(p - e) / R.
  const auto& [monomial, coefficient] = *a.above.begin();
  Poly factor = constant_poly(1 / coefficient), below = constant_poly(1);
  for (const auto& [kernel, exponent] : monomial) {
    Poly one;
    mpq_class number;
    const Kernel& k = at(kernel);
    if (k.relation_power == 0 || is_constant(k.relation, number)) {
      one.emplace(Monomial{{kernel, -exponent}}, 1);
    } else {
      below = multiply(below, k.relation);
      one.emplace(Monomial{{kernel, k.relation_power - exponent}}, 1);
    }
    factor = multiply(factor, one);
  }
  return {multiply(a.below, factor), below};
}

Fraction AtomTable::power(const Fraction& base, long exponent) {
  if (exponent < 0) return power(inverse(base), -exponent);
  const auto size = static_cast<unsigned long>(exponent);
  return {power(base.above, size), power(base.below, size)};
}

bool AtomTable::equal(const Fraction& a, const Fraction& b) {
  const Fraction difference = add(a, b, -1);
  return !failed_ && difference.above.empty();
}

bool AtomTable::proven_different(const Fraction& a, const Fraction& b) {
  const Fraction difference = add(a, b, -1);
  if (failed_ || difference.above.empty()) return false;
  const auto independent = [&](const Poly& poly) {
    for (const auto& [monomial, coefficient] : poly) {
      for (const auto& [kernel, exponent] : monomial) {
        if (!at(kernel).independent) return false;
      }
    }
    return true;
  };
  return independent(difference.above) && independent(difference.below);
}

std::string AtomTable::text(const Monomial& monomial) const {
  std::vector<std::string> factors;
  for (const auto& [kernel, exponent] : monomial) {
    std::string one = at(kernel).key;
    if (exponent != 1) {
      const bool plain = exponent.get_den() == 1 && exponent > 0;
      one += plain ? "^" + exponent.get_str() : "^(" + exponent.get_str() + ")";
    }
    factors.push_back(std::move(one));
  }
  std::sort(factors.begin(), factors.end());
  std::string out;
  for (const std::string& factor : factors) out += (out.empty() ? "" : "*") + factor;
  return out;
}

std::string AtomTable::text(const Poly& poly) const {
  if (poly.empty()) return "0";
  std::vector<std::pair<std::string, mpq_class>> terms;
  for (const auto& [monomial, coefficient] : poly) terms.emplace_back(text(monomial), coefficient);
  std::sort(terms.begin(), terms.end());
  std::string out;
  for (const auto& [monomial, coefficient] : terms) {
    if (!out.empty() || coefficient < 0) out += coefficient < 0 ? "-" : "+";
    const mpq_class size = abs(coefficient);
    if (monomial.empty())
      out += size.get_str();
    else
      out += size == 1 ? monomial : size.get_str() + "*" + monomial;
  }
  return out;
}

std::string AtomTable::text(const Fraction& fraction) const {
  mpq_class below;
  if (is_constant(fraction.below, below) && below != 0) {
    if (below == 1) return text(fraction.above);
    Poly scaled = fraction.above;
    for (auto& [monomial, coefficient] : scaled) coefficient /= below;
    return text(scaled);
  }
  return "(" + text(fraction.above) + ")/(" + text(fraction.below) + ")";
}

}  // namespace laconic
