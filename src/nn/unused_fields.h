// Fields of a config.json that are set and that nothing was made of, "block.field" within blocks.
//
// What decides the mathematics and is not known is refused by parse_model_config: an unknown field
// of a rope block, where every field is about the rotation, and a nested text_config that says
// otherwise than the file itself. Of the rest, fields that are known to say nothing about a text
// model's arithmetic are not listed. parse_model_config says the list in the log, once a file.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace laconic {

class Json;

// Throws as parse_model_config does.
std::vector<std::string> unused_fields(const Json& json, const std::string& place);

}  // namespace laconic
