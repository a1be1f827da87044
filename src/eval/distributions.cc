// SPDX-License-Identifier: Apache-2.0
#include "eval/distributions.h"

#include <algorithm>
#include <boost/math/distributions/non_central_t.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/special_functions/beta.hpp>

#include "base/error.h"

namespace laconic {
namespace {

namespace policies = boost::math::policies;
// In double throughout, so that a number does not depend on what a machine's long double is; an
// argument outside a function's domain gives NaN, an overflow an infinity, neither throws.
using Policy = policies::policy<
    policies::promote_double<false>, policies::domain_error<policies::ignore_error>,
    policies::pole_error<policies::ignore_error>, policies::overflow_error<policies::ignore_error>,
    policies::evaluation_error<policies::ignore_error>>;
using Normal = boost::math::normal_distribution<double, Policy>;
using StudentT = boost::math::students_t_distribution<double, Policy>;
using NoncentralT = boost::math::non_central_t_distribution<double, Policy>;

}  // namespace

double regularised_beta(double a, double b, double x) {
  return boost::math::ibeta(a, b, std::clamp(x, 0.0, 1.0), Policy());
}

double beta_quantile(double p, double a, double b) {
  return boost::math::ibeta_inv(a, b, p, Policy());
}

double normal_cdf(double z) { return boost::math::cdf(Normal(), z); }

double normal_quantile(double p) {
  LACONIC_CHECK(p > 0 && p < 1, p);
  return boost::math::quantile(Normal(), p);
}

double student_t_cdf(double t, double degrees_of_freedom) {
  return boost::math::cdf(StudentT(degrees_of_freedom), t);
}

double student_t_quantile(double p, double degrees_of_freedom) {
  LACONIC_CHECK(p > 0 && p < 1 && degrees_of_freedom >= 1, p, ", ", degrees_of_freedom);
  return boost::math::quantile(StudentT(degrees_of_freedom), p);
}

double noncentral_t_upper(double t, double degrees_of_freedom, double noncentrality) {
  return boost::math::cdf(
      boost::math::complement(NoncentralT(degrees_of_freedom, noncentrality), t));
}

}  // namespace laconic
