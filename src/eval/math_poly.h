// Rational functions over the rationals in "kernels": the normal form of an expression.
//
// A kernel is whatever is not rational arithmetic: a symbol, a prime under a root, \pi, i, sin(x),
// e^(t), a root of a sum. Exponents are rational. A kernel may have a relation (i^2 = -1, sin^2 = 1
// - cos^2, (1+x)^1 = 1+x under a root, 3^1 = 3), which is applied whenever its power is reached.
// Two expressions whose difference has the numerator 0 are equal: that is a proof (math_exact.h
// says under which assumptions). The reverse holds only where every kernel is independent. Work is
// counted in products of terms; beyond kMaxTermProducts, kMaxTerms or kMaxCoefficientBits the table
// is `failed` and every result is void. Deterministic.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmpxx.h>

#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace laconic {

inline constexpr size_t kMaxTermProducts = 20000, kMaxTerms = 600, kMaxCoefficientBits = 1 << 15;
inline constexpr size_t kMaxKeyBytes = 1024;  // of the canonical text of a kernel

// Kernel -> exponent, sorted by kernel, no exponent 0.
using Monomial = std::vector<std::pair<int, mpq_class>>;
using Poly = std::map<Monomial, mpq_class>;  // no coefficient 0

struct Fraction {
  Poly above, below;  // below: not 0
};

struct Kernel {
  std::string key;           // canonical text
  bool independent = false;  // a symbol or \pi: algebraically independent of all others
  mpq_class relation_power;  // 0: no relation; else kernel^power = relation
  Poly relation;
  Poly logarithm;  // e^(...) kernels: their exponent; empty: ln is a kernel of its own
};

class AtomTable {
 public:
  // `max_products`: work, in products of terms; a large coefficient counts for more.
  explicit AtomTable(size_t max_products = kMaxTermProducts) : max_products_(max_products) {}
  size_t products() const { return products_; }
  bool failed() const { return failed_; }
  void fail() { failed_ = true; }
  int intern(const std::string& key, bool independent = false);
  Kernel& at(int kernel) { return kernels_[static_cast<size_t>(kernel)]; }
  const Kernel& at(int kernel) const { return kernels_[static_cast<size_t>(kernel)]; }

  Poly add(const Poly& a, const Poly& b, const mpq_class& scale = 1);
  Poly multiply(const Poly& a, const Poly& b);
  Poly power(const Poly& base, unsigned long exponent);

  Fraction add(const Fraction& a, const Fraction& b, const mpq_class& scale = 1);
  Fraction multiply(const Fraction& a, const Fraction& b);
  Fraction inverse(const Fraction& a);  // fails on 0
  Fraction power(const Fraction& base, long exponent);

  bool equal(const Fraction& a, const Fraction& b);
  // Whether a - b is a non-zero polynomial in independent kernels only. REQUIRES: !equal(a, b).
  bool proven_different(const Fraction& a, const Fraction& b);

  std::string text(const Monomial& monomial) const;
  std::string text(const Poly& poly) const;
  std::string text(const Fraction& fraction) const;

 private:
  void accumulate(Poly& out, Monomial monomial, mpq_class coefficient);

  std::vector<Kernel> kernels_;
  std::unordered_map<std::string, int> by_key_;
  size_t max_products_;
  size_t products_ = 0;
  int depth_ = 0;
  bool failed_ = false;
};

Poly constant_poly(const mpq_class& value);
Fraction constant_fraction(const mpq_class& value);
// The value where it is a constant, with no kernel in it.
bool is_constant(const Poly& poly, mpq_class& value);
bool is_constant(const Fraction& fraction, mpq_class& value);

}  // namespace laconic
