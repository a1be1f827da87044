// Values of expressions in ball arithmetic (Arb), and what they prove.
//
// A ball holds the exact value for certain, so disjoint balls prove that two expressions differ.
// Overlapping balls prove nothing by themselves:
//   * of algebraic constants (rationals, radicals, i, sines of rational multiples of \pi) a
//   difference
//     that is not zero is U / L with algebraic integers U and L of a field of degree D; the norm of
//     U is an integer, so |U / L| is at least 1 / (l u^(D - 1)), where u and l bound all conjugates
//     (after Burnikel, Fleischer, Mehlhorn, Schirra 2000: "A strong and easily computable
//     separation bound for arithmetic expressions involving radicals"). A ball below that size is
//     zero: a proof (kZero);
//   * otherwise agreement to kAgreementBits at kPoints pseudo-random points (or, of a constant, to
//     kConstantBits) is kAgree: no proof, and the verdict's reason says so.
// Symbols stand for positive reals; a point where a root or a logarithm leaves the reals is passed
// over. `kAgreeForPositive`: the two differ as soon as symbols may be negative.
// Points depend on the symbols' names only: deterministic. No clock; precision and the sizes of
// exponents are bounded. Thread-safe (FLINT's caches are per thread).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "eval/math_ball.h"
#include "eval/math_tree.h"

namespace laconic {

inline constexpr int kPoints = 6, kTriedPoints = 24;
inline constexpr long kAgreementBits = 160, kConstantBits = 1024, kMaxBoundBits = 12000;

enum class NumericResult {
  kDifferent,
  kZero,
  kAgree,
  kAgreeForPositive,  // they differ as soon as names may be negative
  kAgreeInPart,       // they differ elsewhere: beyond a branch, or between whole numbers
  kUnknown
};

// Both at one point.
enum class AtPoint { kDifferent, kAgree, kUnclear, kNoValue };
struct PointComparison {
  AtPoint at = AtPoint::kNoValue;
  bool left_reals = false;    // a root or logarithm did
  bool has_symbols = false;   // one of them has free names
  bool is_estimated = false;  // extrapolated (eval/math_big.cc)
};
PointComparison compare_at(const Node& a, const Node& b, const Point& point, long precision);

// Compares two values (no structures, no +-).
NumericResult compare_numerically(const Node& a, const Node& b);

// The order of two real constants: -1, 0 (not told apart), 1; `known` false where one is no real
// number.
int compare_real_constants(const Node& a, const Node& b, bool& known);

// Whether decimal `rounded` (a number or its negative) is the value of `exact` to the places that
// it shows: |rounded - exact| <= unit / 2 for certain. `unit` is the value of its last digit.
bool is_rounding_of(const mpq_class& rounded, const mpq_class& unit, const Node& exact);

}  // namespace laconic
