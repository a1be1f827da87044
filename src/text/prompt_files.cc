// SPDX-License-Identifier: Apache-2.0
#include "text/prompt_files.h"

#include <array>
#include <string_view>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"

namespace laconic {
namespace {

std::optional<Json> read_json(const std::string& path) {
  if (!file_exists(path)) return std::nullopt;
  try {
    Json json = Json::parse(read_file(path), path);
    require(json.is_object(), ErrorKind::kModel, path, ": expected an object, got ",
            json.kind_name());
    return json;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kData) throw;
    fail(ErrorKind::kModel, error.what());
  }
}

// A token's text: a string, or an AddedToken object with its content.
const std::string* token_text(const Json& json) {
  const Json* content = json.is_object() ? json.find("content") : &json;
  return content && content->is_string() ? &content->as_string("") : nullptr;
}

void read_special_tokens(const Json& json, Json& tokens) {
  static constexpr std::array<std::string_view, 7> kNames = {
      "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"};
  for (const std::string_view name : kNames) {
    const Json* value = json.find(name);
    if (!value || tokens.find(name)) continue;
    if (const std::string* text = token_text(*value)) tokens[name] = Json(*text);
  }
}

std::optional<bool> read_flag(const Json& config, const char* name, const std::string& path) {
  const Json* value = config.find(name);
  if (!value || value->is_null()) return std::nullopt;
  require(value->is_boolean(), ErrorKind::kModel, path, ": ", name, ": expected a boolean, got ",
          value->kind_name());
  return value->as_boolean(path);
}

// A string, or in older folders a list of {name, template} whose "default" is meant.
std::optional<std::string> embedded_template(const Json& config, const std::string& path) {
  const Json* source = config.find("chat_template");
  if (!source || source->is_null()) return std::nullopt;
  if (source->is_string()) return source->as_string(path);
  require(source->is_array(), ErrorKind::kModel, path,
          ": chat_template: expected a string or a list, got ", source->kind_name());
  for (const Json& entry : source->as_array(path)) {
    const Json* name = entry.find("name");
    const Json* text = entry.find("template");
    if (name && *name == Json("default") && text && text->is_string()) return text->as_string(path);
  }
  fail(ErrorKind::kModel, path, ": chat_template: expected one named \"default\", got none");
}

int32_t token_id(const Json& value, const std::string& place) {
  require(
      value.is_integer() && value.as_integer(place) >= 0 && value.as_integer(place) <= INT32_MAX,
      ErrorKind::kModel, place, ": expected a token id, got ", value.dump());
  return static_cast<int32_t>(value.as_integer(place));
}

void read_generation_config(const std::string& path, PromptFiles& files) {
  const std::optional<Json> config = read_json(path);
  if (!config) return;
  if (const Json* bos = config->find("bos_token_id"); bos && bos->is_integer())
    files.bos_id = token_id(*bos, path + ": bos_token_id");
  const Json* eos = config->find("eos_token_id");
  if (!eos || eos->is_null()) return;
  const std::string place = path + ": eos_token_id";
  if (!eos->is_array()) {
    files.eos_ids.push_back(token_id(*eos, place));
    return;
  }
  for (const Json& id : eos->as_array(place)) files.eos_ids.push_back(token_id(id, place));
}

}  // namespace

PromptFiles read_prompt_files(const std::string& folder) {
  PromptFiles files;
  const std::string config_path = join_path(folder, "tokenizer_config.json");
  if (const std::optional<Json> config = read_json(config_path)) {
    read_special_tokens(*config, files.special_tokens);
    files.add_bos = read_flag(*config, "add_bos_token", config_path);
    files.add_eos = read_flag(*config, "add_eos_token", config_path);
    files.template_source = embedded_template(*config, config_path);
    files.template_place = config_path + ": chat_template";
  }
  if (const std::optional<Json> map = read_json(join_path(folder, "special_tokens_map.json")))
    read_special_tokens(*map, files.special_tokens);
  const std::string template_path = join_path(folder, "chat_template.jinja");
  if (file_exists(template_path)) {
    std::string source = read_file(template_path);
    if (files.template_source && *files.template_source != source)
      log_warning(template_path,
                  ": differs from the template in tokenizer_config.json; the file is used");
    files.template_source = std::move(source);
    files.template_place = template_path;
  }
  read_generation_config(join_path(folder, "generation_config.json"), files);
  return files;
}

}  // namespace laconic
