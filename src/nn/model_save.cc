// The writing half of nn/model_folder.h.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cstdio>

#include "base/error.h"
#include "base/hash.h"
#include "nn/copied_files.h"
#include "nn/dequantize.h"
#include "nn/finite.h"
#include "nn/folder_writer.h"
#include "nn/model_folder.h"
#include "nn/rope_config.h"

namespace laconic {
namespace {

constexpr size_t kChunkValues = size_t{1} << 18;  // values rounded and written at a time
// config.json with what the new weights change and nothing else.
Json new_config(Json config, const std::string& dtype) {
  const bool old_spelling = config.find("torch_dtype"), new_spelling = config.find("dtype");
  if (new_spelling) config["dtype"] = dtype;
  if (old_spelling || !new_spelling) config["torch_dtype"] = dtype;
  add_version_4_rope(config);
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
    for (const std::string& name : copied_files(request_.source_folder))
      if (!files_.contains(name)) files_[name] = read_file(join_path(request_.source_folder, name));
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

const std::vector<Parameter>& parameters_of(const SaveRequest& request) {
  return request.weights ? request.weights->parameters : request.parameters;
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
        request.weights
            ? request.weights->flat.narrow(0, parameter->offset, parameter->size()).cpu()
            : request.values(*parameter);
    const std::span<const float> all(values.data_ptr<float>(),
                                     static_cast<size_t>(parameter->size()));
    for (size_t start = 0; start < all.size(); start += kChunkValues) {
      const auto part = all.subspan(start, std::min(kChunkValues, all.size() - start));
      require_storable(part, request.dtype, cat(name, ": tensor \"", parameter->name, "\""));
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
  for (const Parameter& parameter : parameters_of(request)) {
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

}  // namespace

std::string model_licence(const std::string& folder) {
  const std::string card = join_path(folder, "README.md");
  constexpr std::string_view kKey = "license:";
  std::string line = file_exists(card) ? card_licence(read_file(card)) : "";
  line.erase(0, std::min(line.size(), kKey.size()));
  const auto is_blank = [](char c) { return c == ' ' || c == '\r' || c == '"'; };
  while (!line.empty() && is_blank(line.back())) line.pop_back();
  while (!line.empty() && is_blank(line.front())) line.erase(0, 1);
  return line;
}

void save_model(const std::string& folder_name, const SaveRequest& request) {
  LACONIC_CHECK(request.weights || request.values, "weights");
  const std::string dtype(safetensors_dtype(request.dtype));
  require(!dtype.empty(), ErrorKind::kUsage, "dtype: expected float32, float16 or bfloat16, got \"",
          request.dtype, "\"");
  const std::string folder = without_slash(folder_name);
  check_target(folder, request.source_folder);
  const FileSet files(request);
  const std::string parent = parent_path(folder);
  make_folders(parent);
  const int64_t width = dtype_bits(dtype) / 8;
  uint64_t needed = 0;
  for (const Parameter& parameter : parameters_of(request))
    needed += static_cast<uint64_t>(parameter.size() * width);
  const uint64_t free = free_bytes(parent);
  require(needed <= free, ErrorKind::kDisk, folder, ": expected ", needed,
          " bytes free for the weights, got ", free);
  FolderWriter writer(folder);
  write_weights(writer, request, width);
  for (const auto& [name, bytes] : files.files()) writer.add(name, bytes);
  if (request.add_files) request.add_files(writer.folder());
  writer.publish();
}

}  // namespace laconic
