// The writing half of nn/model_folder.h.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>

#include "base/error.h"
#include "base/hash.h"
#include "nn/dequantize.h"
#include "nn/model_folder.h"

namespace laconic {
namespace {

namespace fs = std::filesystem;

constexpr const char* kManifest = "manifest.json";
constexpr const char* kGenerator = "laconic";
constexpr size_t kChunkValues = size_t{1} << 18;  // values rounded and written at a time
// Copied byte for byte where the source has them.
constexpr std::array<const char*, 10> kCopied = {
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

std::string without_slash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

// Every file of `folder`, sub-folders included, as names relative to it, sorted.
std::vector<std::string> list_files(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) names.push_back(fs::relative(entry.path(), folder).string());
  std::sort(names.begin(), names.end());
  return names;
}

// config.json with what the new weights change and nothing else.
Json new_config(Json config, const std::string& dtype) {
  const bool old_spelling = config.find("torch_dtype"), new_spelling = config.find("dtype");
  if (new_spelling) config["dtype"] = dtype;
  if (old_spelling || !new_spelling) config["torch_dtype"] = dtype;
  // A reader of the older spelling would otherwise take a default theta without a word.
  const Json* block = config.find("rope_parameters");
  const Json* theta = block ? block->find("rope_theta") : nullptr;
  if (theta && !config.find("rope_theta")) {
    const Json value = *theta;
    config["rope_theta"] = value;
  }
  return config;
}

// The `license:` line of a model card's front matter, or "".
std::string card_licence(const std::string& card) {
  if (!card.starts_with("---")) return "";
  const size_t end = card.find("\n---", 3);
  const size_t line = card.find("\nlicense:");
  if (end == std::string::npos || line == std::string::npos || line > end) return "";
  return card.substr(line + 1, card.find('\n', line + 1) - line - 1);
}

// The bytes of all files but weights and manifest.
class FileSet {
 public:
  explicit FileSet(const SaveRequest& request) : request_(request), files_(request.files) {
    copy_from_source();
    change_config();
    mirror_template();
    if (!request.card.empty()) files_["README.md"] = with_licence(request.card);
    if (!files_.contains("README.md")) files_["README.md"] = plain_card();
  }
  const std::map<std::string, std::string>& files() const { return files_; }

 private:
  void copy_from_source() {
    if (request_.source_folder.empty()) return;
    for (const auto& entry : fs::directory_iterator(request_.source_folder)) {
      const std::string name = entry.path().filename().string();
      const bool wanted = name == "config.json" || is_licence(name) ||
                          std::find(kCopied.begin(), kCopied.end(), name) != kCopied.end();
      if (wanted && entry.is_regular_file()) files_.try_emplace(name, read_file(entry.path()));
    }
  }
  void change_config() {
    const auto found = files_.find("config.json");
    require(found != files_.end(), ErrorKind::kModel, request_.source_folder,
            ": expected a config.json to copy, got none");
    const Json config = Json::parse(found->second, "config.json");
    const Json changed = new_config(config, request_.dtype);
    if (changed != config) found->second = changed.dump(2) + "\n";
  }
  // Some loaders read the template only from tokenizer_config.json.
  void mirror_template() {
    const auto jinja = files_.find("chat_template.jinja");
    const auto config = files_.find("tokenizer_config.json");
    if (jinja == files_.end() || config == files_.end()) return;
    Json json = Json::parse(config->second, "tokenizer_config.json");
    if (json.find("chat_template")) return;
    json["chat_template"] = jinja->second;
    config->second = json.dump(2) + "\n";
  }
  // The line "license: ..." of the source's card, with its end; or "".
  std::string source_licence() const {
    const std::string source_card = join_path(request_.source_folder, "README.md");
    if (request_.source_folder.empty() || !file_exists(source_card)) return "";
    const std::string licence = card_licence(read_file(source_card));
    return licence.empty() ? "" : licence + "\n";
  }
  // A caller's card that names no licence gets the source's: the weights are still under it.
  std::string with_licence(const std::string& card) const {
    constexpr std::string_view kStart = "---\n";
    if (!card.starts_with(kStart) || !card_licence(card).empty()) return card;
    return cat(kStart, source_licence(), std::string_view(card).substr(kStart.size()));
  }
  std::string plain_card() const {
    return cat("---\n", source_licence(),
               "library_name: transformers\npipeline_tag: text-generation\n---\n\n", "Weights in ",
               request_.dtype, ", written by laconic ", LACONIC_VERSION, ".\n");
  }

  const SaveRequest& request_;
  std::map<std::string, std::string> files_;
};

// The temporary folder that becomes the target, and its manifest.
class FolderWriter {
 public:
  explicit FolderWriter(const std::string& target)
      : target_(target), temporary_(cat(target, ".tmp-", ::getpid())) {
    remove_all(temporary_);
    remove_stale_temporaries(parent_path(target), file_name(target));
    make_folders(temporary_);
  }
  ~FolderWriter() {
    std::error_code ignored;
    fs::remove_all(temporary_, ignored);
  }
  FolderWriter(const FolderWriter&) = delete;
  FolderWriter& operator=(const FolderWriter&) = delete;

  const std::string& folder() const { return temporary_; }
  void add(const std::string& name, std::string_view bytes) {
    const std::string path = join_path(temporary_, name);
    if (name.find('/') != std::string::npos) make_folders(parent_path(path));
    OutputFile file(path);
    file.write(bytes);
    file.close();
  }
  void record(const std::string& name, const std::string& hash) { hashes_[name] = hash; }
  void publish();

 private:
  void write_manifest();
  std::string target_, temporary_;
  std::map<std::string, std::string> hashes_;  // of files hashed while they were written
};

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

// One shard: tensors sorted by name, rounded and written in pieces.
void write_shard(FolderWriter& writer, const std::string& name, const SaveRequest& request,
                 std::vector<const Parameter*> parameters) {
  std::sort(parameters.begin(), parameters.end(),
            [](const Parameter* a, const Parameter* b) { return a->name < b->name; });
  std::vector<NewTensor> tensors;
  const std::string dtype(safetensors_dtype(request.dtype));
  for (const Parameter* parameter : parameters)
    tensors.push_back({parameter->name, dtype, parameter->shape});

  OutputFile file(join_path(writer.folder(), name));
  Hash128 hash;
  const auto write = [&](std::string_view bytes) {
    file.write(bytes);
    hash.add(std::as_bytes(std::span(bytes.data(), bytes.size())));
  };
  write(safetensors_header(tensors));
  std::string chunk;
  const size_t width = static_cast<size_t>(dtype_bits(dtype)) / 8;
  for (const Parameter* parameter : parameters) {
    const at::Tensor values =
        request.weights->flat.narrow(0, parameter->offset, parameter->size()).cpu();
    const std::span<const float> all(values.data_ptr<float>(),
                                     static_cast<size_t>(parameter->size()));
    for (size_t start = 0; start < all.size(); start += kChunkValues) {
      const auto part = all.subspan(start, std::min(kChunkValues, all.size() - start));
      chunk.resize(part.size() * width);
      quantize(request.dtype, part, std::as_writable_bytes(std::span(chunk.data(), chunk.size())));
      write(chunk);
    }
  }
  file.close();
  writer.record(name, hash.hex());
}

// Parameters in buffer order, cut so that a shard stays within the limit (one tensor may exceed
// it).
std::vector<std::vector<const Parameter*>> plan_shards(const SaveRequest& request, int64_t width) {
  std::vector<std::vector<const Parameter*>> shards(1);
  int64_t bytes = 0;
  for (const Parameter& parameter : request.weights->parameters) {
    const int64_t size = parameter.size() * width;
    if (!shards.back().empty() && bytes + size > request.max_shard_bytes) {
      shards.emplace_back();
      bytes = 0;
    }
    shards.back().push_back(&parameter);
    bytes += size;
  }
  return shards;
}

std::string shard_name(size_t number, size_t count) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "model-%05zu-of-%05zu.safetensors", number, count);
  return text.data();
}

void write_weights(FolderWriter& writer, const SaveRequest& request, int64_t width) {
  const auto shards = plan_shards(request, width);
  if (shards.size() == 1) return write_shard(writer, "model.safetensors", request, shards[0]);
  std::map<std::string, std::string> file_of;
  int64_t total_values = 0;
  for (size_t i = 0; i < shards.size(); ++i) {
    const std::string name = shard_name(i + 1, shards.size());
    write_shard(writer, name, request, shards[i]);
    for (const Parameter* parameter : shards[i]) {
      file_of[parameter->name] = name;
      total_values += parameter->size();
    }
  }
  Json index = Json::object();
  index["metadata"]["total_size"] = total_values * width;
  Json map = Json::object();
  for (const auto& [tensor, file] : file_of) map.members().emplace_back(tensor, file);
  index["weight_map"] = std::move(map);
  writer.add("model.safetensors.index.json", index.dump(2) + "\n");
}

void check_target(const std::string& folder, const SaveRequest& request) {
  std::error_code code;
  require(!fs::exists(folder, code) || folder_exists(folder), ErrorKind::kUsage, folder,
          ": expected a folder or nothing, got a file");
  if (!folder_exists(folder)) return;
  require(request.source_folder.empty() || !fs::equivalent(folder, request.source_folder, code),
          ErrorKind::kUsage, folder, ": expected another folder than the source's, got the same");
  require(fs::is_empty(folder, code) || has_manifest(folder), ErrorKind::kUsage, folder,
          ": expected an empty folder or one that laconic wrote, got other files (nothing was "
          "overwritten)");
}

}  // namespace

void save_model(const std::string& folder_name, const SaveRequest& request) {
  LACONIC_CHECK(request.weights != nullptr, "weights");
  const std::string dtype(safetensors_dtype(request.dtype));
  require(!dtype.empty(), ErrorKind::kUsage, "dtype: expected float32, float16 or bfloat16, got \"",
          request.dtype, "\"");
  const std::string folder = without_slash(folder_name);
  check_target(folder, request);
  const FileSet files(request);
  const std::string parent = parent_path(folder);
  make_folders(parent);
  const int64_t width = dtype_bits(dtype) / 8;
  const uint64_t needed = static_cast<uint64_t>(request.weights->flat.numel() * width);
  const uint64_t free = free_bytes(parent);
  require(needed <= free, ErrorKind::kDisk, folder, ": expected ", needed,
          " bytes free for the weights, got ", free);
  FolderWriter writer(folder);
  write_weights(writer, request, width);
  for (const auto& [name, bytes] : files.files()) writer.add(name, bytes);
  if (request.add_files) request.add_files(writer.folder());
  writer.publish();
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
