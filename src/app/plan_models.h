// Shapes of well-known models by name, so that a run can be planned before a model is fetched.
//
// Not a list of what is supported (nn/families is) and nothing is downloaded: a few numbers of each
// published config.json. Names in any case, with or without "ORG/" and "-Instruct".
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "nn/model_config.h"

namespace laconic {

std::optional<ModelConfig> find_known_model(const std::string& name);  // none: not known
std::vector<std::string> known_model_names();

}  // namespace laconic
