// laconic render: {"messages", "add_generation_prompt", "tools", "kwargs"} -> {"text"}; JSONL in,
// JSONL out.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>

#include "app/commands.h"
#include "app/jsonl_map.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/settings.h"
#include "data/row_messages.h"
#include "text/chat_template.h"
#include "text/prompt_builder.h"
#include "text/template_form.h"

namespace laconic {
namespace {

struct RenderSettings {
  std::string model;
  JsonlPaths paths;
  bool generation_prompt = false, ids = false;
};

bool parse(RenderSettings& s, Arguments arguments) {
  Settings settings("laconic render",
                    "Turns messages into the prompt that a model's chat template makes.");
  settings.positional("MODEL", &s.model, "model folder, or a .jinja file").path();
  settings.alias("model_name_or_path").required();
  settings.add("input", &s.paths.input, "JSONL file to read, - for stdin").file().existing();
  settings.alias("data");
  settings.add("output", &s.paths.output, "JSONL file to write, - for stdout").file();
  settings.alias("out");
  settings.add("generation_prompt", &s.generation_prompt,
               "end with the assistant's opening, in rows without add_generation_prompt");
  settings.add("ids", &s.ids, "add the prompt's token ids too");
  settings.example(
      "echo '{\"messages\": [{\"role\": \"user\", \"content\": \"1 + 1?\"}]}' | "
      "laconic render models/world-long --generation-prompt");
  return settings.parse(arguments);
}

// The messages as rows of training have them (data/row_messages.h), whatever their roles.
Json messages_of(const Json& row, const std::string& place) {
  const std::string where = place + ": messages";
  Json messages = Json::array();
  for (const Json& message : row.at("messages", place).as_array(where)) {
    const std::string one = cat(where, "[", messages.size(), "]");
    Json normal = normal_message(message, one);
    require(normal.find("content") || !message.find("content"), ErrorKind::kData, one,
            ".content: expected text, got null");
    messages.push_back(std::move(normal));
  }
  return messages;
}

bool wants_prompt(const Json& row, const std::string& place, bool otherwise) {
  const Json* value = row.find("add_generation_prompt");
  return value && !value->is_null() ? value->as_boolean(place + ": add_generation_prompt")
                                    : otherwise;
}

bool spells_control(const PromptBuilder& builder, const Json& value) {
  if (value.is_string()) return builder.control_in(value.as_string("messages")).has_value();
  const auto spells = [&](const Json& part) { return spells_control(builder, part); };
  if (value.is_array()) {
    const Json::Array& items = value.as_array("messages");
    return std::any_of(items.begin(), items.end(), spells);
  }
  if (!value.is_object()) return false;
  const Json::Object& members = value.as_object("messages");
  return std::any_of(members.begin(), members.end(),
                     [&](const Json::Member& member) { return spells(member.second); });
}

// A template on its own: there are no special tokens beside those in kwargs.
void render_with_file(const RenderSettings& s) {
  const ChatTemplate chat = ChatTemplate::parse(read_file(s.model), s.model);
  std::optional<TemplateForm> form;
  Json form_context;
  map_jsonl(s.paths, [&](Json& row, const std::string& place) {
    Json context = Json::object();
    if (Json variables = read_variables(row, place); !variables.is_null()) context = variables;
    // Special tokens come with the row, and a template may want them to say anything.
    if (!form || context != form_context) {
      form = probe_template_form(chat, context);
      form_context = context;
    }
    context["messages"] = form->adapt(messages_of(row, place));
    if (!context.find("tools")) context["tools"] = nullptr;
    context["add_generation_prompt"] = wants_prompt(row, place, s.generation_prompt);
    row["text"] = chat.render(context);
  });
}

void render_with_folder(const RenderSettings& s) {
  const PromptBuilder builder = PromptBuilder::from_folder(s.model);
  int64_t num_forged = 0;
  map_jsonl(s.paths, [&](Json& row, const std::string& place) {
    const Json messages = messages_of(row, place);
    const std::string text = builder.render(messages, wants_prompt(row, place, s.generation_prompt),
                                            read_variables(row, place));
    num_forged += spells_control(builder, messages);
    row["text"] = text;
    if (!s.ids) return;
    Json ids = Json::array();
    for (const int32_t id : builder.text_ids(text)) ids.push_back(id);
    row["ids"] = std::move(ids);
  });
  if (num_forged > 0)
    log_warning(s.model, ": the messages of ", num_forged,
                " rows spell special tokens: rendered as they stand, refused where ids are made of "
                "rows or problems");
}

}  // namespace

int run_render(Arguments arguments) {
  RenderSettings s;
  if (!parse(s, arguments)) return 0;
  if (!file_exists(s.model)) require_model_folder(s.model, "MODEL");
  if (folder_exists(s.model)) {
    render_with_folder(s);
  } else {
    require(!s.ids, ErrorKind::kUsage,
            "laconic render: expected a model folder with --ids, got a file");
    render_with_file(s);
  }
  return 0;
}

}  // namespace laconic
