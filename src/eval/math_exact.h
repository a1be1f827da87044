// From an expression tree to its normal form: exact arithmetic, no floating point anywhere.
//
// Done exactly: + - * / and powers of rationals, radicals (prime factors under roots, x^(1/2)
// x^(1/2) = x), i, e^(a + b) = e^a e^b, sin^2 + cos^2 = 1, parity of sin and cos, their values at
// multiples of pi/6 and pi/4, logarithms of products, factorials and binomials of numbers, floor,
// ceil, gcd, min, max, mod, abs of numbers, percent, degrees.
// Where a power of a power or the logarithm of a product is split, symbols are taken as positive,
// and `assumes_positive` is set.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "eval/math_poly.h"
#include "eval/math_tree.h"

namespace laconic {

class ExactReader {
 public:
  explicit ExactReader(AtomTable& kernels) : kernels_(kernels) {}
  // Nothing: a structure, an infinity, or too much work (then kernels.failed()).
  std::optional<Fraction> read(const Node& node);
  bool assumes_positive() const { return assumes_positive_; }

 private:
  using Result = std::optional<Fraction>;
  Result read_power(const Node& node);
  Result power(const Fraction& base, const Fraction& exponent);
  Result unit_root(const Fraction& base, const Fraction& exponent);
  Result rational_power(const Fraction& base, const mpq_class& exponent);
  std::optional<Poly> root_of_poly(const Poly& base, const mpq_class& exponent);
  std::optional<Poly> root_of_number(const mpq_class& base, const mpq_class& exponent);
  std::optional<Poly> symbolic_power(const std::string& base, const Fraction& exponent);
  Result read_call(const Node& node);
  Result read_big(const Node& node);  // math_big.cc
  Result integral(const Node& node);
  Result number_call(const std::string& name, const std::vector<mpq_class>& args);
  Result trigonometric(const std::string& name, Fraction argument);
  Result sine(Fraction argument, bool cosine);
  Result logarithm(const Fraction& argument);
  std::optional<Poly> logarithm_of_poly(const Poly& argument);
  Result opaque(const std::string& name, const std::vector<Fraction>& args);
  Poly kernel(const std::string& key, const mpq_class& exponent = 1, bool independent = false);
  int imaginary_unit();
  int prime(const mpz_class& p);

  AtomTable& kernels_;
  bool assumes_positive_ = false;
  std::vector<std::pair<std::string, Fraction>> bound_;  // variables of sums, the innermost last
  size_t big_terms_ = 0;
};

// base^exponent as long as the result stays within kMaxCoefficientBits.
std::optional<mpq_class> bounded_power(const mpq_class& base, long exponent);

}  // namespace laconic
