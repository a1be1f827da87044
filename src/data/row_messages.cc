// SPDX-License-Identifier: Apache-2.0
#include "data/row_messages.h"

#include <utility>

#include "base/error.h"
#include "data/row_reasoning.h"

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

// Content in parts, as multimodal chats spell text: [{"type": "text", "text": ...}, ...]. Parts of
// reasoning go into the message's own member.
void join_parts(Json& message, const std::string& where) {
  const Json parts = message.at("content", where);
  std::string text, thought;
  const Json::Array& items = parts.as_array(where);
  for (size_t i = 0; i < items.size(); ++i) {
    const std::string place = cat(where, "[", i, "]");
    if (is_reasoning_part(items[i])) {
      const std::string part = reasoning_part_text(items[i], place);
      thought += (thought.empty() || part.empty() ? "" : "\n\n") + part;
      continue;
    }
    const std::string& type = items[i].at("type", place).as_string(place + ".type");
    require(type == "text" || type == "output_text" || type == "input_text", ErrorKind::kData,
            place, ".type: expected text, got \"", type, "\"");
    text += items[i].at("text", place).as_string(place + ".text");
  }
  message["content"] = text;
  if (!thought.empty() && !message.find("reasoning_content"))
    message["reasoning_content"] = thought;
}

// The arguments of a call as an object, however they are spelled.
void parse_arguments(Json& call, const std::string& where) {
  if (!call.is_object()) return;
  const bool wrapped = call.find("function") && call.find("function")->is_object();
  Json& function = wrapped ? call["function"] : call;
  const Json* arguments = function.find("arguments");
  if (!arguments || !arguments->is_string()) return;
  const std::string place = cat(where, wrapped ? ".function" : "", ".arguments");
  const std::string text = arguments->as_string(place);
  Json parsed = trimmed(text).empty() ? Json::object() : Json::parse(text, place);
  require(parsed.is_object(), ErrorKind::kData, place,
          ": expected an object or the JSON text of one, got the text of ", parsed.kind_name());
  function["arguments"] = std::move(parsed);
}

// OpenAI's older spelling of one call.
void take_function_call(Json& message) {
  const Json* call = message.find("function_call");
  if (!call || !call->is_object() || message.find("tool_calls")) return;
  Json tool_call = Json::object();
  tool_call["type"] = "function";
  tool_call["function"] = *call;
  message["tool_calls"].push_back(std::move(tool_call));
  message.erase("function_call");
}

// A turn of weight 0 is one that is not to be learnt; which turns are is said by --turns.
void check_weight(const Json& message, const std::string& where) {
  for (const char* name : {"weight", "train", "loss"}) {
    const Json* value = message.find(name);
    require(!value || *value == Json(1) || *value == Json(1.0) || *value == Json(true),
            ErrorKind::kData, where, ".", name, ": expected 1 or none, got ",
            value ? value->dump() : "", " (--turns says which turns are trained on)");
  }
}

}  // namespace

Json normal_message(const Json& message, const std::string& where) {
  Json out = Json::object();
  for (const auto& [key, value] : message.as_object(where))
    if (!value.is_null()) out[key] = value;
  take_function_call(out);
  if (const Json* calls = out.find("tool_calls"); calls && calls->is_array()) {
    if (calls->size() == 0) out.erase("tool_calls");
    for (size_t i = 0; out.find("tool_calls") && i < out.find("tool_calls")->size(); ++i)
      parse_arguments(out["tool_calls"].items()[i], cat(where, ".tool_calls[", i, "]"));
  }
  take_reasoning(out, where);
  if (!out.find("content") && out.find("tool_calls")) out["content"] = "";
  return out;
}

namespace {

Json checked_message(const Json& message, const std::string& where) {
  Json joined = message;
  if (const Json* content = message.find("content"); content && content->is_array())
    join_parts(joined, where + ".content");
  Json out = normal_message(joined, where);
  const std::string& role = out.at("role", where).as_string(where + ".role");
  require(role == "system" || role == "developer" || role == "user" || role == "assistant" ||
              role == "tool",
          ErrorKind::kData, where,
          ".role: expected system, developer, user, assistant or tool, got \"", role, "\"");
  const Json* content = out.find("content");
  require(content && content->is_string(), ErrorKind::kData, where,
          ".content: expected a string, got ", content ? content->kind_name() : "none");
  check_weight(out, where);
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
    parse_arguments(tool_call, where);
    message["tool_calls"].push_back(std::move(tool_call));
  }
  return message;
}

Json sharegpt_message(const Json& turn, const std::string& where) {
  turn.as_object(where);
  const std::string& from = turn.at("from", where).as_string(where + ".from");
  const std::string& value = turn.at("value", where).as_string(where + ".value");
  if (from == kFunctionCall) return function_call(value, where + ".value");
  for (const RoleName& name : kRoles) {
    if (name.from != from) continue;
    Json message = turn;
    message.erase("from");
    message.erase("value");
    check_weight(message, where);
    Json out = chat_message(name.role, value);
    for (const auto& [key, member] : message.as_object(where))
      if (key != "role" && key != "content") out[key] = member;
    return normal_message(out, where);
  }
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

std::string system_text(const Json& row, const std::string& place) {
  const Field system = find_field(row, {"system"});
  return system ? system.value->as_string(place + ": system") : "";
}

void add_system_turn(const Json& row, const std::string& place, Json& messages) {
  const std::string text = system_text(row, place);
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

Json read_variables(const Json& row, const std::string& place) {
  Json variables;
  const auto add = [&](const std::string& name, const Json& value, const std::string& where) {
    require(name != "messages" && name != "add_generation_prompt", ErrorKind::kData, where,
            ": expected variables of the template, got ", name);
    const Json* other = variables.find(name);
    require(!other || *other == value, ErrorKind::kData, where, ".", name,
            ": expected one value, got another in the row");
    variables[name] = value;
  };
  if (Json tools = read_tools(row, place); !tools.is_null()) add("tools", tools, place);
  if (const Field documents = find_field(row, {"documents"}))
    add("documents", *documents.value, place);
  for (const char* name : {"chat_template_kwargs", "kwargs"}) {
    const Field field = find_field(row, {name});
    if (!field) continue;
    const std::string where = cat(place, ": ", name);
    Json all = *field.value;
    if (all.is_string()) {
      const std::string text = all.as_string(where);
      if (trimmed(text).empty()) continue;
      all = Json::parse(text, where);
    }
    // Parquet has a null for what other rows give.
    for (const auto& [key, value] : all.as_object(where))
      if (!value.is_null()) add(key, value, where);
  }
  return variables;
}

}  // namespace laconic
