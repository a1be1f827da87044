// SPDX-License-Identifier: Apache-2.0
#include "eval/answer_rules.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"

namespace laconic {
namespace {

constexpr std::array<std::pair<std::string_view, AnswerSource>, 7> kNames = {{
    {"box", AnswerSource::kBox},
    {"hashes", AnswerSource::kHashes},
    {"phrase", AnswerSource::kPhrase},
    {"choice", AnswerSource::kChoice},
    {"math", AnswerSource::kMath},
    {"number", AnswerSource::kLastNumber},
    {"whole", AnswerSource::kWhole},
}};

}  // namespace

const char* answer_source_name(AnswerSource source) {
  for (const auto& [name, value] : kNames) {
    if (value == source) return name.data();
  }
  return "";
}

std::vector<AnswerSource> parse_answer_sources(std::string_view text) {
  std::vector<AnswerSource> out;
  bool more = !text.empty();
  while (more) {
    const size_t comma = text.find(',');
    const std::string_view name = text.substr(0, comma);
    more = comma != std::string_view::npos;
    text = more ? text.substr(comma + 1) : std::string_view();
    const auto found =
        std::find_if(kNames.begin(), kNames.end(), [&](const auto& n) { return n.first == name; });
    require(found != kNames.end(), ErrorKind::kUsage,
            "answer sources: expected some of box,hashes,phrase,choice,math,number,whole, got ",
            name.empty() ? std::string_view("an empty name") : name);
    require(std::find(out.begin(), out.end(), found->second) == out.end(), ErrorKind::kUsage,
            "answer sources: expected each source once, got ", name, " twice");
    out.push_back(found->second);
  }
  require(
      !out.empty(), ErrorKind::kUsage,
      "answer sources: expected at least one of box,hashes,phrase,choice,math,number,whole, got "
      "none");
  return out;
}

std::string describe(const AnswerRules& rules) {
  std::string out;
  for (const AnswerSource source : rules.sources) {
    if (!out.empty()) out += ", then ";
    out += answer_source_name(source);
  }
  if (rules.count_thinking)
    out += "; in thinking too";
  else
    out += rules.require_closed_thinking ? "; behind a </think> that must be there"
                                         : "; behind thinking";
  if (rules.tail_bytes > 0) out += "; in the last " + std::to_string(rules.tail_bytes) + " bytes";
  if (!rules.join_boxes) out += "; the last box alone";
  return out;
}

}  // namespace laconic
