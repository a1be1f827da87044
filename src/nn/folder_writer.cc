// SPDX-License-Identifier: Apache-2.0
#include "nn/folder_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"

namespace laconic {
namespace {

namespace fs = std::filesystem;

constexpr const char* kManifest = "manifest.json";
constexpr const char* kGenerator = "laconic";

// Every file of `folder`, sub-folders included, as names relative to it, sorted.
std::vector<std::string> list_files(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) names.push_back(fs::relative(entry.path(), folder).string());
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

FolderWriter::FolderWriter(const std::string& target)
    : target_(target), temporary_(cat(target, ".tmp-", ::getpid())) {
  make_folders(parent_path(target));
  remove_all(temporary_);
  remove_stale_temporaries(parent_path(target), file_name(target));
  make_folders(temporary_);
}

FolderWriter::~FolderWriter() {
  std::error_code ignored;
  fs::remove_all(temporary_, ignored);
}

void FolderWriter::add(const std::string& name, std::string_view bytes) {
  const std::string path = join_path(temporary_, name);
  if (name.find('/') != std::string::npos) make_folders(parent_path(path));
  OutputFile file(path);
  file.write(bytes);
  file.close();
}

void FolderWriter::write_manifest() {
  Json files = Json::object();
  for (const std::string& name : list_files(temporary_)) {
    const std::string path = join_path(temporary_, name);
    Json entry = Json::object();
    entry["bytes"] = file_size(path);
    entry["xxh3_128"] = hashes_.contains(name) ? hashes_[name] : hash_file(path);
    files.members().emplace_back(name, std::move(entry));
  }
  Json manifest = Json::object();
  manifest["generator"] = kGenerator;
  manifest["version"] = LACONIC_VERSION;
  manifest["files"] = std::move(files);
  add(kManifest, manifest.dump(2) + "\n");
}

void FolderWriter::publish() {
  write_manifest();
  sync_folder(temporary_);
  if (!folder_exists(target_)) return rename_path(temporary_, target_);
  // Both names exist at every moment; the old folder, now under the temporary name, goes with us.
  if (::renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, target_.c_str(), RENAME_EXCHANGE) == 0)
    return sync_folder(parent_path(target_));
  const std::string old = cat(target_, ".old-", ::getpid());
  rename_path(target_, old);
  rename_path(temporary_, target_);
  remove_all(old);
}

std::string without_slash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

void check_target(const std::string& folder, const std::string& source) {
  std::error_code code;
  require(!fs::exists(folder, code) || folder_exists(folder), ErrorKind::kUsage, folder,
          ": expected a folder or nothing, got a file");
  if (!folder_exists(folder)) return;
  require(source.empty() || !fs::equivalent(folder, source, code), ErrorKind::kUsage, folder,
          ": expected another folder than the source's, got the same");
  require(fs::is_empty(folder, code) || has_manifest(folder), ErrorKind::kUsage, folder,
          ": expected an empty folder or one that laconic wrote, got other files (nothing was "
          "overwritten)");
}

bool has_manifest(const std::string& folder) { return file_exists(join_path(folder, kManifest)); }

void verify_manifest(const std::string& folder) {
  const std::string path = join_path(folder, kManifest);
  require(file_exists(path), ErrorKind::kModel, folder,
          ": expected a manifest.json, got none (the folder is incomplete)");
  const auto bad = [&](const std::string& name, const auto& expected, const auto& got) {
    fail(ErrorKind::kModel, join_path(folder, name), ": expected ", expected,
         " (manifest.json), got ", got);
  };
  try {
    const Json manifest = Json::parse(read_file(path), path);
    for (const auto& [name, entry] : manifest.at("files", path).as_object(path)) {
      const std::string file = join_path(folder, name);
      if (!file_exists(file)) bad(name, "a file", "none");
      const auto bytes = static_cast<uint64_t>(entry.at("bytes", path).as_integer(path));
      if (file_size(file) != bytes) bad(name, cat(bytes, " bytes"), file_size(file));
      const std::string& hash = entry.at("xxh3_128", path).as_string(path);
      const std::string found = hash_file(file);
      if (found != hash) bad(name, cat("the hash ", hash), found);
    }
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kData) throw;
    throw Error(ErrorKind::kModel, error.what());
  }
}

}  // namespace laconic
