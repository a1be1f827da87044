// SPDX-License-Identifier: Apache-2.0
#include "app/identity.h"

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/version.h"

namespace laconic {

std::string first_difference(const Json& before, const Json& now) {
  for (const auto& [name, value] : now.as_object("identity")) {
    const Json* old = before.find(name);
    if (old && *old == value) continue;
    if (old && old->is_object() && value.is_object()) {
      const std::string within = first_difference(*old, value);
      if (within.empty()) continue;  // the same members in another order
      return within;
    }
    return cat(name, " ", old ? old->dump() : "none", ", got ", value.dump());
  }
  for (const auto& [name, value] : before.as_object("identity"))
    if (!now.find(name)) return cat(name, " ", value.dump(), ", got none");
  return "";
}

void warn_of_changes(const Json& before, const Json& now, const std::string& place) {
  for (const auto& [name, value] : now.as_object("now")) {
    const Json* old = before.find(name);
    if (old && !(*old == value))
      log_warning(place, ": ", name, " was ", old->dump(), ", now ", value.dump(),
                  ": used all the same, but need not give the same bits");
  }
}

Json commit_of_binary() {
  Json json = Json::object();
  json["commit"] = commit();
  return json;
}

}  // namespace laconic
