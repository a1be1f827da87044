// SPDX-License-Identifier: Apache-2.0
#include "nn/adapter.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linalg_svd.h>
#include <ATen/ops/linalg_vector_norm.h>

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "base/safetensors.h"
#include "nn/dequantize.h"
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

std::string shape_text(const std::vector<int64_t>& shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) text += cat(i ? ", " : "", shape[i]);
  return text + "]";
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
  require(folder_exists(folder), ErrorKind::kModel, folder, ": expected an adapter folder, got ",
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

std::string plain_card(const AdapterConfig& config) {
  std::string card = "---\n";
  if (!config.base_model.empty())
    card += cat("base_model: ", config.base_model, "\nbase_model_relation: adapter\n");
  return cat(card, "library_name: peft\npipeline_tag: text-generation\ntags: [laconic, lora]\n",
             "---\n\nA ", config.use_dora ? "DoRA" : "LoRA", " adapter, r ", config.r, ", alpha ",
             config.alpha, config.use_rslora ? " (rslora)" : "", ", written by laconic ",
             LACONIC_VERSION, ".\n");
}

std::string_view tensor_bytes(const at::Tensor& tensor) {
  return {static_cast<const char*>(tensor.const_data_ptr()),
          static_cast<size_t>(tensor.numel()) * sizeof(float)};
}

}  // namespace

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
    dequantize(entry.dtype, file.bytes(entry),
               {tensor.tensor->data_ptr<float>(), static_cast<size_t>(tensor.tensor->numel())});
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
  writer.add("README.md", request.card.empty() ? plain_card(adapter.config) : request.card);
  for (const auto& [name, bytes] : request.files) writer.add(name, bytes);
  if (request.add_files) request.add_files(writer.folder());
  writer.publish();
}

at::Tensor merged_weight(const at::Tensor& weight, const AdapterModule& module,
                         const LowRank& low_rank) {
  const at::Tensor sum = at::addmm(weight, low_rank.b, low_rank.a, 1, module.scale);
  if (!low_rank.magnitude.defined()) return sum;
  const at::Tensor norm = at::linalg_vector_norm(sum, 2, at::IntArrayRef{1});
  return sum * (low_rank.magnitude / norm).unsqueeze(1);
}

AdapterMerge::AdapterMerge(const Adapter& adapter) : adapter_(adapter) {
  const size_t num_modules = adapter.plan.modules.size();
  for (size_t i = 0; i < num_modules; ++i) places_[adapter.plan.modules[i].parameter.name] = i;
  for (size_t i = 0; i < adapter.plan.saved.size(); ++i)
    places_[adapter.plan.saved[i].name] = num_modules + i;
}

void AdapterMerge::apply(const Parameter& parameter, const at::Tensor& values) const {
  const auto place = places_.find(parameter.name);
  if (place == places_.end()) return;
  at::Tensor target = values.view(parameter.shape);
  const size_t num_modules = adapter_.plan.modules.size();
  if (place->second >= num_modules) {
    target.copy_(adapter_.saved[place->second - num_modules]);
    return;
  }
  target.copy_(merged_weight(target, adapter_.plan.modules[place->second],
                             adapter_.low_rank[place->second]));
}

void merge_adapter(const Adapter& adapter, Weights& weights) {
  const AdapterMerge merge(adapter);
  for (const Parameter& parameter : weights.parameters)
    if (merge.touches(parameter))
      merge.apply(parameter, weights.flat.narrow(0, parameter.offset, parameter.size()));
}

Extraction extract_low_rank(const at::Tensor& difference, int64_t r) {
  const auto [u, s, vh] = at::linalg_svd(difference, /*full_matrices=*/false);
  const int64_t rank = std::min(r, s.size(0));
  const at::Tensor root = s.narrow(0, 0, rank).sqrt();
  Extraction result;
  // A rank that the matrix does not have is filled with zeros: every module keeps the same r.
  result.low_rank.a = at::empty({r, difference.size(1)}, difference.options()).zero_();
  result.low_rank.b = at::empty({difference.size(0), r}, difference.options()).zero_();
  result.low_rank.a.narrow(0, 0, rank).copy_(vh.narrow(0, 0, rank) * root.unsqueeze(1));
  result.low_rank.b.narrow(1, 0, rank).copy_(u.narrow(1, 0, rank) * root.unsqueeze(0));
  const at::Tensor energies = (s * s).to(at::kDouble);
  result.total_energy = energies.sum().item<double>();
  result.energy = energies.narrow(0, 0, rank).sum().item<double>();
  return result;
}

}  // namespace laconic
