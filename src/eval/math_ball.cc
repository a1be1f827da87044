// SPDX-License-Identifier: Apache-2.0
#include "eval/math_ball.h"

#include <string_view>

namespace laconic {
namespace {

// Exponents of results stay below 2^kMaxSize, arguments of the gamma function below 2^kMaxGamma and
// those of periodic functions below 2^kMaxAngle.
constexpr slong kMaxSize = 36, kMaxGamma = 24, kMaxAngle = 64;

bool is_below(acb_srcptr x, slong bits) {
  mag_t size, limit;
  mag_init(size);
  mag_init(limit);
  acb_get_mag(size, x);
  mag_set_ui_2exp_si(limit, 1, bits);
  const bool below = mag_cmp(size, limit) < 0;
  mag_clear(size);
  mag_clear(limit);
  return below;
}

// FNV-1a, so that points are the same on every machine.
uint64_t hash_of(std::string_view name, int index) {
  uint64_t hash = 1469598103934665603ull ^ static_cast<uint64_t>(index) * 0x9E3779B97F4A7C15ull;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  hash ^= hash >> 29;
  hash *= 0xBF58476D1CE4E5B9ull;
  return hash ^ hash >> 32;
}

}  // namespace

void set_rational(arb_ptr out, const mpq_class& value, slong precision) {
  fmpq_t q;
  fmpq_init(q);
  fmpq_set_mpq(q, value.get_mpq_t());
  arb_set_fmpq(out, q, precision);
  fmpq_clear(q);
}

BallReader::BallReader(Point point, slong precision) : point_(point), precision_(precision) {
  // FLINT keeps constants and integers for each thread; they go when the thread does.
  struct ThreadCaches {
    ~ThreadCaches() { flint_cleanup(); }
  };
  static thread_local const ThreadCaches caches;
  static_cast<void>(&caches);
}

void BallReader::symbol(const std::string& name, Ball& out) const {
  acb_zero(out.get());
  if (point_.region == Region::kValue) return set_rational(out.real(), point_.value, precision_);
  const uint64_t hash = hash_of(name, point_.index);
  if (point_.region == Region::kInteger) {
    const uint64_t range = uint64_t{4} << (2 * static_cast<unsigned>(point_.index));
    return arb_set_ui(out.real(), static_cast<ulong>(1 + (hash >> 24) % range));
  }
  // 40 random bits.
  arb_set_ui(out.real(), static_cast<ulong>(hash >> 24));
  arb_mul_2exp_si(out.real(), out.real(), -39);
  Ball quarter;
  arb_set_d(quarter.real(), 0.25);
  arb_add(out.real(), out.real(), quarter.real(), precision_);
  if (point_.region == Region::kNegative) arb_neg(out.real(), out.real());
  if (point_.region == Region::kFar) {
    const auto size = 2 + static_cast<slong>(point_.index) * 38 / 11;
    arb_mul_2exp_si(out.real(), out.real(), point_.index % 2 == 0 ? size : -size);
  }
}

// Called before a function with a branch cut along the negative reals.
void BallReader::branch(const Ball& argument) {
  if (branches_forbidden_) {
    // For an integral: whether the function is analytic on all of the ball.
    const bool crosses = arb_contains_zero(acb_imagref(argument.get())) &&
                         !arb_is_positive(acb_realref(argument.get()));
    if (crosses) left_reals_ = true;
    return;
  }
  const bool positive =
      arb_is_zero(acb_imagref(argument.get())) && arb_is_nonnegative(acb_realref(argument.get()));
  if (!positive) left_reals_ = true;
}

bool BallReader::power(const Ball& base, const Ball& exponent, Ball& out) {
  if (!acb_is_int(exponent.get())) {
    branch(base);
    if (acb_contains_zero(base.get()) && !acb_is_zero(base.get())) return false;
    if (acb_is_zero(base.get())) {
      if (!arb_is_positive(acb_realref(exponent.get()))) return false;
      acb_zero(out.get());
      return true;
    }
  } else if (acb_contains_zero(base.get()) && !arb_is_positive(acb_realref(exponent.get()))) {
    return false;
  }
  // The result's size, log2 |base| * |exponent|, first.
  if (!is_below(exponent.get(), 20) || !is_below(base.get(), 1 << 14)) {
    if (acb_contains_zero(base.get())) return false;
    Ball size;
    acb_log(size.get(), base.get(), 64);
    acb_mul(size.get(), size.get(), exponent.get(), 64);
    if (!acb_is_finite(size.get()) || !is_below(size.get(), kMaxSize)) return false;
  }
  acb_pow(out.get(), base.get(), exponent.get(), precision_);
  return acb_is_finite(out.get());
}

bool BallReader::read(const Node& node, Ball& out) {
  switch (node.op) {
    case Op::kNumber:
      acb_zero(out.get());
      set_rational(out.real(), node.value, precision_);
      return true;
    case Op::kSymbol:
      if (node.text == "\\ldots") return false;
      for (size_t i = bound_.size(); i-- > 0;) {
        if (bound_[i].first != node.text) continue;
        acb_set(out.get(), bound_[i].second->get());
        return true;
      }
      has_symbols_ = true;
      symbol(node.text, out);
      return true;
    case Op::kPi:
      acb_const_pi(out.get(), precision_);
      return true;
    case Op::kE:
      acb_zero(out.get());
      arb_const_e(out.real(), precision_);
      return true;
    case Op::kI:
      acb_onei(out.get());
      return true;
    case Op::kCall:
      return read_call(node, out);
    case Op::kBig:
      return read_big(node, out);
    case Op::kRoot:
      return read_root(node, out);
    case Op::kAdd:
    case Op::kMultiply:
    case Op::kDivide:
    case Op::kPower:
      return read_binary(node, out);
    case Op::kUnit:
    case Op::kPercent:
    case Op::kDegree:
    case Op::kNegate:
    case Op::kFactorial:
      return read_unary(node, out);
    default:
      return false;
  }
}

bool BallReader::read_unary(const Node& node, Ball& out) {
  Ball inner, pi;
  if (!read(*node.args[0], inner)) return false;
  switch (node.op) {
    case Op::kPercent:
      acb_div_ui(out.get(), inner.get(), 100, precision_);
      return true;
    case Op::kDegree:
      acb_const_pi(pi.get(), precision_);
      acb_mul(out.get(), inner.get(), pi.get(), precision_);
      acb_div_ui(out.get(), out.get(), 180, precision_);
      return true;
    case Op::kNegate:
      acb_neg(out.get(), inner.get());
      return true;
    case Op::kFactorial:
      acb_add_ui(inner.get(), inner.get(), 1, precision_);
      return one_argument("Gamma", inner, out);
    default:
      acb_set(out.get(), inner.get());
      return true;
  }
}

bool BallReader::read_binary(const Node& node, Ball& out) {
  Ball left, right;
  // e^x keeps its accuracy and its branch.
  if (node.op == Op::kPower && node.args[0]->op == Op::kE) {
    if (!read(*node.args[1], right) || !is_below(right.get(), kMaxSize)) return false;
    acb_exp(out.get(), right.get(), precision_);
    return acb_is_finite(out.get());
  }
  if (!read(*node.args[0], left) || !read(*node.args[1], right)) return false;
  if (node.op == Op::kPower) return power(left, right, out);
  if (node.op == Op::kDivide && acb_contains_zero(right.get())) return false;
  if (node.op == Op::kAdd)
    acb_add(out.get(), left.get(), right.get(), precision_);
  else if (node.op == Op::kMultiply)
    acb_mul(out.get(), left.get(), right.get(), precision_);
  else
    acb_div(out.get(), left.get(), right.get(), precision_);
  return true;
}

bool BallReader::read_root(const Node& node, Ball& out) {
  Ball inside, by;
  if (!read(*node.args[0], inside) || !read(*node.args[1], by) || acb_contains_zero(by.get()))
    return false;
  const mpq_class& index = node.args[1]->value;
  const bool plain = node.args[1]->op == Op::kNumber;
  if (plain && index == 2) {
    branch(inside);
    acb_sqrt(out.get(), inside.get(), precision_);
    return acb_is_finite(out.get());
  }
  const bool odd = plain && index.get_den() == 1 && mpz_odd_p(index.get_num_mpz_t());
  const bool negative = odd && acb_is_real(inside.get()) && arb_is_negative(inside.real());
  if (negative) acb_neg(inside.get(), inside.get());
  acb_inv(by.get(), by.get(), precision_);
  if (!power(inside, by, out)) return false;
  if (negative) acb_neg(out.get(), out.get());
  return true;
}

bool BallReader::read_call(const Node& node, Ball& out) {
  Ball x, y;
  if (is_free_call(node)) {
    const Node& arg = *node.args[0];
    has_symbols_ = true;
    symbol(node.text + "(" + (arg.op == Op::kNumber ? arg.value.get_str() : arg.text) + ")", out);
    return true;
  }
  if (node.args.empty() || node.args.size() > 2 || !read(*node.args[0], x)) return false;
  const std::string& name = node.text;
  if (node.args.size() == 1) {
    if (name != "log" && name != "lg") return one_argument(name, x, out);
    arb_set_ui(y.real(), 10);
  } else if (!read(*node.args[1], y)) {
    return false;
  }
  if (name == "log" || name == "lg") {
    if (acb_contains_zero(x.get()) || acb_contains_zero(y.get())) return false;
    branch(x);
    branch(y);
    acb_log(x.get(), x.get(), precision_);
    acb_log(y.get(), y.get(), precision_);
    if (acb_contains_zero(y.get())) return false;
    acb_div(out.get(), x.get(), y.get(), precision_);
    return true;
  }
  if (name == "binom") {
    Ball a, b, c;
    acb_add_ui(a.get(), x.get(), 1, precision_);
    acb_add_ui(b.get(), y.get(), 1, precision_);
    acb_sub(c.get(), a.get(), y.get(), precision_);
    if (!one_argument("Gamma", a, out) || !one_argument("Gamma", b, x) ||
        !one_argument("Gamma", c, y) || acb_contains_zero(x.get()) || acb_contains_zero(y.get()))
      return false;
    acb_div(out.get(), out.get(), x.get(), precision_);
    acb_div(out.get(), out.get(), y.get(), precision_);
    return true;
  }
  if (!acb_is_real(x.get()) || !acb_is_real(y.get())) return false;
  acb_zero(out.get());
  if (name == "min")
    arb_min(out.real(), x.real(), y.real(), precision_);
  else if (name == "max")
    arb_max(out.real(), x.real(), y.real(), precision_);
  else
    return false;
  return true;
}

bool BallReader::one_argument(const std::string& name, const Ball& x, Ball& out) {
  using Function = void (*)(acb_t, const acb_t, slong);
  struct Entry {
    std::string_view name;
    Function function;
    slong limit;  // of the argument's size, in bits
    bool is_branched;
  };
  static constexpr Entry kFunctions[] = {
      {"sin", acb_sin, kMaxAngle, false},     {"cos", acb_cos, kMaxAngle, false},
      {"tan", acb_tan, kMaxAngle, false},     {"cot", acb_cot, kMaxAngle, false},
      {"sec", acb_sec, kMaxAngle, false},     {"csc", acb_csc, kMaxAngle, false},
      {"sinh", acb_sinh, kMaxSize, false},    {"cosh", acb_cosh, kMaxSize, false},
      {"tanh", acb_tanh, kMaxSize, false},    {"coth", acb_coth, kMaxSize, false},
      {"asinh", acb_asinh, kMaxAngle, false}, {"acosh", acb_acosh, kMaxAngle, false},
      {"atanh", acb_atanh, kMaxAngle, false}, {"asin", acb_asin, kMaxAngle, false},
      {"acos", acb_acos, kMaxAngle, false},   {"atan", acb_atan, kMaxAngle, false},
      {"ln", acb_log, slong{1} << 40, true},  {"Gamma", acb_gamma, kMaxGamma, false},
  };
  for (const Entry& entry : kFunctions) {
    if (entry.name != name) continue;
    if (!is_below(x.get(), entry.limit)) return false;
    if (entry.is_branched) branch(x);
    // asin and the like leave the reals outside [-1, 1], which is a branch too.
    const bool real = acb_is_real(x.get());
    entry.function(out.get(), x.get(), precision_);
    const bool inverse = entry.name[0] == 'a';
    const bool leaves = branches_forbidden_ ? inverse && (name == "acosh" || !is_below(x.get(), 0))
                                            : real && !acb_is_real(out.get());
    if (leaves) left_reals_ = true;
    return acb_is_finite(out.get());
  }
  if (branches_forbidden_ && (name == "abs" || name == "Re" || name == "Im" || name == "floor" ||
                              name == "ceil" || name == "sgn"))
    left_reals_ = true;
  if (name == "abs") {
    arb_t size;
    arb_init(size);
    acb_abs(size, x.get(), precision_);
    acb_set_arb(out.get(), size);
    arb_clear(size);
    return true;
  }
  if (name == "Re" || name == "Im") {
    acb_set_arb(out.get(), name == "Re" ? acb_realref(x.get()) : acb_imagref(x.get()));
    return true;
  }
  if (!acb_is_real(x.get()) || !is_below(x.get(), 1024)) return false;
  acb_zero(out.get());
  if (name == "floor")
    arb_floor(out.real(), acb_realref(x.get()), precision_);
  else if (name == "ceil")
    arb_ceil(out.real(), acb_realref(x.get()), precision_);
  else if (name == "sgn")
    arb_sgn(out.real(), acb_realref(x.get()));
  else
    return false;
  return true;
}

}  // namespace laconic
