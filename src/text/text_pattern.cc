// SPDX-License-Identifier: Apache-2.0
#include "text/text_pattern.h"

#include "base/error.h"

namespace laconic {

TextPattern TextPattern::parse(const Json& json, const std::string& place) {
  const std::string pattern_place = place + ".pattern";
  const Json& pattern = json.at("pattern", place);
  const Json* regex = pattern.find("Regex");
  const Json* literal = pattern.find("String");
  require(pattern.size() == 1 && (regex || literal), ErrorKind::kModel, pattern_place,
          ": expected an object with Regex or String, got something else");
  const std::string& source = (regex ? regex : literal)->as_string(pattern_place);
  require(!source.empty(), ErrorKind::kModel, pattern_place,
          ": expected a pattern, got an empty one");
  TextPattern made;
  if (regex)
    made.regex_.emplace(Regex::compile(source, pattern_place));
  else
    made.literal_ = source;
  return made;
}

std::string TextPattern::replace(std::string_view text, std::string_view content) const {
  std::string out;
  size_t done = 0;
  constexpr size_t kTimes = 256, kMore = 1'000'000;
  const auto put = [&](size_t begin, size_t end) {
    require(out.size() + content.size() <= kMore + kTimes * text.size(), ErrorKind::kData,
            "normalizer: expected a replacement of sane length, got more than ",
            kMore + kTimes * text.size(), " bytes");
    out += text.substr(done, begin - done);
    out += content;
    done = end;
  };
  if (!literal_.empty()) {
    for (size_t at; (at = text.find(literal_, done)) != std::string_view::npos;)
      put(at, at + literal_.size());
  } else {
    Regex::Matches matches(*regex_, text);
    while (const auto match = matches.next()) put(match->begin, match->end);
  }
  return out += text.substr(done);
}

}  // namespace laconic
