// A complex ball of Arb with a destructor, and the evaluation of a tree into it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Arb is part of FLINT from version 3 on; before that it is a library of its own.
#if __has_include(<flint/acb.h>)
#include <flint/acb.h>
#else
#include <acb.h>
#endif

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "eval/math_tree.h"

namespace laconic {

class Ball {
 public:
  Ball() { acb_init(value_); }
  ~Ball() { acb_clear(value_); }
  Ball(const Ball&) = delete;
  Ball& operator=(const Ball&) = delete;
  acb_ptr get() { return value_; }
  acb_srcptr get() const { return value_; }
  arb_ptr real() { return acb_realref(value_); }
  arb_ptr imaginary() { return acb_imagref(value_); }

 private:
  acb_t value_;
};

// Where symbols stand: pseudo-random values that depend on the name and the index.
enum class Region {
  kNear,      // between 1/4 and 9/4
  kNegative,  // the same, negated
  kFar,       // of all sizes from 2^-40 to 2^40
  kInteger,   // whole, from 1 on: small ones first
  kValue      // Point::value, for all symbols
};
struct Point {
  int index = 0;
  Region region = Region::kNear;
  mpq_class value;
};

class BallReader {
 public:
  BallReader(Point point, slong precision);
  // False: no value (a structure, an unknown function, a pole, or too large).
  bool read(const Node& node, Ball& out);
  // A root, power or logarithm of something with symbols left the positive reals.
  bool left_reals() const { return left_reals_; }
  bool has_symbols() const { return has_symbols_; }
  // A limit, an infinite sum or an improper integral was extrapolated: the ball is no proof.
  bool is_estimated() const { return is_estimated_; }

  // math_big.cc: integrals ask for the body at complex points and on balls around them.
  bool read_bound(const Node& body, const std::string& variable, const Ball& value, Ball& out);
  void forbid_branches(bool forbidden) { branches_forbidden_ = forbidden; }

 private:
  bool read_big(const Node& node, Ball& out);
  bool read_finite(const Node& node, slong from, slong to, Ball& out);
  bool read_series(const Node& node, slong from, Ball& out);
  bool read_integral(const Node& node, Ball& out);
  bool integrate(const Node& node, const Ball& from, const Ball& to, Ball& out);
  bool read_limit(const Node& node, Ball& out);
  bool one_sided(const Node& node, int side, Ball& out);
  bool read_unary(const Node& node, Ball& out);
  bool read_binary(const Node& node, Ball& out);
  bool read_root(const Node& node, Ball& out);
  bool read_call(const Node& node, Ball& out);
  bool one_argument(const std::string& name, const Ball& x, Ball& out);
  bool power(const Ball& base, const Ball& exponent, Ball& out);
  void symbol(const std::string& name, Ball& out) const;
  void branch(const Ball& argument);

  Point point_;
  slong precision_;
  bool left_reals_ = false;
  bool has_symbols_ = false;
  bool is_estimated_ = false;
  bool branches_forbidden_ = false;
  size_t evaluations_ = 0;                                  // of bodies of sums, integrals, limits
  std::vector<std::pair<std::string, const Ball*>> bound_;  // their variables, the innermost last
};

void set_rational(arb_ptr out, const mpq_class& value, slong precision);

}  // namespace laconic
