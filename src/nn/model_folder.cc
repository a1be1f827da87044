// SPDX-License-Identifier: Apache-2.0
#include "nn/model_folder.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include <set>

#include "base/error.h"
#include "base/format.h"
#include "nn/dequantize.h"
#include "nn/finite.h"

namespace laconic {
namespace {

constexpr const char* kSingleFile = "model.safetensors";
constexpr const char* kIndexFile = "model.safetensors.index.json";

// A file of a model folder that cannot be read or parsed is a bad model, whatever the cause.
template <typename Read>
auto as_model_error(const Read& read) {
  try {
    return read();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kData) throw;
    throw Error(ErrorKind::kModel, error.what());
  }
}

Json read_json(const std::string& path) {
  return as_model_error([&] { return Json::parse(read_file(path), path); });
}

// "a, b, c and 4 more"
std::string list_some(const std::vector<std::string>& names) {
  std::string text;
  for (size_t i = 0; i < names.size() && i < 5; ++i) text += (i ? ", " : "") + names[i];
  if (names.size() > 5) text += cat(" and ", names.size() - 5, " more");
  return text;
}

// The shard that a name of the index means; a name is a plain file name of the folder.
std::string shard_path(const std::string& folder, const std::string& name,
                       const std::string& place) {
  const bool plain = !name.empty() && name != "." && name != ".." &&
                     name.find_first_of(std::string_view("/\\\0", 3)) == std::string::npos;
  require(plain, ErrorKind::kModel, place, ": expected the name of a file in the folder, got \"",
          name, "\"");
  const std::string path = join_path(folder, name);
  require(file_exists(path), ErrorKind::kModel, place, ": expected the file \"", name,
          "\" in the folder, got none");
  return path;
}

using FileOfTensor = std::map<std::string, std::string>;  // the index's weight_map

FileOfTensor read_weight_map(const std::string& path) {
  const Json json = read_json(path);
  const Json* map = json.find("weight_map");
  require(map && map->is_object() && map->size() > 0, ErrorKind::kModel, path,
          ": weight_map: expected an object of tensor names and files, got ",
          map ? (map->is_object() ? "an empty one" : map->kind_name()) : "none");
  FileOfTensor result;
  for (const auto& [tensor, file] : map->as_object(path)) {
    require(file.is_string(), ErrorKind::kModel, path, ": weight_map: \"", tensor,
            "\": expected a string, got ", file.kind_name());
    result[tensor] = file.as_string(path);
  }
  return result;
}

void add_tensors(ModelIndex& index, size_t file) {
  for (const TensorEntry& entry : index.files[file].index().tensors) {
    const auto [place, is_new] = index.tensors.insert({entry.name, {file, entry}});
    require(is_new, ErrorKind::kModel, index.files[file].path(), ": tensor \"", entry.name,
            "\": expected each tensor once, got it in ",
            file_name(index.files[place->second.file].path()), " too");
  }
}

void open_shards(ModelIndex& index, const std::string& index_path) {
  const FileOfTensor files = read_weight_map(index_path);
  std::map<std::string, size_t> opened;
  for (const auto& [tensor, name] : files) {
    if (opened.contains(name)) continue;
    const std::string place = cat(index_path, ": weight_map: \"", tensor, "\"");
    const std::string path = shard_path(index.folder, name, place);
    opened[name] = index.files.size();
    index.files.emplace_back(path);
    add_tensors(index, index.files.size() - 1);
  }
  for (const auto& [tensor, name] : files) {
    const auto found = index.tensors.find(tensor);
    require(found != index.tensors.end() && found->second.file == opened[name], ErrorKind::kModel,
            index_path, ": weight_map: \"", tensor, "\": expected the tensor in ", name,
            ", got none there");
  }
  for (const auto& [tensor, stored] : index.tensors)
    require(files.contains(tensor), ErrorKind::kModel, index.files[stored.file].path(),
            ": tensor \"", tensor, "\": expected a tensor that ", kIndexFile,
            " lists, got an unlisted one");
}

void open_weights(ModelIndex& index) {
  const std::string single = join_path(index.folder, kSingleFile);
  const std::string sharded = join_path(index.folder, kIndexFile);
  if (file_exists(single)) {
    index.files.emplace_back(single);
    add_tensors(index, 0);
    return;
  }
  if (file_exists(sharded)) return open_shards(index, sharded);
  const bool pickled = file_exists(join_path(index.folder, "pytorch_model.bin")) ||
                       file_exists(join_path(index.folder, "pytorch_model.bin.index.json"));
  fail(ErrorKind::kModel, index.folder, ": expected ", kSingleFile, " or ", kIndexFile, ", got ",
       pickled ? "pytorch_model.bin (save it as safetensors first)" : "neither");
}

// Tensors that some folders carry and no computation uses.
bool is_ignorable(const std::string& name, const ModelConfig& config) {
  return name.ends_with(".rotary_emb.inv_freq") ||
         (config.tie_embeddings && name == "lm_head.weight");
}

void check_tensor(const ModelIndex& index, const Parameter& parameter) {
  const auto found = index.tensors.find(parameter.name);
  const char* hint = parameter.name == "lm_head.weight"
                         ? " (config.json says that the embeddings are not tied)"
                         : "";
  require(found != index.tensors.end(), ErrorKind::kModel, index.folder, ": expected a tensor \"",
          parameter.name, "\", got none", hint);
  const TensorEntry& entry = found->second.entry;
  const std::string place =
      cat(index.files[found->second.file].path(), ": tensor \"", entry.name, "\"");
  require(!torch_dtype(entry.dtype).empty(), ErrorKind::kModel, place,
          ".dtype: expected F32, F16 or BF16, got ", entry.dtype);
  require(entry.shape == parameter.shape, ErrorKind::kModel, place, ".shape: expected ",
          shape_text(parameter.shape), " (from config.json), got ", shape_text(entry.shape));
}

void check_tensors(ModelIndex& index) {
  const std::vector<Parameter> plan = plan_parameters(index.config);
  std::set<std::string> needed;
  for (const Parameter& parameter : plan) {
    check_tensor(index, parameter);
    needed.insert(parameter.name);
  }
  std::vector<std::string> unknown;
  for (auto it = index.tensors.begin(); it != index.tensors.end();) {
    const bool keep = needed.contains(it->first);
    if (!keep)
      (is_ignorable(it->first, index.config) ? index.ignored : unknown).push_back(it->first);
    it = keep ? std::next(it) : index.tensors.erase(it);
  }
  require(unknown.empty(), ErrorKind::kModel, index.folder, ": expected only tensors of ",
          index.config.architecture, ", got ", unknown.size(), " others: ", list_some(unknown));
}

void read_generation_config(ModelIndex& index) {
  index.eos_token_ids = index.config.eos_token_ids;
  const std::string path = join_path(index.folder, "generation_config.json");
  if (!file_exists(path)) return;
  index.generation_config = read_json(path);
  require(index.generation_config.is_object(), ErrorKind::kModel, path,
          ": expected an object, got ", index.generation_config.kind_name());
  const std::vector<int64_t> ids =
      parse_token_ids(index.generation_config.find("eos_token_id"), path + ": eos_token_id");
  if (!ids.empty()) index.eos_token_ids = ids;
}

}  // namespace

ModelIndex open_model(const std::string& folder) {
  require_model_folder(folder, "model");
  ModelIndex index;
  index.folder = folder;
  const std::string config_path = join_path(folder, "config.json");
  require(file_exists(config_path), ErrorKind::kModel, folder,
          ": expected a file config.json, got none (is it a model folder?)");
  index.config_json = read_json(config_path);
  index.config = parse_model_config(index.config_json, config_path);
  open_weights(index);
  check_tensors(index);
  // What the tensors are decides; config.json's word can be stale.
  set_stored_dtype(
      index.config,
      std::string(torch_dtype(index.tensors.at("model.embed_tokens.weight").entry.dtype)));
  read_generation_config(index);
  return index;
}

void read_parameter(const ModelIndex& index, const Parameter& parameter, std::span<float> values) {
  const StoredTensor& stored = index.tensors.at(parameter.name);
  const SafetensorsFile& file = index.files[stored.file];
  dequantize(stored.entry.dtype, file.bytes(stored.entry), values);
  file.release(stored.entry);
  require_finite(values, ErrorKind::kModel, cat(file.path(), ": tensor \"", parameter.name, "\""));
}

at::Tensor read_tensor(const ModelIndex& index, const Parameter& parameter) {
  at::Tensor values = at::empty(parameter.shape, at::kFloat);
  read_parameter(index, parameter, {values.data_ptr<float>(), static_cast<size_t>(values.numel())});
  return values;
}

ModelFolder load_model(const std::string& folder) {
  ModelFolder model{open_model(folder), {}};
  const ModelIndex& index = model.index;
  model.weights = make_weights(index.config);
  float* const data = model.weights.flat.data_ptr<float>();
  const std::vector<Parameter>& parameters = model.weights.parameters;
  const auto load = [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      const Parameter& parameter = parameters[static_cast<size_t>(i)];
      read_parameter(index, parameter,
                     {data + parameter.offset, static_cast<size_t>(parameter.size())});
    }
  };
  at::parallel_for(0, static_cast<int64_t>(parameters.size()), 1, load);
  model.index.files.clear();
  return model;
}

}  // namespace laconic
