// SPDX-License-Identifier: Apache-2.0
#include "app/checkpoint.h"

#include <ATen/ops/empty_like.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <filesystem>

#include "base/error.h"
#include "base/log.h"
#include "base/safetensors.h"
#include "nn/lora.h"

namespace laconic {
namespace {

constexpr const char* kTensorFile = "training_state.safetensors";
constexpr const char* kStateFile = "training_state.json";

struct NamedBuffer {
  const char* name;
  at::Tensor tensor;  // flat fp32 [N]
};

std::vector<NamedBuffer> training_buffers(const at::Tensor& master, const at::Tensor& first,
                                          const at::Tensor& second) {
  return {{"master", master}, {"first_moment", first}, {"second_moment", second}};
}

std::string_view buffer_bytes(const at::Tensor& tensor) {
  return {static_cast<const char*>(tensor.data_ptr()),
          static_cast<size_t>(tensor.numel()) * sizeof(float)};
}

void write_buffers(const std::string& path, const std::vector<NamedBuffer>& buffers) {
  std::vector<NewTensor> tensors;
  for (const NamedBuffer& buffer : buffers)
    tensors.push_back({buffer.name, "F32", {buffer.tensor.numel()}});
  OutputFile file(path);
  file.write(safetensors_header(tensors));
  constexpr size_t kBlock = size_t{64} << 20;  // OutputFile copies what it is given
  for (const NamedBuffer& buffer : buffers) {
    std::string_view bytes = buffer_bytes(buffer.tensor);
    for (; !bytes.empty(); bytes.remove_prefix(std::min(kBlock, bytes.size())))
      file.write(bytes.substr(0, kBlock));
  }
  file.close();
}

void read_buffers(const std::string& path, const std::vector<NamedBuffer>& buffers) {
  const SafetensorsFile file(path);
  for (const NamedBuffer& buffer : buffers) {
    const auto& tensors = file.index().tensors;
    const auto found = std::find_if(tensors.begin(), tensors.end(), [&](const TensorEntry& entry) {
      return entry.name == buffer.name;
    });
    const std::vector<int64_t> shape = {buffer.tensor.numel()};
    require(found != tensors.end() && found->dtype == "F32" && found->shape == shape,
            ErrorKind::kModel, path, ": ", buffer.name, ": expected F32 [", shape[0],
            "], got something else (a checkpoint of another model?)");
    const auto bytes = file.bytes(*found);
    std::memcpy(buffer.tensor.data_ptr(), bytes.data(), bytes.size());
  }
}

// Renamed first, so that no half of a checkpoint bears its name. A checkpoint that stays is a
// nuisance, no reason to end a run.
void remove_checkpoint(const std::string& folder) {
  const std::string temporary = cat(folder, ".tmp-", ::getpid());
  try {
    rename_path(folder, temporary);
    remove_all(temporary);
  } catch (const Error& error) {
    log_warning(error.what(), "; the old checkpoint stays");
  }
}

}  // namespace

std::vector<int64_t> list_checkpoints(const std::string& run_path) {
  std::vector<int64_t> steps;
  std::error_code code;
  for (const auto& entry : std::filesystem::directory_iterator(run_path, code)) {
    const std::string name = entry.path().filename().string();
    constexpr std::string_view kPrefix = "checkpoint-";
    if (!name.starts_with(kPrefix)) continue;
    int64_t step = 0;
    const char* const end = name.data() + name.size();
    const auto parsed = std::from_chars(name.data() + kPrefix.size(), end, step);
    if (parsed.ec != std::errc() || parsed.ptr != end) continue;
    if (has_manifest(entry.path().string()))
      steps.push_back(step);
    else
      log_warning(entry.path().string(), ": no manifest, so it is incomplete; passed over");
  }
  std::sort(steps.begin(), steps.end());
  return steps;
}

std::optional<int64_t> latest_checkpoint(const std::string& run_path) {
  std::vector<int64_t> steps = list_checkpoints(run_path);
  for (; !steps.empty(); steps.pop_back()) {
    const std::string folder = join_path(run_path, cat("checkpoint-", steps.back()));
    try {
      verify_manifest(folder);
      return steps.back();
    } catch (const Error& error) {
      log_warning(error.what(), "; passed over");
    }
  }
  return std::nullopt;
}

void set_aside_incomplete(const std::string& folder) {
  std::error_code code;
  if (!folder_exists(folder) || has_manifest(folder) || std::filesystem::is_empty(folder, code))
    return;
  std::string aside = folder + ".incomplete";
  for (int n = 2; std::filesystem::exists(aside, code); ++n) aside = cat(folder, ".incomplete-", n);
  rename_path(folder, aside);
  log_warning(folder, ": no manifest, so it is incomplete; it is now ", aside);
}

void save_checkpoint(const std::string& folder, SaveRequest request, const Trainer& trainer,
                     const Json& state) {
  set_aside_incomplete(folder);
  request.files[kStateFile] = state.dump(2) + "\n";
  const Weights& weights = *request.weights;
  request.add_files = [&](const std::string& temporary) {
    write_buffers(join_path(temporary, kTensorFile),
                  training_buffers(trained_tensors(weights).flat, trainer.first_moment(),
                                   trainer.second_moment()));
  };
  if (!weights.lora) return save_model(folder, request);
  const Adapter adapter = adapter_of(weights);
  save_adapter(folder, {&adapter, "", request.source_folder, request.files, request.add_files});
}

Json load_checkpoint(const std::string& folder, Weights& weights, Trainer& trainer) {
  const std::string path = join_path(folder, kStateFile);
  const Json state = Json::parse(read_file(path), path);
  const at::Tensor& master = trained_tensors(weights).flat;
  const at::Tensor first = at::empty_like(master), second = at::empty_like(master);
  read_buffers(join_path(folder, kTensorFile), training_buffers(master, first, second));
  trainer.restore(state.at("global_step", path).as_integer(path + ": global_step"),
                  state.at("skipped_steps", path).as_integer(path + ": skipped_steps"), first,
                  second);
  return state;
}

uint64_t checkpoint_bytes(int64_t num_weights, const std::string& dtype) {
  const uint64_t stored = dtype == "float32" ? 4 : 2;
  constexpr uint64_t kSmallFiles = 24u
                                   << 20;  // a tokenizer.json of a large vocabulary and its company
  return static_cast<uint64_t>(num_weights) * (stored + 12) + kSmallFiles;
}

void rotate_checkpoints(const std::string& run_path, int64_t limit,
                        const std::vector<int64_t>& keep) {
  if (limit <= 0) return;
  std::vector<int64_t> steps = list_checkpoints(run_path);
  int64_t excess = static_cast<int64_t>(steps.size()) - limit;
  for (int64_t step : steps) {
    if (excess <= 0) return;
    if (std::find(keep.begin(), keep.end(), step) != keep.end()) continue;
    remove_checkpoint(join_path(run_path, cat("checkpoint-", step)));
    --excess;
  }
}

}  // namespace laconic
