// Golden numbers of tests/golden/make_statistics.py and made-up records, for tests.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "eval/statistics.h"

namespace laconic {

inline SampleRecord record(const std::string& id, bool right, int64_t tokens) {
  SampleRecord out;
  out.id = id;
  out.verdict = right ? "right" : "wrong";
  out.num_tokens = tokens;
  out.finish_reason = "stop";
  return out;
}

class StatisticsGolden : public testing::Test {
 protected:
  StatisticsGolden()
      : path_(std::string(LACONIC_SOURCE_DIR) + "/tests/golden/statistics.json"),
        golden_(Json::parse(read_file(path_), path_)) {}
  std::vector<SampleRecord> samples(const char* name) const {
    std::vector<SampleRecord> out;
    for (const Json& row : golden_.at("samples", "").at(name, "").as_array("")) {
      const Json::Array& cells = row.as_array("");
      out.push_back(
          record(cells[0].as_string(""), cells[1].as_integer("") == 1, cells[2].as_integer("")));
    }
    return out;
  }
  double number(const char* name) const { return golden_.at(name, "").as_number(""); }
  double number(const char* name, size_t i) const {
    return golden_.at(name, "").as_array("")[i].as_number("");
  }
  // Rows of numbers.
  std::vector<std::vector<double>> rows(const char* name) const {
    std::vector<std::vector<double>> out;
    for (const Json& row : golden_.at(name, "").as_array("")) {
      std::vector<double>& numbers = out.emplace_back();
      for (const Json& cell : row.as_array("")) numbers.push_back(cell.as_number(""));
    }
    return out;
  }
  void expect_difference(const PairedDifference& got, const char* name) const {
    const Json& want = golden_.at(name, "");
    EXPECT_NEAR(got.mean, want.at("mean", "").as_number(""), 1e-10);
    EXPECT_NEAR(got.se, want.at("se", "").as_number(""), 1e-10);
    EXPECT_NEAR(got.interval.low, want.at("low", "").as_number(""), 1e-9);
    EXPECT_NEAR(got.interval.high, want.at("high", "").as_number(""), 1e-9);
  }
  std::string path_;
  Json golden_;
};

}  // namespace laconic
