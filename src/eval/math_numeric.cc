// SPDX-License-Identifier: Apache-2.0
#include "eval/math_numeric.h"

#include <algorithm>
#include <optional>

#include "eval/math_ball.h"
#include "eval/math_bound.h"

namespace laconic {
namespace {

enum class AtPoint { kDifferent, kAgree, kUnclear, kNoValue };

struct Comparison {
  AtPoint at = AtPoint::kNoValue;
  bool left_reals = false;
  bool has_symbols = false;
};

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

Comparison compare_at(const Node& a, const Node& b, Point point, slong precision) {
  BallReader reader(point, precision);
  Ball x, y, difference, size;
  Comparison out;
  const bool has_values = reader.read(a, x) && reader.read(b, y);
  out.left_reals = reader.left_reals();
  out.has_symbols = reader.has_symbols();
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

// Two constants: by the zero bound where there is one.
NumericResult compare_constants(const Node& a, const Node& b) {
  for (const slong precision : {slong{128}, slong{2 * kConstantBits}}) {
    const Comparison got = compare_at(a, b, {}, precision);
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

// How many of the points agree; -1: one proves a difference.
int agreeing_points(const Node& a, const Node& b, bool negative) {
  int agreeing = 0;
  for (int index = 0; index < kTriedPoints && agreeing < kPoints; ++index) {
    const Comparison got = compare_at(a, b, {index, negative}, 2 * kAgreementBits);
    if (got.left_reals || got.at == AtPoint::kNoValue) continue;
    if (got.at == AtPoint::kDifferent) return -1;
    if (got.at == AtPoint::kAgree) ++agreeing;
  }
  return agreeing;
}

}  // namespace

NumericResult compare_numerically(const Node& a, const Node& b) {
  const Comparison first = compare_at(a, b, {}, 128);
  if (!first.has_symbols) return compare_constants(a, b);
  const int agreeing = agreeing_points(a, b, false);
  if (agreeing < 0) return NumericResult::kDifferent;
  if (agreeing < kPoints) return NumericResult::kUnknown;
  return agreeing_points(a, b, true) < 0 ? NumericResult::kAgreeForPositive : NumericResult::kAgree;
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
