// SPDX-License-Identifier: Apache-2.0
#include "text/template_form.h"

#include <initializer_list>
#include <optional>
#include <utility>

#include "base/error.h"
#include "text/chat_template.h"
#include "text/think_span.h"

namespace laconic {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";
constexpr const char* kReasoning = "reasoning_content";

std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

std::string_view text_member(const Json& message, const char* name) {
  const Json* value = message.find(name);
  return value && value->is_string() ? std::string_view(value->as_string(name))
                                     : std::string_view();
}

bool has_calls(const Json& message) {
  const Json* calls = message.find("tool_calls");
  return calls && calls->is_array() && calls->size() > 0;
}

void write_arguments(Json& message) {
  for (Json& call : message["tool_calls"].items()) {
    if (!call.is_object()) continue;
    Json& function = call.find("function") ? call["function"] : call;
    const Json* arguments = function.find("arguments");
    if (arguments && arguments->is_object()) function["arguments"] = arguments->dump();
  }
}

class Probe {
 public:
  Probe(const ChatTemplate& chat, const Json& special_tokens)
      : chat_(chat), context_(special_tokens) {
    if (context_.is_null()) context_ = Json::object();
    for (const char* name : {"bos_token", "eos_token"})
      if (!context_.find(name)) context_[name] = "";
    context_["tools"] = nullptr;
    context_["documents"] = nullptr;
    context_["add_generation_prompt"] = false;
  }

  // What the template makes of a question and this reply; nothing where it refuses them.
  std::optional<std::string> render(const Json& reply) const {
    Json question = Json::object();
    question["role"] = "user";
    question["content"] = "question";
    Json context = context_;
    context["messages"] = Json(Json::Array{question, reply});
    try {
      return chat_.render(context);
    } catch (const Error&) {
      return std::nullopt;
    }
  }

 private:
  const ChatTemplate& chat_;
  Json context_;
};

Json reply_with(std::initializer_list<Json::Member> members) {
  Json reply = Json::object();
  reply["role"] = "assistant";
  for (const Json::Member& member : members) reply[member.first] = member.second;
  return reply;
}

std::string find_reasoning_member(const Probe& probe) {
  for (const char* name : {kReasoning, "reasoning", "thinking"}) {
    const auto text =
        probe.render(reply_with({{"content", "laconicanswer"}, {name, "laconicthought"}}));
    if (text && text->find("laconicthought") != std::string::npos) return name;
  }
  return "";
}

// The call as the template's own spelling of JSON, not as Python prints a dict, and no "None".
bool shows_call(const std::optional<std::string>& text) {
  const auto holds = [&](const char* part) { return text->find(part) != std::string::npos; };
  return text && holds("laconicfunction") && holds("laconicargument") &&
         !holds("'laconicargument'") && !holds("None");
}

void find_call_form(const Probe& probe, TemplateForm& form) {
  for (const bool as_text : {false, true}) {
    for (const bool null_content : {true, false}) {
      const Json call = Json::parse(
          R"({"id": "laconic01", "type": "function", "function":
              {"name": "laconicfunction", "arguments": {"laconicargument": 1}}})",
          "probe");
      const TemplateForm tried{form.reasoning_member, as_text, null_content};
      const Json reply = reply_with({{"content", ""}, {"tool_calls", Json(Json::Array{call})}});
      const Json adapted = tried.adapt(Json(Json::Array{reply}));
      if (!shows_call(probe.render(adapted.as_array("probe")[0]))) continue;
      form = tried;
      return;
    }
  }
}

}  // namespace

std::string text_with_reasoning(const Json& message) {
  const std::string_view content = text_member(message, "content");
  const std::string_view thought = trimmed(text_member(message, kReasoning));
  if (thought.empty()) return std::string(content);
  return cat(kThinkOpen, "\n", thought, "\n", kThinkClose, "\n\n", trimmed(content));
}

Json TemplateForm::adapt(Json messages) const {
  if (!messages.is_array()) return messages;
  for (Json& message : messages.items()) {
    if (!message.is_object() || text_member(message, "role") != "assistant") continue;
    const Json* reasoning = message.find(kReasoning);
    if (reasoning && reasoning->is_string() && reasoning_member != kReasoning) {
      const Json thought = *reasoning;
      if (reasoning_member.empty())
        message["content"] = text_with_reasoning(message);
      else
        message[reasoning_member] = thought;
      message.erase(kReasoning);
    }
    if (!has_calls(message)) continue;
    if (arguments_as_text) write_arguments(message);
    const Json* content = message.find("content");
    if (!content || content->is_null() || *content == Json(""))
      message["content"] = null_content ? Json() : Json("");
  }
  return messages;
}

TemplateForm probe_template_form(const ChatTemplate& chat, const Json& special_tokens) {
  const Probe probe(chat, special_tokens);
  TemplateForm form;
  form.reasoning_member = find_reasoning_member(probe);
  find_call_form(probe, form);
  return form;
}

}  // namespace laconic
