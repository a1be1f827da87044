// SPDX-License-Identifier: Apache-2.0
#include "nn/copied_files.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "base/error.h"

namespace laconic {
namespace {

namespace fs = std::filesystem;

constexpr std::array<const char*, 11> kCopied = {
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "tokenizer.model",
    "chat_template.jinja",
    "chat_template.json",
};

// Licence and notice files travel with the weights.
bool is_licence(const std::string& name) {
  for (const char* prefix : {"LICENSE", "LICENCE", "NOTICE", "license", "licence", "notice"})
    if (name.starts_with(prefix)) return true;
  return false;
}

bool is_below(const fs::path& path, const fs::path& folder) {
  return std::mismatch(folder.begin(), folder.end(), path.begin(), path.end()).first ==
         folder.end();
}

void check_link(const fs::path& folder, const fs::path& entry) {
  const fs::path target = fs::canonical(entry), home = fs::canonical(folder);
  const bool is_cache = home.parent_path().filename() == "snapshots" &&
                        is_below(target, home.parent_path().parent_path() / "blobs");
  require(is_cache || is_below(target, home), ErrorKind::kModel, entry.string(),
          ": expected a file of the folder, got a symbolic link to ", target.string(),
          " (it would be copied: put the file itself there)");
}

}  // namespace

std::vector<std::string> copied_files(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code code;  // a folder that is not there has no files; who reads it says more
  for (const auto& entry : fs::directory_iterator(folder, code)) {
    const std::string name = entry.path().filename().string();
    const bool wanted =
        is_licence(name) || std::find(kCopied.begin(), kCopied.end(), name) != kCopied.end();
    if (!wanted || !entry.is_regular_file()) continue;
    if (entry.is_symlink()) check_link(folder, entry.path());
    names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace laconic
