// SPDX-License-Identifier: Apache-2.0
#include "data/dataset_info.h"

#include <algorithm>

#include "base/error.h"
#include "base/file.h"

namespace laconic {
namespace {

struct Rename {
  const char* key;           // of `columns` or `tags`
  const char* ours;          // the name that rows are read by
  const char* default_name;  // LLaMA-Factory's; nullptr: no such column unless it is named
};

constexpr Rename kAlpacaColumns[] = {{"prompt", "instruction", "instruction"},
                                     {"query", "input", "input"},
                                     {"response", "output", "output"},
                                     {"history", "history", nullptr},
                                     {"system", "system", nullptr},
                                     {"tools", "tools", nullptr}};
constexpr Rename kSharegptColumns[] = {{"messages", "conversations", "conversations"},
                                       {"system", "system", nullptr},
                                       {"tools", "tools", nullptr}};
constexpr Rename kRoles[] = {{"user_tag", "human", "human"},
                             {"assistant_tag", "gpt", "gpt"},
                             {"observation_tag", "observation", "observation"},
                             {"function_tag", "function_call", "function_call"},
                             {"system_tag", "system", "system"}};
constexpr const char* kRefusedColumns[] = {"chosen", "rejected", "kto_tag",
                                           "images", "videos",   "audios"};

std::string text_of(const Json* object, const std::string& key, const char* otherwise,
                    const std::string& place) {
  const Json* value = object ? object->find(key) : nullptr;
  if (!value || value->is_null()) return otherwise ? otherwise : "";
  return value->as_string(cat(place, ".", key));
}

std::string known_names(const Json& all, const std::string& path) {
  std::string names;
  for (const auto& [name, entry] : all.as_object(path)) {
    if (names.size() > 200) return names + ", ...";
    names += (names.empty() ? "" : ", ") + name;
  }
  return names;
}

void check_entry(const Json& entry, const std::string& place) {
  for (const char* key : {"hf_hub_url", "ms_hub_url", "om_hub_url", "script_url"})
    require(!entry.find(key) || entry.find("file_name"), ErrorKind::kData, place, ".", key,
            ": expected a file_name, got a data set of a hub (download it first)");
  const Json* ranking = entry.find("ranking");
  require(!ranking || !ranking->is_boolean() || !ranking->as_boolean(place), ErrorKind::kData,
          place, ".ranking: expected no preference data, got true");
  if (const Json* columns = entry.find("columns"))
    for (const char* key : kRefusedColumns)
      require(!columns->find(key), ErrorKind::kData, place, ".columns.", key,
              ": expected text to train on, got preferences or media");
}

}  // namespace

bool is_dataset_info(const std::string& path) { return file_name(path) == "dataset_info.json"; }

DatasetInfo::DatasetInfo(const std::string& path, const std::string& name) {
  const Json all = Json::parse(read_file(path), path);
  all.as_object(path);
  const Json* entry = all.find(name);
  require(entry != nullptr, ErrorKind::kUsage, path, ": expected one of ", known_names(all, path),
          ", got \"", name, "\" (write ", path, ":NAME)");
  const std::string place = cat(path, ": ", name);
  entry->as_object(place);
  check_entry(*entry, place);
  file_ = entry->at("file_name", place).as_string(place + ".file_name");
  if (!file_.starts_with('/')) file_ = join_path(parent_path(path), file_);
  const std::string formatting = text_of(entry, "formatting", "alpaca", place);
  require(formatting == "alpaca" || formatting == "sharegpt" || formatting == "openai",
          ErrorKind::kData, place, ".formatting: expected alpaca, sharegpt or openai, got \"",
          formatting, "\"");
  const Json* columns = entry->find("columns");
  const auto add_columns = [&](const auto& table) {
    for (const Rename& column : table) {
      // With `columns` given, only what it names is read, but for the messages.
      const bool is_default = !columns || std::string_view(column.key) == "messages";
      const std::string theirs =
          text_of(columns, column.key, is_default ? column.default_name : nullptr, place);
      if (!theirs.empty()) columns_.emplace_back(theirs, column.ours);
    }
  };
  if (formatting == "alpaca") {
    add_columns(kAlpacaColumns);
    return;
  }
  add_columns(kSharegptColumns);
  // OpenAI's messages are what rows.h reads as they are.
  if (formatting == "openai") {
    columns_.front().second = "messages";
    return;
  }
  const Json* tags = entry->find("tags");
  role_tag_ = text_of(tags, "role_tag", "from", place);
  content_tag_ = text_of(tags, "content_tag", "value", place);
  for (const Rename& role : kRoles)
    roles_.emplace_back(text_of(tags, role.key, role.default_name, place), role.ours);
}

Json DatasetInfo::renamed_turns(const Json& turns, const std::string& place) const {
  Json out = Json::array();
  for (const Json& turn : turns.as_array(place)) {
    const std::string where = cat(place, "[", out.size(), "]");
    turn.as_object(where);
    const std::string& role = turn.at(role_tag_, where).as_string(cat(where, ".", role_tag_));
    const auto known = std::find_if(roles_.begin(), roles_.end(),
                                    [&](const auto& names) { return names.first == role; });
    require(known != roles_.end(), ErrorKind::kData, where, ".", role_tag_,
            ": expected a role of dataset_info.json, got \"", role, "\"");
    Json renamed = Json::object();
    renamed["from"] = known->second;
    renamed["value"] = turn.at(content_tag_, where);
    out.push_back(std::move(renamed));
  }
  return out;
}

Json DatasetInfo::apply(const Json& row, const std::string& place) const {
  Json out = Json::object();
  if (const Json* id = row.find("id")) out["id"] = *id;
  for (const auto& [theirs, ours] : columns_) {
    const Json* value = row.find(theirs);
    if (!value || value->is_null()) continue;
    out[ours] = ours == "conversations" ? renamed_turns(*value, cat(place, ": ", theirs)) : *value;
  }
  return out;
}

}  // namespace laconic
