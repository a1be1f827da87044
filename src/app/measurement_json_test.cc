// SPDX-License-Identifier: Apache-2.0
#include "app/measurement_json.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/error.h"

namespace laconic {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Measurement through_text(const Measurement& measurement) {
  return measurement_from_json(Json::parse(measurement_to_json(measurement).dump(), "text"),
                               "text");
}

TEST(MeasurementJson, NumbersComeBackWithTheSameBits) {
  const Measurement was = {1.0 / 3, 0.1 / 7, 145.8 / 3, 1e-3 / 3};
  const Measurement now = through_text(was);
  EXPECT_EQ(now.accuracy, was.accuracy);
  EXPECT_EQ(now.accuracy_se, was.accuracy_se);
  EXPECT_EQ(now.tokens, was.tokens);
  EXPECT_EQ(now.tokens_se, was.tokens_se);
}

TEST(MeasurementJson, UnknownStandardErrorsComeBackInfinite) {
  const Measurement now = through_text({0.5, kInfinity, 20, kInfinity});
  EXPECT_EQ(now.accuracy_se, kInfinity);
  EXPECT_EQ(now.tokens_se, kInfinity);
}

TEST(MeasurementJson, AnUnknownMeanIsAnError) {
  const Json json = Json::parse(
      R"({"accuracy": null, "accuracy_se": 0.1, "tokens": 3, "tokens_se": 1})", "bounds");
  try {
    measurement_from_json(json, "bounds");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kData);
    EXPECT_NE(std::string(error.what()).find("bounds: accuracy"), std::string::npos);
  }
}

}  // namespace
}  // namespace laconic
