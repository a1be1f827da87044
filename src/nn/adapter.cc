// SPDX-License-Identifier: Apache-2.0
#include "nn/adapter.h"

#include <ATen/ops/empty.h>

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "base/format.h"
#include "base/safetensors.h"
#include "nn/dequantize.h"
#include "nn/finite.h"
#include "nn/folder_writer.h"

namespace laconic {
namespace {

constexpr const char* kConfigFile = "adapter_config.json";
constexpr const char* kTensorFile = "adapter_model.safetensors";
constexpr const char* kPrefix = "base_model.model.";

// A tensor of an adapter under its key in the file.
struct KeyedTensor {
  std::string key;
  at::Tensor* tensor;
  std::vector<int64_t> shape;
};

// Every tensor that the plan asks for; those of `adapter` are made room for by the caller.
std::vector<KeyedTensor> keyed_tensors(Adapter& adapter) {
  std::vector<KeyedTensor> keyed;
  for (size_t i = 0; i < adapter.plan.modules.size(); ++i) {
    const AdapterModule& module = adapter.plan.modules[i];
    LowRank& low_rank = adapter.low_rank[i];
    const std::string prefix = kPrefix + module.name;
    const int64_t out = module.parameter.shape[0], in = module.parameter.shape[1];
    keyed.push_back({prefix + ".lora_A.weight", &low_rank.a, {module.r, in}});
    keyed.push_back({prefix + ".lora_B.weight", &low_rank.b, {out, module.r}});
    if (adapter.config.use_dora)
      keyed.push_back({prefix + ".lora_magnitude_vector", &low_rank.magnitude, {out}});
  }
  for (size_t i = 0; i < adapter.plan.saved.size(); ++i)
    keyed.push_back(
        {kPrefix + adapter.plan.saved[i].name, &adapter.saved[i], adapter.plan.saved[i].shape});
  std::sort(keyed.begin(), keyed.end(),
            [](const KeyedTensor& a, const KeyedTensor& b) { return a.key < b.key; });
  return keyed;
}

void add_list(const char* what, const std::vector<std::string>& names, std::string& text) {
  if (names.empty()) return;
  text += cat(text.empty() ? "" : "; ", names.size(), " ", what, ": ");
  for (size_t i = 0; i < names.size() && i < 4; ++i) text += (i ? ", " : "") + names[i];
  if (names.size() > 4) text += ", ...";
}

// Both sides of the match at once: a wrong prefix shows as all missing and all unknown.
void check_keys(const SafetensorsFile& file, const std::vector<KeyedTensor>& wanted,
                const ModelConfig& model) {
  std::map<std::string, const TensorEntry*> found;
  for (const TensorEntry& entry : file.index().tensors) found[entry.name] = &entry;
  std::vector<std::string> missing, misshapen, unknown;
  for (const KeyedTensor& tensor : wanted) {
    const auto entry = found.find(tensor.key);
    if (entry == found.end()) {
      missing.push_back(tensor.key);
      continue;
    }
    if (entry->second->shape != tensor.shape || torch_dtype(entry->second->dtype).empty())
      misshapen.push_back(cat(tensor.key, " ", entry->second->dtype, " ",
                              shape_text(entry->second->shape), " for ", shape_text(tensor.shape)));
    found.erase(entry);
  }
  for (const auto& [name, entry] : found) unknown.push_back(name);
  std::string text;
  add_list("missing", missing, text);
  add_list("of a wrong dtype or shape", misshapen, text);
  add_list("unknown", unknown, text);
  require(text.empty(), ErrorKind::kModel, file.path(), ": expected the ", wanted.size(),
          " tensors that ", kConfigFile, " means for this ", model.architecture, ", got ", text);
}

Json read_config(const std::string& folder) {
  require(folder_exists(folder), ErrorKind::kUsage, folder, ": expected an adapter folder, got ",
          file_exists(folder) ? "a file" : "nothing there");
  const std::string path = join_path(folder, kConfigFile);
  require(file_exists(path), ErrorKind::kModel, folder, ": expected a file ", kConfigFile,
          ", got none (is it an adapter folder?)");
  try {
    return Json::parse(read_file(path), path);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kData) throw;
    throw Error(ErrorKind::kModel, error.what());
  }
}

// Without a model to compare with: each module has its A and its B, of one rank.
void check_pairs(const SafetensorsFile& file) {
  constexpr std::string_view kA = ".lora_A.weight", kB = ".lora_B.weight";
  std::map<std::string, int64_t> ranks;  // of A, then left to match
  for (const TensorEntry& entry : file.index().tensors)
    if (entry.name.ends_with(kA) && entry.shape.size() == 2)
      ranks[entry.name.substr(0, entry.name.size() - kA.size())] = entry.shape[0];
  for (const TensorEntry& entry : file.index().tensors) {
    if (entry.name.ends_with(kA) && entry.shape.size() == 2) continue;
    const bool is_b = entry.name.ends_with(kB) && entry.shape.size() == 2;
    const auto pair = ranks.find(entry.name.substr(0, entry.name.size() - (is_b ? kB.size() : 0)));
    require(is_b && pair != ranks.end() && pair->second == entry.shape[1], ErrorKind::kModel,
            file.path(), ": tensor \"", entry.name,
            "\": expected pairs of lora_A [r, in] and lora_B [out, r], got it without its match");
    ranks.erase(pair);
  }
  require(ranks.empty(), ErrorKind::kModel, file.path(),
          ": expected a lora_B for each lora_A, got none for ",
          ranks.empty() ? "" : ranks.begin()->first);
}

std::string_view tensor_bytes(const at::Tensor& tensor) {
  return {static_cast<const char*>(tensor.const_data_ptr()),
          static_cast<size_t>(tensor.numel()) * sizeof(float)};
}

}  // namespace

ModelCard adapter_card(const AdapterConfig& config) {
  ModelCard card;
  card.base = config.base_model;
  card.relation = "adapter";
  card.library = "peft";
  card.tags = {"laconic", "lora"};
  card.body = cat("A ", config.use_dora ? "DoRA" : "LoRA", " adapter, r ", config.r, ", alpha ",
                  config.alpha, config.use_rslora ? " (rslora)" : "", ", written by laconic ",
                  LACONIC_VERSION, ".\n");
  return card;
}

Adapter load_adapter(const std::string& folder, const ModelConfig& model) {
  const std::string place = join_path(folder, kConfigFile);
  Adapter adapter;
  adapter.config = parse_adapter_config(read_config(folder), place);
  adapter.plan = plan_adapter(adapter.config, model, place);
  adapter.low_rank.resize(adapter.plan.modules.size());
  adapter.saved.resize(adapter.plan.saved.size());
  const std::string path = join_path(folder, kTensorFile);
  const bool pickled = file_exists(join_path(folder, "adapter_model.bin"));
  require(file_exists(path), ErrorKind::kModel, folder, ": expected a file ", kTensorFile, ", got ",
          pickled ? "adapter_model.bin (save it as safetensors first)" : "none");
  const SafetensorsFile file(path);
  const std::vector<KeyedTensor> keyed = keyed_tensors(adapter);
  check_keys(file, keyed, model);
  std::map<std::string, const TensorEntry*> entries;
  for (const TensorEntry& entry : file.index().tensors) entries[entry.name] = &entry;
  for (const KeyedTensor& tensor : keyed) {
    const TensorEntry& entry = *entries.at(tensor.key);
    *tensor.tensor = at::empty(tensor.shape, at::kFloat);
    const std::span<float> values(tensor.tensor->data_ptr<float>(),
                                  static_cast<size_t>(tensor.tensor->numel()));
    dequantize(entry.dtype, file.bytes(entry), values);
    require_finite(values, ErrorKind::kModel, cat(path, ": tensor \"", tensor.key, "\""));
  }
  return adapter;
}

uint64_t adapter_bytes(const Adapter& adapter) {
  uint64_t bytes = 0;
  Adapter copy = adapter;  // of handles
  for (const KeyedTensor& tensor : keyed_tensors(copy))
    bytes += static_cast<uint64_t>(tensor.tensor->numel()) * sizeof(float);
  return bytes;
}

void save_adapter(const std::string& folder_name, const SaveAdapterRequest& request) {
  LACONIC_CHECK(request.adapter != nullptr, "adapter");
  const std::string folder = without_slash(folder_name);
  check_target(folder, request.source_folder);
  FolderWriter writer(folder);
  const uint64_t needed = adapter_bytes(*request.adapter), free = free_bytes(writer.folder());
  require(needed <= free, ErrorKind::kDisk, folder, ": expected ", needed,
          " bytes free for the adapter, got ", free);
  Adapter adapter = *request.adapter;  // of handles
  std::vector<NewTensor> tensors;
  const std::vector<KeyedTensor> keyed = keyed_tensors(adapter);
  for (const KeyedTensor& tensor : keyed) tensors.push_back({tensor.key, "F32", tensor.shape});
  OutputFile file(join_path(writer.folder(), kTensorFile));
  file.write(safetensors_header(tensors));
  for (const KeyedTensor& tensor : keyed) file.write(tensor_bytes(tensor.tensor->contiguous()));
  file.close();
  AdapterConfig config = adapter.config;
  if (config.all_linear) {
    config.all_linear = false;
    for (const AdapterModule& module : adapter.plan.modules)
      config.target_modules.push_back(module.name);
  }
  writer.add(kConfigFile, adapter_config_json(config).dump(2) + "\n");
  writer.add("README.md",
             request.card.empty() ? model_card_text(adapter_card(adapter.config)) : request.card);
  for (const auto& [name, bytes] : request.files) writer.add(name, bytes);
  if (request.add_files) request.add_files(writer.folder());
  writer.publish();
}

void scale_adapter(const std::string& folder, double factor, const std::string& target) {
  Json json = read_config(folder);
  const std::string place = join_path(folder, kConfigFile);
  const AdapterConfig config = parse_adapter_config(json, place);
  require(!config.use_dora, ErrorKind::kUsage, place,
          ": use_dora: expected false, got true (DoRA's change is not proportional to B A)");
  require(config.modules_to_save.empty(), ErrorKind::kUsage, place,
          ": modules_to_save: expected none, got some (whole tensors have no factor)");
  const SafetensorsFile file(join_path(folder, kTensorFile));
  check_pairs(file);
  json["lora_alpha"] = number_json(config.alpha * factor);
  if (const Json* pattern = json.find("alpha_pattern"); pattern && pattern->is_object())
    for (Json::Member& member : json["alpha_pattern"].members())
      member.second = number_json(member.second.as_number(place) * factor);
  parse_adapter_config(json, cat(place, " times ", factor));  // an alpha beyond what is read
  const std::string path = without_slash(target);
  check_target(path, folder);
  FolderWriter writer(path);
  writer.add(kTensorFile, MappedFile(file.path()).text());
  writer.add(kConfigFile, json.dump(2) + "\n");
  AdapterConfig scaled = config;
  scaled.alpha *= factor;
  writer.add("README.md", model_card_text(adapter_card(scaled)));
  writer.publish();
}

}  // namespace laconic
