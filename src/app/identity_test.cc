// SPDX-License-Identifier: Apache-2.0
#include "app/identity.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace laconic {
namespace {

std::string difference(const char* before, const char* now) {
  return first_difference(Json::parse(before, "before"), Json::parse(now, "now"));
}

TEST(Identity, TheFirstDifferenceIsNamedWhicheverSideHasIt) {
  EXPECT_EQ(difference(R"({"a": 1, "b": "x"})", R"({"b": "x", "a": 1})"), "");
  EXPECT_EQ(difference(R"({"a": 1})", R"({"a": 2})"), "a 1, got 2");
  EXPECT_EQ(difference(R"({})", R"({"a": 2})"), "a none, got 2");
  // A setting that is written only where it is not the default.
  EXPECT_EQ(difference(R"({"weights": "int8"})", R"({})"), R"(weights "int8", got none)");
  EXPECT_EQ(difference(R"({"s": {"t": 1, "u": 2}})", R"({"s": {"t": 1}})"), "u 2, got none");
  // Within an object order is nothing, and what stands behind it is looked at too.
  EXPECT_EQ(difference(R"({"s": {"t": 1, "u": 2}, "b": 3})", R"({"s": {"u": 2, "t": 1}, "b": 3})"),
            "");
  EXPECT_EQ(difference(R"({"s": {"t": 1, "u": 2}, "b": 3})", R"({"s": {"u": 2, "t": 1}, "b": 4})"),
            "b 3, got 4");
}

std::string warnings(const char* before, const char* now) {
  ::testing::internal::CaptureStderr();
  warn_of_changes(Json::parse(before, "before"), Json::parse(now, "now"), "RUN");
  return ::testing::internal::GetCapturedStderr();
}

TEST(Identity, ChangesAreWarnedOfOneByOne) {
  const char* now = R"({"commit": "b", "threads": 2})";
  EXPECT_EQ(warnings(R"({"commit": "b", "threads": 2, "version": "0"})", now), "");
  EXPECT_EQ(warnings(R"({"version": "0"})", now), "");  // of a version that did not say
  const std::string both = warnings(R"({"commit": "a", "threads": 1})", now);
  EXPECT_NE(both.find(R"(RUN: commit was "a", now "b")"), std::string::npos) << both;
  EXPECT_NE(both.find("RUN: threads was 1, now 2"), std::string::npos) << both;
}

}  // namespace
}  // namespace laconic
