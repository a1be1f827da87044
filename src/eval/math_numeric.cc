// SPDX-License-Identifier: Apache-2.0
#include "eval/math_numeric.h"

#include <algorithm>
#include <optional>

#include "eval/math_ball.h"
#include "eval/math_bound.h"
#include "eval/math_points.h"

namespace laconic {
namespace {

// Whether |x| < 2^-bits.
bool is_tiny(acb_srcptr x, slong bits) {
  mag_t size, limit;
  mag_init(size);
  mag_init(limit);
  acb_get_mag(size, x);
  mag_set_ui_2exp_si(limit, 1, -bits);
  const bool tiny = mag_cmp(size, limit) < 0;
  mag_clear(size);
  mag_clear(limit);
  return tiny;
}

}  // namespace

PointComparison compare_at(const Node& a, const Node& b, const Point& point, long precision) {
  BallReader reader(point, precision);
  Ball x, y, difference, size;
  PointComparison out;
  const bool has_values = reader.read(a, x) && reader.read(b, y);
  out.left_reals = reader.left_reals();
  out.has_symbols = reader.has_symbols();
  out.is_estimated = reader.is_estimated();
  if (!has_values || !acb_is_finite(x.get()) || !acb_is_finite(y.get())) return out;
  acb_sub(difference.get(), x.get(), y.get(), precision);
  if (!acb_contains_zero(difference.get())) {
    out.at = AtPoint::kDifferent;
    return out;
  }
  // Agreement is relative to the larger of the two, so that 1/2004! is not 1/2006!.
  acb_srcptr larger =
      acb_rel_accuracy_bits(x.get()) > acb_rel_accuracy_bits(y.get()) ? x.get() : y.get();
  if (acb_contains_zero(larger)) {
    out.at = is_tiny(x.get(), precision / 2) && is_tiny(y.get(), precision / 2) ? AtPoint::kAgree
                                                                                : AtPoint::kUnclear;
    return out;
  }
  acb_div(size.get(), difference.get(), larger, 64);
  const bool close = acb_is_finite(size.get()) && is_tiny(size.get(), precision / 2);
  out.at = close ? AtPoint::kAgree : AtPoint::kUnclear;
  return out;
}

namespace {

// Two constants of which one was extrapolated: right where they agree to 52 bits, different where
// they part within the first 20.
NumericResult compare_estimates(const Node& a, const Node& b) {
  BallReader reader({}, 192);
  Ball x, y;
  if (!reader.read(a, x) || !reader.read(b, y)) return NumericResult::kUnknown;
  acb_sub(y.get(), x.get(), y.get(), 192);
  Ball scale;
  acb_abs(scale.real(), x.get(), 64);
  arb_add_ui(scale.real(), scale.real(), 1, 64);
  acb_div(y.get(), y.get(), scale.get(), 192);
  if (!acb_is_finite(y.get())) return NumericResult::kUnknown;
  if (is_tiny(y.get(), 52)) return NumericResult::kAgree;
  return acb_contains_zero(y.get()) || is_tiny(y.get(), 20) ? NumericResult::kUnknown
                                                            : NumericResult::kDifferent;
}

// Two constants: by the zero bound where there is one.
NumericResult compare_constants(const Node& a, const Node& b) {
  for (const slong precision : {slong{128}, slong{2 * kConstantBits}}) {
    const PointComparison got = compare_at(a, b, {}, precision);
    if (got.is_estimated) return compare_estimates(a, b);
    if (got.at == AtPoint::kDifferent) return NumericResult::kDifferent;
    if (got.at == AtPoint::kNoValue) return NumericResult::kUnknown;
    if (precision < kConstantBits) continue;
    Arena arena;
    const Node* minus = arena.make(Op::kNegate, {&b});
    const Node* difference = arena.make(Op::kAdd, {&a, minus});
    const std::optional<long> bits = zero_bound_bits(*difference, kMaxBoundBits);
    if (!bits) return got.at == AtPoint::kAgree ? NumericResult::kAgree : NumericResult::kUnknown;
    Ball value;
    BallReader reader({}, *bits + 128);
    if (!reader.read(*difference, value)) return NumericResult::kUnknown;
    if (!acb_contains_zero(value.get())) return NumericResult::kDifferent;
    return is_tiny(value.get(), *bits) ? NumericResult::kZero : NumericResult::kUnknown;
  }
  return NumericResult::kUnknown;
}

}  // namespace

NumericResult compare_numerically(const Node& a, const Node& b) {
  const PointComparison first = compare_at(a, b, {}, 128);
  if (!first.has_symbols) return compare_constants(a, b);
  return compare_functions(a, b);
}

int compare_real_constants(const Node& a, const Node& b, bool& known) {
  BallReader reader({}, 192);
  Ball x, y;
  known = reader.read(a, x) && reader.read(b, y) && !reader.has_symbols() && acb_is_real(x.get()) &&
          acb_is_real(y.get());
  if (!known) return 0;
  if (arb_lt(x.real(), y.real())) return -1;
  return arb_gt(x.real(), y.real()) ? 1 : 0;
}

bool is_rounding_of(const mpq_class& rounded, const mpq_class& unit, const Node& exact) {
  BallReader reader({}, 256);
  Ball value, other;
  if (!reader.read(exact, value) || reader.has_symbols() || !acb_is_real(value.get())) return false;
  set_rational(other.real(), rounded, 256);
  arb_sub(value.real(), value.real(), other.real(), 256);
  arb_abs(value.real(), value.real());
  set_rational(other.real(), unit / 2, 256);
  return arb_le(value.real(), other.real());
}

}  // namespace laconic
