// Where functions of free names are compared, and what agreement at those points is worth.
//
// Smooth functions (compositions of analytic ones) that agree to 160 bits at pseudo-random points
// agree: no proof, but as good as one. Three kinds are not smooth:
//   * roots, logarithms and inverse functions have branches, so far points, the constants of the
//   expression
//     and negative values are tried too; where they part the two are equal in part only;
//   * |x|, min and max have kinks: each kink that is linear in one name is found, and points on
//   both sides of
//     every one are compared; with any other kink nothing is claimed;
//   * floor, ceil, sgn and mod jump everywhere, so agreement proves nothing. They are tried at
//   whole numbers.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "eval/math_numeric.h"
#include "eval/math_tree.h"

namespace laconic {

// Two expressions of which one at least has free names.
NumericResult compare_functions(const Node& a, const Node& b);

}  // namespace laconic
