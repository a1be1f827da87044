// Text that a tokenizer would read as more than text: one rule for every message, whatever its role
// and the shape of its row.
// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/log.h"
#include "text/prompt_state.h"
#include "text/think_span.h"

namespace laconic {
namespace {

Json message(const char* role) {
  Json json = Json::object();
  json["role"] = role;
  json["content"] = "laconic";
  return json;
}

}  // namespace

// Special tokens, where replies end, and what the template writes around the turns of a plain
// conversation. Think tags are the reply's own business.
void PromptBuilder::State::find_controls() {
  for (int32_t id = 0; id < tokenizer.size(); ++id)
    if (tokenizer.is_special(id)) controls.insert(id);
  // An end that is a word like others can be no rule for texts.
  const auto add = [&](int32_t id) {
    const std::optional<std::string> token = tokenizer.id_to_token(id);
    if (token && tokenizer.added_ids(*token) == std::vector<int32_t>{id}) controls.insert(id);
  };
  for (const int32_t id : files.eos_ids) add(id);
  if (end_of_turn) add(*end_of_turn);
  if (bos_id) add(*bos_id);
  if (chat) {
    try {
      const Json talk = Json(Json::Array{message("user"), message("assistant"), message("user")});
      for (const int32_t id : tokenizer.added_ids(render(talk, true, nullptr).text))
        controls.insert(id);
    } catch (const Error& error) {
      log_debug(folder, ": the template's turns could not be probed: ", error.what());
    }
  }
  for (const std::string_view tag : {kThinkOpen, kThinkClose})
    if (const auto id = tokenizer.token_to_id(tag)) controls.erase(*id);
}

std::optional<std::string> PromptBuilder::State::control_in(std::string_view text) const {
  for (const int32_t id : tokenizer.added_ids(text))
    if (controls.contains(id)) return tokenizer.id_to_token(id);
  return std::nullopt;
}

void PromptBuilder::State::refuse_controls(const Json& value, const std::string& place) const {
  if (value.is_string()) {
    const auto token = control_in(value.as_string(place));
    require(!token, ErrorKind::kData, place, ": expected text, got the special token ",
            Json(token.value_or("")).dump(), " inside (the model would read it as more than text)");
  } else if (value.is_array()) {
    const Json::Array& items = value.as_array(place);
    for (size_t i = 0; i < items.size(); ++i) refuse_controls(items[i], cat(place, "[", i, "]"));
  } else if (value.is_object()) {
    for (const auto& [name, member] : value.as_object(place))
      refuse_controls(member, cat(place, ".", name));
  }
}

Json PromptBuilder::State::checked_messages(const Json& messages) const {
  Json checked = messages;
  const std::string end =
      end_of_turn ? tokenizer.id_to_token(*end_of_turn).value_or("") : std::string();
  if (checked.is_array() && !end.empty()) {
    for (Json& one : checked.items()) {
      const Json* role = one.find("role");
      const Json* content = one.find("content");
      if (!role || *role != Json("assistant") || !content || !content->is_string()) continue;
      const std::string& text = content->as_string("content");
      const size_t size = text.find_last_not_of(" \t\r\n") + 1;
      if (std::string_view(text).substr(0, size).ends_with(end))
        one["content"] = text.substr(0, size - end.size());
    }
  }
  refuse_controls(checked, "messages");
  return checked;
}

}  // namespace laconic
