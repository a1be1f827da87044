// SPDX-License-Identifier: Apache-2.0
#include "app/identity.h"

#include "base/error.h"
#include "base/json.h"

namespace laconic {

std::string first_difference(const Json& before, const Json& now) {
  for (const auto& [name, value] : now.as_object("identity")) {
    const Json* old = before.find(name);
    if (old && *old == value) continue;
    if (old && old->is_object() && value.is_object()) return first_difference(*old, value);
    return cat(name, " ", old ? old->dump() : "none", ", got ", value.dump());
  }
  for (const auto& [name, value] : before.as_object("identity"))
    if (!now.find(name)) return cat(name, " ", value.dump(), ", got none");
  return "";
}

}  // namespace laconic
