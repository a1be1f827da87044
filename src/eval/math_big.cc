// Sums, products, integrals and limits: exactly where they are finite, in ball arithmetic
// elsewhere.
//
// Integrals over finite ranges are enclosed (Petras' algorithm as FLINT has it: F. Johansson 2018,
// "Numerical integration in arbitrary-precision ball arithmetic", arXiv 1802.07942). Limits,
// infinite sums and improper integrals are extrapolated: values at h = 2^-j (or N = 2^j) by
// Richardson's table, which converges wherever there is an expansion in whole powers of h. Two
// columns that agree to kSeriesBits are taken as the value, and is_estimated() says that it is no
// proof; anything else has no value.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <deque>
#include <functional>

#if __has_include(<flint/acb_calc.h>)
#include <flint/acb_calc.h>
#else
#include <acb_calc.h>
#endif

#include "eval/math_ball.h"
#include "eval/math_exact.h"

namespace laconic {
namespace {

// Work: terms of one sum read exactly, evaluations of bodies in one expression, evaluations of one
// integral.
constexpr long kMaxExactTerms = 1000;
constexpr size_t kMaxEvaluations = 12000, kMaxFreeEvaluations = 1000, kMaxExactNodes = 20000;
constexpr slong kMaxFiniteTerms = 512, kMaxIntegralCalls = 1500;
constexpr slong kSeriesBits = 60, kWorkingBits = 320;
constexpr slong kVanishingBits = 8;  // of the last term
constexpr int kSeriesSteps = 12, kLimitSteps = 26;

size_t size_of(const Node& node) {
  size_t out = 1;
  for (const Node* arg : node.args) out += size_of(*arg);
  return out;
}

bool is_infinity(const Node& node) {
  return node.op == Op::kInfinity || (node.op == Op::kNegate && is_infinity(*node.args[0]));
}

// Whether |x - y| < 2^-bits (1 + |x|).
bool agree(const Ball& x, const Ball& y, slong bits) {
  Ball difference;
  acb_sub(difference.get(), x.get(), y.get(), kWorkingBits);
  if (!acb_is_finite(difference.get())) return false;
  mag_t size, limit, one;
  mag_init(size);
  mag_init(limit);
  mag_init(one);
  acb_get_mag(size, difference.get());
  acb_get_mag(limit, x.get());
  mag_one(one);
  mag_add(limit, limit, one);
  mag_mul_2exp_si(limit, limit, -bits);
  const bool out = mag_cmp(size, limit) < 0;
  mag_clear(size);
  mag_clear(limit);
  mag_clear(one);
  return out;
}

// A multiple of a step that no period divides: at 1, 2, 4, ... cos(2 pi x) would seem to have a
// limit.
void no_period(slong times, Ball& out) {
  acb_set_si(out.get(), 739 * times);
  acb_div_ui(out.get(), out.get(), 1000, kWorkingBits);
}

// The value at h = 0 of what has an expansion in powers of h, from its values at h, h/2, h/4, ...;
// false: they do not converge.
class Richardson {
 public:
  void add(const Ball& value) {
    std::deque<Ball> row;
    acb_set(row.emplace_back().get(), value.get());
    for (size_t k = 0; k < last_.size(); ++k) {
      Ball& next = row.emplace_back();
      const auto power = static_cast<slong>(k) + 1;
      acb_mul_2exp_si(next.get(), row[k].get(), power);
      acb_sub(next.get(), next.get(), last_[k].get(), kWorkingBits);
      Ball by;
      acb_one(by.get());
      acb_mul_2exp_si(by.get(), by.get(), power);
      acb_sub_ui(by.get(), by.get(), 1, kWorkingBits);
      acb_div(next.get(), next.get(), by.get(), kWorkingBits);
    }
    before_.swap(last_);
    last_.swap(row);
  }

  bool value(Ball& out) const {
    if (before_.size() < 6) return false;
    // From the last column on: what converges faster than any power of h has done so in the first.
    for (size_t k = before_.size(); k-- > 0;) {
      if (!agree(last_[k], before_[k], kSeriesBits)) continue;
      acb_set(out.get(), last_[k].get());
      arb_add_error_2exp_si(out.real(), -kSeriesBits);
      return true;
    }
    return false;
  }

 private:
  std::deque<Ball> last_, before_;
};

// A whole number of a node that is a constant; nothing: none, or too large.
std::optional<long> whole_number(ExactReader& reader, const Node& node) {
  const auto form = reader.read(node);
  mpq_class value;
  if (!form || !is_constant(*form, value) || value.get_den() != 1 ||
      !value.get_num().fits_slong_p())
    return std::nullopt;
  const long out = value.get_num().get_si();
  return std::abs(out) <= 1000000000 ? std::optional<long>(out) : std::nullopt;
}

struct Integrand {
  BallReader* reader;
  const Node* body;
  const std::string* variable;
};

int integrand(acb_ptr out, const acb_t at, void* parameter, slong order, slong) {
  const auto* f = static_cast<const Integrand*>(parameter);
  Ball value, result;
  acb_set(value.get(), at);
  f->reader->forbid_branches(order != 0);
  const bool known = f->reader->read_bound(*f->body, *f->variable, value, result);
  f->reader->forbid_branches(false);
  if (known)
    acb_set(out, result.get());
  else
    acb_indeterminate(out);
  return 0;
}

}  // namespace

// ---------------------------------------------------------------------------- exact

std::optional<Fraction> ExactReader::read_big(const Node& node) {
  if (node.text == "int") return integral(node);
  if (node.text != "sum" && node.text != "prod") return std::nullopt;
  const auto from = whole_number(*this, *node.args[2]);
  const auto to = from ? whole_number(*this, *node.args[3]) : std::nullopt;
  if (!to || *to - *from >= kMaxExactTerms) return std::nullopt;
  const bool is_sum = node.text == "sum";
  const size_t size = size_of(*node.args[1]);
  Fraction out = constant_fraction(is_sum ? 0 : 1);
  bound_.emplace_back(node.args[0]->text, Fraction{});
  const size_t depth = bound_.size();
  bool known = true;
  for (long k = *from; known && k <= *to; ++k) {
    big_terms_ += size;
    bound_[depth - 1].second = constant_fraction(k);
    const Result term = big_terms_ <= kMaxExactNodes ? read(*node.args[1]) : std::nullopt;
    known = term.has_value();
    if (known) out = is_sum ? kernels_.add(out, *term) : kernels_.multiply(out, *term);
    known = known && !kernels_.failed();
  }
  bound_.pop_back();
  return known ? Result(out) : std::nullopt;
}

// Of sums of powers of the variable, term by term.
std::optional<Fraction> ExactReader::integral(const Node& node) {
  if (is_infinity(*node.args[2]) || is_infinity(*node.args[3])) return std::nullopt;
  const Result from = read(*node.args[2]);
  const Result to = from ? read(*node.args[3]) : std::nullopt;
  const std::string& x = node.args[0]->text;
  const Result body = to ? read(*node.args[1]) : std::nullopt;
  if (!body || kernels_.failed()) return std::nullopt;
  const int variable = kernels_.intern(x, true);
  const auto is_free = [&](const Monomial& monomial) {
    return std::all_of(monomial.begin(), monomial.end(), [&](const auto& factor) {
      return factor.first == variable || kernels_.at(factor.first).key.find(x) == std::string::npos;
    });
  };
  for (const auto& [monomial, coefficient] : body->below) {
    for (const auto& factor : monomial) {
      if (factor.first == variable) return std::nullopt;
    }
    if (!is_free(monomial)) return std::nullopt;
  }
  Fraction out = constant_fraction(0);
  for (const auto& [monomial, coefficient] : body->above) {
    if (!is_free(monomial)) return std::nullopt;
    Monomial rest;
    mpq_class power = 1;
    for (const auto& factor : monomial) {
      if (factor.first == variable)
        power += factor.second;
      else
        rest.push_back(factor);
    }
    // A pole may be within; \int 1/x is left to ball arithmetic.
    if (power < 1) return std::nullopt;
    const Result high = rational_power(*to, power);
    const Result low = high ? rational_power(*from, power) : std::nullopt;
    if (!low) return std::nullopt;
    const Poly factor = {{rest, mpq_class(coefficient / power)}};
    out =
        kernels_.add(out, kernels_.multiply(kernels_.add(*high, *low, -1), {factor, body->below}));
  }
  return kernels_.failed() ? std::nullopt : Result(out);
}

// ---------------------------------------------------------------------------- balls

bool BallReader::read_bound(const Node& body, const std::string& variable, const Ball& value,
                            Ball& out) {
  evaluations_ += 1 + size_of(body) / 8;
  if (evaluations_ > (has_symbols_ ? kMaxFreeEvaluations : kMaxEvaluations)) return false;
  bound_.emplace_back(variable, &value);
  const bool left = std::exchange(left_reals_, false);
  const bool known = read(body, out) && acb_is_finite(out.get()) && !left_reals_;
  left_reals_ = left;
  bound_.pop_back();
  return known;
}

bool BallReader::read_big(const Node& node, Ball& out) {
  if (node.text.starts_with("lim")) return read_limit(node, out);
  if (node.text == "int") return read_integral(node, out);
  AtomTable kernels;
  ExactReader reader(kernels);
  const auto from = whole_number(reader, *node.args[2]);
  if (!from) return false;
  if (node.args[3]->op == Op::kInfinity) return read_series(node, *from, out);
  const auto to = whole_number(reader, *node.args[3]);
  return to && *to - *from < kMaxFiniteTerms && read_finite(node, *from, *to, out);
}

bool BallReader::read_finite(const Node& node, slong from, slong to, Ball& out) {
  const bool is_sum = node.text == "sum";
  Ball k, term;
  if (is_sum)
    acb_zero(out.get());
  else
    acb_one(out.get());
  for (slong i = from; i <= to; ++i) {
    acb_set_si(k.get(), i);
    if (!read_bound(*node.args[1], node.args[0]->text, k, term)) return false;
    if (is_sum)
      acb_add(out.get(), out.get(), term.get(), precision_);
    else
      acb_mul(out.get(), out.get(), term.get(), precision_);
  }
  return true;
}

// Partial sums (products) of 1, 2, 4, ... terms.
bool BallReader::read_series(const Node& node, slong from, Ball& out) {
  const slong precision = std::exchange(precision_, kWorkingBits);
  const bool is_sum = node.text == "sum";
  Richardson table;
  Ball k, term, partial;
  if (!is_sum) acb_one(partial.get());
  slong next = from;
  bool known = true;
  for (int step = 0; known && step <= kSeriesSteps; ++step) {
    for (; known && next < from + (slong{1} << step); ++next) {
      acb_set_si(k.get(), next);
      known = read_bound(*node.args[1], node.args[0]->text, k, term);
      if (!known) break;
      if (is_sum)
        acb_add(partial.get(), partial.get(), term.get(), precision_);
      else
        acb_mul(partial.get(), partial.get(), term.get(), precision_);
    }
    // An even number of terms, so that signs that alternate do not.
    if (step > 0) table.add(partial);
  }
  precision_ = precision;
  is_estimated_ = true;
  // 1 - 1 + 1 - ... has even sums 0, but no value.
  Ball neutral;
  if (!is_sum) acb_one(neutral.get());
  return known && agree(neutral, term, kVanishingBits) && table.value(out);
}

bool BallReader::integrate(const Node& node, const Ball& from, const Ball& to, Ball& out) {
  acb_calc_integrate_opt_t options;
  acb_calc_integrate_opt_init(options);
  options->eval_limit = kMaxIntegralCalls;
  mag_t tolerance;
  mag_init(tolerance);
  mag_set_ui_2exp_si(tolerance, 1, -kSeriesBits - 8);
  Integrand f = {this, node.args[1], &node.args[0]->text};
  const slong precision = std::exchange(precision_, 128);
  acb_calc_integrate(out.get(), integrand, &f, from.get(), to.get(), kSeriesBits + 8, tolerance,
                     options, 128);
  precision_ = precision;
  mag_clear(tolerance);
  Ball zero;
  acb_sub(zero.get(), out.get(), out.get(), 128);  // twice the radius
  return acb_is_finite(out.get()) && agree(zero, Ball(), kSeriesBits);
}

// An infinite end is a limit: ends at 1, 2, 4, ... from the other one (or from 0).
bool BallReader::read_integral(const Node& node, Ball& out) {
  const bool low = is_infinity(*node.args[2]), high = is_infinity(*node.args[3]);
  Ball from, to;
  if ((!low && !read(*node.args[2], from)) || (!high && !read(*node.args[3], to))) return false;
  is_estimated_ = true;  // to fewer bits than constants are compared
  if (!low && !high) return integrate(node, from, to, out);
  if (low && node.args[2]->op != Op::kNegate) return false;
  if (high && node.args[3]->op == Op::kNegate) return false;
  acb_zero(out.get());
  for (const int side : {-1, 1}) {
    if (side < 0 ? !low : !high) continue;
    const Ball& start = side < 0 ? to : from;
    Richardson table;
    Ball end, total, piece, at;
    acb_set(at.get(), start.get());
    for (int step = 0; step <= kSeriesSteps; ++step) {
      no_period(side * (slong{1} << step), end);
      acb_add(end.get(), end.get(), start.get(), kWorkingBits);
      if (!integrate(node, side < 0 ? end : at, side < 0 ? at : end, piece)) return false;
      acb_add(total.get(), total.get(), piece.get(), kWorkingBits);
      acb_set(at.get(), end.get());
      table.add(total);
    }
    if (!table.value(total)) return false;
    acb_add(out.get(), out.get(), total.get(), kWorkingBits);
  }
  return true;
}

// The limit from one side: 1 from above, -1 from below; towards infinity where the point is.
bool BallReader::one_sided(const Node& node, int side, Ball& out) {
  const Node& point = *node.args[2];
  const bool infinite = is_infinity(point);
  const bool negative = infinite ? point.op == Op::kNegate : side < 0;
  const slong precision = std::exchange(precision_, kWorkingBits);
  Ball at, x, value;
  bool known = infinite || read(point, at);
  Richardson table;
  for (int step = 2; known && step <= kLimitSteps; ++step) {
    no_period(negative ? -1 : 1, x);
    acb_mul_2exp_si(x.get(), x.get(), infinite ? step : -step);
    if (!infinite) acb_add(x.get(), x.get(), at.get(), kWorkingBits);
    known = read_bound(*node.args[1], node.args[0]->text, x, value);
    if (known) table.add(value);
  }
  precision_ = precision;
  is_estimated_ = true;
  return known && table.value(out);
}

bool BallReader::read_limit(const Node& node, Ball& out) {
  if (is_infinity(*node.args[2])) return node.text == "lim" && one_sided(node, 1, out);
  if (node.text == "lim+") return one_sided(node, 1, out);
  if (node.text == "lim-") return one_sided(node, -1, out);
  Ball below;
  // One that exists from one side alone ("\sqrt{x}" at 0) is not decided.
  return one_sided(node, 1, out) && one_sided(node, -1, below) &&
         agree(out, below, kSeriesBits / 2);
}

}  // namespace laconic
