// Measurements as JSON: bounds.json, log.jsonl and checkpoints spell them alike.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "data/measurement.h"

namespace laconic {

Json measurement_to_json(const Measurement& measurement);
// Error(kData) `place: field: expected ...`. A standard error of null is infinite: unknown.
Measurement measurement_from_json(const Json& json, const std::string& place);
// Numbers by value (1 and 1.0), the rest as they are: of settings that must agree.
bool same_json_value(const Json& a, const Json& b);
// "87.3 +- 1.2 % right, 145.8 +- 3.1 tokens"
std::string describe_measurement(const Measurement& measurement);

}  // namespace laconic
