// SPDX-License-Identifier: Apache-2.0
#include "app/run_content.h"

#include <filesystem>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/parallel.h"

namespace laconic {
namespace {

namespace fs = std::filesystem;

// What decides weights, ids, prompts and where a reply ends. A card or a manifest decides nothing.
bool is_part_of_model(const fs::path& path) {
  static const std::set<std::string> kNames = {
      "config.json",         "generation_config.json", "tokenizer.json",
      "added_tokens.json",   "tokenizer_config.json",  "special_tokens_map.json",
      "chat_template.jinja", "chat_template.json",     "model.safetensors.index.json",
      "model.safetensors",
  };
  const std::string name = path.filename().string();
  const bool is_shard = name.starts_with("model-") && name.ends_with(".safetensors");
  return is_shard || kNames.contains(name);
}

std::set<std::string> files_of_model(const std::string& folder) {
  std::set<std::string> paths;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.is_regular_file() && is_part_of_model(entry.path()))
      paths.insert(join_path(folder, entry.path().filename().string()));
  return paths;
}

}  // namespace

Json run_content(const RunParts& parts) {
  std::vector<std::string> paths;
  std::set<std::string> seen;
  const auto add = [&](const std::string& path) {
    if (seen.insert(path).second) paths.push_back(path);
  };
  for (const std::string& folder : parts.models)
    for (const std::string& path : files_of_model(folder)) add(path);
  for (const std::string& path : parts.files)
    if (file_exists(path)) add(path);
  std::vector<std::string> hashes(paths.size());
  parallel_for(paths.size(), [&](size_t i) { hashes[i] = hash_file(paths[i]); });
  Json content = Json::object();
  for (size_t i = 0; i < paths.size(); ++i) content.members().emplace_back(paths[i], hashes[i]);
  return content;
}

}  // namespace laconic
