// SPDX-License-Identifier: Apache-2.0
#include "nn/finite.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace laconic {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kMax = std::numeric_limits<float>::max();

TEST(Finite, FindsTheFirstThatADtypeCannotHold) {
  std::vector<float> values(10000, 1.0f);
  for (const char* dtype : {"float32", "float16", "bfloat16"})
    EXPECT_EQ(find_unstorable(values, dtype), std::nullopt);
  for (const size_t at : {size_t{0}, size_t{4095}, size_t{4096}, size_t{9999}})
    for (const float bad : {std::nanf(""), -std::nanf(""), kInf, -kInf}) {
      std::vector<float> spoilt = values;
      spoilt[at] = spoilt.back() = bad;
      EXPECT_EQ(find_unstorable(spoilt, "float32"), at);
    }
}

TEST(Finite, KnowsTheLargestOfEachDtype) {
  const auto fits = [](float value, const char* dtype) {
    return !find_unstorable(std::vector<float>{value}, dtype);
  };
  EXPECT_TRUE(fits(kMax, "float32"));
  EXPECT_TRUE(fits(65519.0f, "float16"));  // rounds down to 65504
  EXPECT_FALSE(fits(-65520.0f, "float16"));
  EXPECT_TRUE(fits(3.3895314e38f, "bfloat16"));
  EXPECT_FALSE(fits(kMax, "bfloat16"));
  EXPECT_TRUE(fits(std::numeric_limits<float>::denorm_min(), "float16"));
}

TEST(Finite, NamesPlaceAndValue) {
  try {
    require_finite(std::vector<float>{1, -kInf}, ErrorKind::kModel, "m: tensor \"a\"");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kModel);
    EXPECT_STREQ(error.what(), "m: tensor \"a\": expected finite values, got -inf (value 2 of 2)");
  }
}

}  // namespace
}  // namespace laconic
