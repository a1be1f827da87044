// SPDX-License-Identifier: Apache-2.0
#include "text/metaspace.h"

#include "base/error.h"
#include "text/utf8.h"

namespace laconic {

std::string parse_character(const Json& json, const char* name, const std::string& place) {
  const std::string& text = json.at(name, place).as_string(cat(place, ".", name));
  size_t end = 0;
  if (!text.empty()) next_code_point(text, end);
  require(!text.empty() && end == text.size(), ErrorKind::kModel, place, ".", name,
          ": expected one character, got \"", text, "\"");
  return text;
}

Metaspace Metaspace::parse(const Json& json, const std::string& place) {
  Metaspace metaspace;
  metaspace.replacement = parse_character(json, "replacement", place);
  const Json* split = json.find("split");
  metaspace.split = !split || split->is_null() || split->as_boolean(place + ".split");
  if (const Json* scheme = json.find("prepend_scheme")) {
    const std::string& name = scheme->as_string(place + ".prepend_scheme");
    require(name == "first" || name == "always" || name == "never", ErrorKind::kModel, place,
            ".prepend_scheme: expected first, always or never, got \"", name, "\"");
    metaspace.prepend = name == "first"    ? Prepend::kFirst
                        : name == "always" ? Prepend::kAlways
                                           : Prepend::kNever;
  }
  // Older files say it with a boolean, which `tokenizers` accepts only beside a scheme that agrees.
  const Json* prefix = json.find("add_prefix_space");
  const bool says_no =
      prefix && !prefix->is_null() && !prefix->as_boolean(place + ".add_prefix_space");
  require(!says_no || metaspace.prepend == Prepend::kNever, ErrorKind::kModel, place,
          ".add_prefix_space: expected false only beside prepend_scheme \"never\", got false");
  return metaspace;
}

}  // namespace laconic
