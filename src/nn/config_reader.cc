// SPDX-License-Identifier: Apache-2.0
#include "nn/config_reader.h"

#include "base/error.h"
#include "base/json.h"

namespace laconic {

std::string ConfigReader::where(std::string_view key) const {
  return cat(place_, ": ", prefix_, key);
}

bool ConfigReader::has(std::string_view key) const {
  asked_->insert(cat(prefix_, key));
  return json_.find(key) != nullptr;
}

namespace {

bool is_unset(const Json& value) {
  return value.is_null() || value == Json(false) || value == Json("") ||
         ((value.is_array() || value.is_object()) && value.size() == 0);
}

}  // namespace

std::vector<std::string> ConfigReader::unasked() const {
  std::vector<std::string> names;
  const auto visit = [&](const auto& self, const Json& object, const std::string& prefix) -> void {
    for (const auto& [key, value] : object.as_object(place_)) {
      const std::string name = prefix + key;
      const auto inner = asked_->lower_bound(name + ".");
      const bool is_block = inner != asked_->end() && inner->starts_with(name + ".");
      if (is_block && value.is_object())
        self(self, value, name + ".");
      else if (!is_unset(value) && !asked_->contains(name))
        names.push_back(name);
    }
  };
  visit(visit, json_, prefix_);
  return names;
}

const Json* ConfigReader::find(std::string_view key) const {
  asked_->insert(cat(prefix_, key));
  const Json* value = json_.find(key);
  return value && !value->is_null() ? value : nullptr;
}

const Json& ConfigReader::at(std::string_view key) const {
  const Json* value = find(key);
  require(value != nullptr, ErrorKind::kModel, place_, ": expected a field \"", prefix_, key,
          "\", got none");
  return *value;
}

ConfigReader ConfigReader::block(std::string_view key) const {
  const Json& value = at(key);
  require(value.is_object(), ErrorKind::kModel, where(key), ": expected an object, got ",
          value.kind_name());
  ConfigReader reader(value, place_);
  reader.prefix_ = cat(prefix_, key, ".");
  reader.asked_ = asked_;
  return reader;
}

int64_t ConfigReader::count(std::string_view key, int64_t max) const {
  const Json& value = at(key);
  require(value.is_integer(), ErrorKind::kModel, where(key), ": expected an integer, got ",
          value.kind_name());
  const int64_t number = value.as_integer(place_);
  require(number >= 1 && number <= max, ErrorKind::kModel, where(key),
          ": expected an integer from 1 to ", max, ", got ", number);
  return number;
}

namespace {

double positive_number(const Json& value, const std::string& where) {
  require(value.is_number(), ErrorKind::kModel, where, ": expected a number, got ",
          value.kind_name());
  const double number = value.as_number(where);
  require(number > 0 && number < 1e18, ErrorKind::kModel, where,
          ": expected a positive number, got ", number);
  return number;
}

const Json::Array& array_of(const Json& value, const std::string& where) {
  require(value.is_array(), ErrorKind::kModel, where, ": expected an array, got ",
          value.kind_name());
  return value.as_array(where);
}

}  // namespace

double ConfigReader::positive(std::string_view key) const {
  return positive_number(at(key), where(key));
}

double ConfigReader::positive_or(std::string_view key, double absent) const {
  return find(key) ? positive(key) : absent;
}

bool ConfigReader::boolean(std::string_view key, bool absent) const {
  const Json* value = find(key);
  if (!value) return absent;
  require(value->is_boolean(), ErrorKind::kModel, where(key), ": expected a boolean, got ",
          value->kind_name());
  return value->as_boolean(place_);
}

std::string ConfigReader::text(std::string_view key) const {
  const Json& value = at(key);
  require(value.is_string(), ErrorKind::kModel, where(key), ": expected a string, got ",
          value.kind_name());
  return value.as_string(place_);
}

std::vector<std::string> ConfigReader::texts(std::string_view key) const {
  std::vector<std::string> result;
  for (const Json& item : array_of(at(key), where(key))) {
    require(item.is_string(), ErrorKind::kModel, where(key), ": expected a string, got ",
            item.kind_name());
    result.push_back(item.as_string(place_));
  }
  return result;
}

std::vector<double> ConfigReader::positives(std::string_view key) const {
  std::vector<double> result;
  for (const Json& item : array_of(at(key), where(key)))
    result.push_back(positive_number(item, where(key)));
  return result;
}

}  // namespace laconic
