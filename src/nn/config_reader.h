// Typed, named access to the fields of a config.json or of an object within it.
//
// An absent field and null are the same, except to `has`. What was asked for is remembered, so that
// the rest can be named. Errors: Error(kModel)
// `file: field: expected X, got Y`.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace laconic {

class Json;

inline constexpr int64_t kMaxWidth = int64_t{1} << 20;
inline constexpr int64_t kMaxCount = int64_t{1} << 12;  // layers, heads, head width
inline constexpr int64_t kMaxPositions = int64_t{1} << 40;

class ConfigReader {
 public:
  ConfigReader(const Json& json, std::string place)
      : json_(json),
        place_(std::move(place)),
        asked_(std::make_shared<std::set<std::string, std::less<>>>()) {}

  const std::string& place() const { return place_; }
  std::string where(std::string_view key) const;
  bool has(std::string_view key) const;
  const Json* find(std::string_view key) const;
  const Json& at(std::string_view key) const;
  // The object at `key`, whose fields are named "key.field"; `key` must be there.
  ConfigReader block(std::string_view key) const;

  const Json& json() const { return json_; }
  // Names of fields that are set (not null, false or empty) and were never asked for, "block.field"
  // within blocks that were.
  std::vector<std::string> unasked() const;

  int64_t count(std::string_view key, int64_t max) const;
  double positive(std::string_view key) const;
  double positive_or(std::string_view key, double absent) const;
  bool boolean(std::string_view key, bool absent) const;
  std::string text(std::string_view key) const;
  std::vector<std::string> texts(std::string_view key) const;
  std::vector<double> positives(std::string_view key) const;

 private:
  const Json& json_;
  std::string place_;
  std::string prefix_;                                         // of a block: "rope_scaling."
  std::shared_ptr<std::set<std::string, std::less<>>> asked_;  // of the file and all its blocks
};

}  // namespace laconic
