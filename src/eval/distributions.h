// The distributions that intervals, tests and sample sizes need: beta, normal, Student's t, and the
// power of a one-sided t test.
//
// Boost.Math behind one file, which keeps its compile time out of every other. Checked against
// SciPy to 1e-8 and better (tests/golden/make_statistics.py). All in double: the same numbers on
// every machine. Pure functions, no errors; an argument outside the domain gives NaN.
// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace laconic {

// I_x(a, b). REQUIRES: a > 0, b > 0; x outside [0, 1] is taken as its nearest end.
double regularised_beta(double a, double b, double x);
double beta_quantile(double p, double a, double b);

double normal_cdf(double z);
double normal_quantile(double p);  // REQUIRES: 0 < p < 1

double student_t_cdf(double t, double degrees_of_freedom);
double student_t_quantile(double p, double degrees_of_freedom);

// P(T > t) of the noncentral t distribution: the power of a t test with critical value t whose
// statistic has mean shift `noncentrality` in units of its standard error.
double noncentral_t_upper(double t, double degrees_of_freedom, double noncentrality);

}  // namespace laconic
