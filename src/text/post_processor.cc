// SPDX-License-Identifier: Apache-2.0
#include "text/post_processor.h"

#include "base/error.h"

namespace laconic {

PostProcessor PostProcessor::parse(const Json& json, const std::string& place) {
  PostProcessor processor;
  if (!json.is_null()) processor.add(json, place);
  return processor;
}

void PostProcessor::add(const Json& json, const std::string& place) {
  const std::string& type = json.at("type", place).as_string(place + ".type");
  if (type == "ByteLevel") return;
  if (type == "TemplateProcessing") return add_template(json, place);
  if (type == "BertProcessing" || type == "RobertaProcessing") return add_pair(json, place);
  require(type == "Sequence", ErrorKind::kModel, place,
          ".type: expected ByteLevel, TemplateProcessing, BertProcessing, RobertaProcessing or "
          "Sequence, got \"",
          type, "\"");
  const auto& parts = json.at("processors", place).as_array(place + ".processors");
  for (size_t i = 0; i < parts.size(); ++i) add(parts[i], cat(place, ".processors[", i, "]"));
}

void PostProcessor::add_template(const Json& json, const std::string& place) {
  const std::string single_place = place + ".single";
  const Json& specials = json.at("special_tokens", place);
  std::vector<int32_t> before, after;
  bool seen_text = false;
  for (const Json& part : json.at("single", place).as_array(single_place)) {
    const Json* sequence = part.find("Sequence");
    const Json* special = part.find("SpecialToken");
    require(sequence || special, ErrorKind::kModel, single_place,
            ": expected Sequence or SpecialToken, got ", part.dump());
    if (sequence) {
      const std::string& id = sequence->at("id", single_place).as_string(single_place);
      require(id == "A" && !seen_text, ErrorKind::kModel, single_place,
              ": expected the sequence A once, got ", part.dump());
      seen_text = true;
      continue;
    }
    const std::string& name = special->at("id", single_place).as_string(single_place);
    const std::string special_place = cat(place, ".special_tokens.", name);
    for (const Json& id : specials.at(name, place + ".special_tokens")
                              .at("ids", special_place)
                              .as_array(special_place)) {
      const int64_t value = id.as_integer(special_place);
      require(value >= 0 && value <= INT32_MAX, ErrorKind::kModel, special_place,
              ": expected token ids, got ", value);
      (seen_text ? after : before).push_back(static_cast<int32_t>(value));
    }
  }
  require(seen_text, ErrorKind::kModel, single_place, ": expected the sequence A, got none");
  wrap(before, after);
}

void PostProcessor::add_pair(const Json& json, const std::string& place) {
  const auto id_of = [&](const char* name) {
    const std::string here = cat(place, ".", name);
    const Json& pair = json.at(name, place);
    require(pair.is_array() && pair.size() == 2, ErrorKind::kModel, here,
            ": expected a token and its id, got ", pair.dump());
    const int64_t id = pair.as_array(here)[1].as_integer(here);
    require(id >= 0 && id <= INT32_MAX, ErrorKind::kModel, here, ": expected a token id, got ", id);
    return static_cast<int32_t>(id);
  };
  const int32_t cls = id_of("cls"), sep = id_of("sep");
  wrap({cls}, {sep});
}

void PostProcessor::wrap(const std::vector<int32_t>& before, const std::vector<int32_t>& after) {
  before_.insert(before_.begin(), before.begin(), before.end());
  after_.insert(after_.end(), after.begin(), after.end());
}

std::vector<int32_t> PostProcessor::apply(std::vector<int32_t> ids) const {
  ids.insert(ids.begin(), before_.begin(), before_.end());
  ids.insert(ids.end(), after_.begin(), after_.end());
  return ids;
}

}  // namespace laconic
