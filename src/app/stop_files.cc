// SPDX-License-Identifier: Apache-2.0
#include "app/stop_files.h"

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "nn/model_config.h"  // parse_token_ids
#include "text/prompt_builder.h"
#include "text/tokenizer.h"

namespace laconic {
namespace {

std::optional<Json> read_object(const std::string& folder, const std::string& name) {
  const std::string path = join_path(folder, name);
  if (!file_exists(path)) return std::nullopt;
  return Json::parse(read_file(path), path);
}

bool lists(const Json& config, const std::string& place, int64_t id) {
  const std::vector<int64_t> ids = parse_token_ids(config.find("eos_token_id"), place);
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

Json stop_json(const PromptBuilder& builder) {
  Json ids = Json::array();
  for (const int32_t id : builder.stop_ids()) ids.push_back(int64_t{id});
  return ids.size() == 1 ? ids.as_array("ids")[0] : ids;
}

}  // namespace

std::map<std::string, std::string> stop_files(const std::string& folder,
                                              const PromptBuilder& builder) {
  constexpr const char* kGeneration = "generation_config.json";
  constexpr const char* kConfig = "config.json";
  std::map<std::string, std::string> files;
  if (!builder.has_template() || !builder.end_of_turn()) return files;
  const int32_t end = *builder.end_of_turn();
  std::optional<Json> generation = read_object(folder, kGeneration);
  std::optional<Json> config = read_object(folder, kConfig);
  const bool is_known = generation && generation->find("eos_token_id")
                            ? lists(*generation, kGeneration, end)
                            : config && lists(*config, kConfig, end);
  const auto put = [&](const char* name, Json json) { files[name] = json.dump(2) + "\n"; };
  if (config && !lists(*config, kConfig, end)) {
    (*config)["eos_token_id"] = stop_json(builder);
    put(kConfig, *config);
  }
  if (is_known) return files;
  if (!generation) generation = Json::object();
  (*generation)["eos_token_id"] = stop_json(builder);
  put(kGeneration, *generation);
  const std::string token = builder.tokenizer().id_to_token(end).value_or("");
  for (const char* name : {"tokenizer_config.json", "special_tokens_map.json"}) {
    std::optional<Json> json = read_object(folder, name);
    const bool is_config = name[0] == 't';
    if (!json || (!is_config && !json->find("eos_token"))) continue;
    (*json)["eos_token"] = token;
    put(name, *json);
  }
  return files;
}

}  // namespace laconic
