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

struct Point {
  int index = 0;
  bool negative = false;  // symbols are negative reals
};

class BallReader {
 public:
  BallReader(Point point, slong precision);
  // False: no value (a structure, an unknown function, a pole, or too large).
  bool read(const Node& node, Ball& out);
  // A root, power or logarithm of something with symbols left the positive reals.
  bool left_reals() const { return left_reals_; }
  bool has_symbols() const { return has_symbols_; }

 private:
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
};

void set_rational(arb_ptr out, const mpq_class& value, slong precision);

}  // namespace laconic
