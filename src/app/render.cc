// laconic render: {"messages", "add_generation_prompt", "tools", "kwargs"} -> {"text"}; JSONL in,
// JSONL out.
// SPDX-License-Identifier: Apache-2.0
#include "app/commands.h"
#include "app/jsonl_map.h"
#include "base/error.h"
#include "base/file.h"
#include "base/settings.h"
#include "text/chat_template.h"
#include "text/prompt_builder.h"

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

// The row's variables beside messages and add_generation_prompt: tools, and what kwargs holds.
Json variables_of(const Json& row, const std::string& place) {
  Json variables = Json::object();
  if (const Json* tools = row.find("tools")) variables["tools"] = *tools;
  if (const Json* kwargs = row.find("kwargs"); kwargs && !kwargs->is_null()) {
    for (const auto& [name, value] : kwargs->as_object(place + ": kwargs")) variables[name] = value;
  }
  return variables;
}

bool wants_prompt(const Json& row, const std::string& place, bool otherwise) {
  const Json* value = row.find("add_generation_prompt");
  return value && !value->is_null() ? value->as_boolean(place + ": add_generation_prompt")
                                    : otherwise;
}

// A template on its own: there are no special tokens beside those in kwargs.
void render_with_file(const RenderSettings& s) {
  const ChatTemplate chat = ChatTemplate::parse(read_file(s.model), s.model);
  map_jsonl(s.paths, [&](Json& row, const std::string& place) {
    Json context = variables_of(row, place);
    context["messages"] = row.at("messages", place);
    if (!context.find("tools")) context["tools"] = nullptr;
    context["add_generation_prompt"] = wants_prompt(row, place, s.generation_prompt);
    row["text"] = chat.render(context);
  });
}

void render_with_folder(const RenderSettings& s) {
  const PromptBuilder builder = PromptBuilder::from_folder(s.model);
  map_jsonl(s.paths, [&](Json& row, const std::string& place) {
    const std::string text =
        builder.render(row.at("messages", place), wants_prompt(row, place, s.generation_prompt),
                       variables_of(row, place));
    row["text"] = text;
    if (!s.ids) return;
    Json ids = Json::array();
    for (const int32_t id : builder.text_ids(text)) ids.push_back(id);
    row["ids"] = std::move(ids);
  });
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
