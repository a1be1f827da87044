// SPDX-License-Identifier: Apache-2.0
#include "data/row_messages.h"

#include <utility>

#include "base/error.h"

namespace laconic {
namespace {

struct RoleName {
  std::string_view from, role;
};

// sharegpt's names; a function call is the assistant's, its result the tool's.
constexpr RoleName kRoles[] = {
    {"human", "user"},          {"user", "user"},         {"gpt", "assistant"},
    {"assistant", "assistant"}, {"chatgpt", "assistant"}, {"bing", "assistant"},
    {"bard", "assistant"},      {"model", "assistant"},   {"system", "system"},
    {"observation", "tool"},    {"tool", "tool"}};
constexpr std::string_view kFunctionCall = "function_call";

// Content in parts, as multimodal chats spell text: [{"type": "text", "text": ...}, ...].
std::string joined_parts(const Json& parts, const std::string& where) {
  std::string text;
  const Json::Array& items = parts.as_array(where);
  for (size_t i = 0; i < items.size(); ++i) {
    const std::string place = cat(where, "[", i, "]");
    const std::string& type = items[i].at("type", place).as_string(place + ".type");
    require(type == "text", ErrorKind::kData, place, ".type: expected text, got \"", type, "\"");
    text += items[i].at("text", place).as_string(place + ".text");
  }
  return text;
}

Json checked_message(const Json& message, const std::string& where) {
  Json out = Json::object();
  for (const auto& [key, value] : message.as_object(where))
    if (!value.is_null()) out[key] = value;
  const std::string& role = out.at("role", where).as_string(where + ".role");
  require(role == "system" || role == "developer" || role == "user" || role == "assistant" ||
              role == "tool",
          ErrorKind::kData, where,
          ".role: expected system, developer, user, assistant or tool, got \"", role, "\"");
  const Json* calls = out.find("tool_calls");
  if (calls && calls->is_array() && calls->size() == 0) {
    out.erase("tool_calls");
    calls = nullptr;
  }
  const Json* content = out.find("content");
  if (content && content->is_array()) out["content"] = joined_parts(*content, where + ".content");
  content = out.find("content");
  require((content && content->is_string()) || (calls && !content), ErrorKind::kData, where,
          ".content: expected a string, got ", content ? content->kind_name() : "none");
  if (!content) out["content"] = "";
  if (const Json* reasoning = out.find("reasoning_content"))
    reasoning->as_string(where + ".reasoning_content");
  return out;
}

// {"name", "arguments"}, or a list of them, as JSON text.
Json function_call(const std::string& text, const std::string& where) {
  Json calls = Json::parse(text, where);
  if (!calls.is_array()) calls = Json(Json::Array{calls});
  Json message = chat_message("assistant", "");
  message["tool_calls"] = Json::array();
  for (const Json& call : calls.as_array(where)) {
    call.at("name", where).as_string(where + ".name");
    call.at("arguments", where);
    Json tool_call = Json::object();
    tool_call["type"] = "function";
    tool_call["function"] = call;
    message["tool_calls"].push_back(std::move(tool_call));
  }
  return message;
}

Json sharegpt_message(const Json& turn, const std::string& where) {
  turn.as_object(where);
  const std::string& from = turn.at("from", where).as_string(where + ".from");
  const std::string& value = turn.at("value", where).as_string(where + ".value");
  if (from == kFunctionCall) return function_call(value, where + ".value");
  for (const RoleName& name : kRoles)
    if (name.from == from) return chat_message(name.role, value);
  fail(ErrorKind::kData, where,
       ".from: expected human, gpt, system, function_call or observation, got \"", from, "\"");
}

}  // namespace

Json chat_message(std::string_view role, std::string_view content) {
  Json message = Json::object();
  message["role"] = role;
  message["content"] = content;
  return message;
}

const std::string& role_of(const Json& message) { return message.at("role", "").as_string(""); }

bool is_sharegpt(const Field& field) {
  if (!field.value->is_array() || field.value->size() == 0) return false;
  const Json& first = field.value->as_array(field.name).front();
  return first.find("from") && !first.find("role");
}

Json read_messages(const Field& field, const std::string& place) {
  const std::string where = cat(place, ": ", field.name);
  const Json::Array& turns = field.value->as_array(where);
  require(!turns.empty(), ErrorKind::kData, where, ": expected at least one message, got none");
  const bool sharegpt = is_sharegpt(field);
  Json messages = Json::array();
  for (size_t i = 0; i < turns.size(); ++i) {
    const std::string turn_place = cat(where, "[", i, "]");
    messages.push_back(sharegpt ? sharegpt_message(turns[i], turn_place)
                                : checked_message(turns[i], turn_place));
  }
  return messages;
}

void add_system_turn(const Json& row, const std::string& place, Json& messages) {
  const Field system = find_field(row, {"system"});
  if (!system) return;
  const std::string& text = system.value->as_string(place + ": system");
  if (text.empty()) return;
  Json::Array& turns = messages.items();
  require(role_of(turns.front()) != "system", ErrorKind::kData, place,
          ": system: expected one system turn, got a field and a message");
  turns.insert(turns.begin(), chat_message("system", text));
}

Json alpaca_messages(const Json& row, const std::string& place) {
  Json messages = Json::array();
  if (const Field history = find_field(row, {"history"})) {
    const std::string where = place + ": history";
    const Json::Array& rounds = history.value->as_array(where);
    for (size_t i = 0; i < rounds.size(); ++i) {
      const std::string round = cat(where, "[", i, "]");
      const Json::Array& pair = rounds[i].as_array(round);
      require(pair.size() == 2, ErrorKind::kData, round,
              ": expected a question and its answer, got ", pair.size(), " items");
      messages.push_back(chat_message("user", pair[0].as_string(round)));
      messages.push_back(chat_message("assistant", pair[1].as_string(round)));
    }
  }
  const Field instruction = find_field(row, {"instruction"});
  std::string question = instruction.value->as_string(place + ": instruction");
  if (const Field input = find_field(row, {"input", "context"})) {
    const std::string& text = input.value->as_string(cat(place, ": ", input.name));
    if (!text.empty()) question += (question.empty() ? "" : "\n") + text;
  }
  require(!trimmed(question).empty(), ErrorKind::kData, place,
          ": instruction: expected text, got an empty string");
  messages.push_back(chat_message("user", question));
  const Field output = find_field(row, {"output", "response"});
  require(static_cast<bool>(output), ErrorKind::kData, place,
          ": output: expected a field output, got none");
  messages.push_back(
      chat_message("assistant", output.value->as_string(cat(place, ": ", output.name))));
  add_system_turn(row, place, messages);
  return messages;
}

Json read_tools(const Json& row, const std::string& place) {
  const Field field = find_field(row, {"tools"});
  if (!field) return nullptr;
  const std::string where = place + ": tools";
  Json tools = *field.value;
  if (tools.is_string()) {
    const std::string text = tools.as_string(where);
    if (trimmed(text).empty()) return nullptr;
    tools = Json::parse(text, where);
  }
  if (tools.as_array(where).empty()) return nullptr;
  return tools;
}

}  // namespace laconic
