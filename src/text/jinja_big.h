// The inside of an integer beyond 64 bits, for the files that compute with it (GMP's header is
// heavy; jinja_integer.h is for the others).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmpxx.h>

#include "text/jinja_value.h"

namespace laconic::jinja {

struct Big {
  mpz_class value;
};

mpz_class to_mpz(const Value& value);  // REQUIRES: is_integral()
// 64 bits where they are enough. Error(kData) beyond kMaxIntegerBits.
Value from_mpz(mpz_class value);

}  // namespace laconic::jinja
