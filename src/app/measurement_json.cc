// SPDX-License-Identifier: Apache-2.0
#include "app/measurement_json.h"

#include <limits>

#include "base/error.h"

namespace laconic {
namespace {

struct Field {
  const char* name;
  double Measurement::*member;
  bool may_be_unknown;  // a standard error of fewer than two problems: infinite, null in JSON
};

constexpr Field kFields[] = {{"accuracy", &Measurement::accuracy, false},
                             {"accuracy_se", &Measurement::accuracy_se, true},
                             {"tokens", &Measurement::tokens, false},
                             {"tokens_se", &Measurement::tokens_se, true}};

}  // namespace

Json measurement_to_json(const Measurement& measurement) {
  Json json = Json::object();
  for (const Field& field : kFields) json[field.name] = measurement.*field.member;
  return json;
}

Measurement measurement_from_json(const Json& json, const std::string& place) {
  Measurement measurement;
  for (const Field& field : kFields) {
    const Json& value = json.at(field.name, place);
    measurement.*field.member = field.may_be_unknown && value.is_null()
                                    ? std::numeric_limits<double>::infinity()
                                    : value.as_number(cat(place, ": ", field.name));
  }
  return measurement;
}

bool same_json_value(const Json& a, const Json& b) {
  if (a.is_number() && b.is_number()) return a.as_number("") == b.as_number("");
  return a == b;
}

std::string describe_measurement(const Measurement& measurement) {
  std::ostringstream out;
  out.setf(std::ios::fixed);
  out.precision(1);
  out << 100 * measurement.accuracy << " +- " << 100 * measurement.accuracy_se << " % right, "
      << measurement.tokens << " +- " << measurement.tokens_se << " tokens";
  return out.str();
}

}  // namespace laconic
