// A Hugging Face model folder in and out: config.json, generation_config.json and safetensors
// weights, and the tokenizer files that travel with them untouched.
//
// Not a tokenizer: text/ reads those files. Reading validates config and every shard (names,
// dtypes, shapes) before memory for weights is claimed; what the architecture does not know is
// refused, not skipped. Writing goes to a temporary folder beside the target; every file is
// fsynced, manifest.json (sizes and hashes) comes last, then the folder takes its name. An error
// removes the temporary folder and leaves the target as it was. Errors: Error(kUsage) for a folder
// that is not there; Error(kModel) `file: field: expected X, got Y`; Error(kDisk) when the device
// is full; Error(kUsage) when the target holds something that laconic did not write.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/safetensors.h"
#include "nn/folder_writer.h"  // has_manifest, verify_manifest
#include "nn/model_config.h"
#include "nn/weights.h"

namespace laconic {

// A tensor of the model and where it lies. `file` indexes ModelIndex::files.
struct StoredTensor {
  size_t file = 0;
  TensorEntry entry;
};

// Everything but the weights themselves: cheap, whatever the model's size.
struct ModelIndex {
  std::string folder;
  ModelConfig config;      // its dtype is that of the stored weights
  Json config_json;        // config.json as it is
  Json generation_config;  // generation_config.json, null where there is none
  std::vector<SafetensorsFile> files;
  std::map<std::string, StoredTensor> tensors;  // all that the architecture needs, by name
  std::vector<std::string> ignored;  // known to carry nothing: rotary inv_freq, a tied lm_head
  // eos_token_id of generation_config.json, else of config.json.
  std::vector<int64_t> eos_token_ids;
};

struct ModelFolder {
  ModelIndex index;  // with its files closed
  Weights weights;   // fp32 on the CPU
};

ModelIndex open_model(const std::string& folder);
ModelFolder load_model(const std::string& folder);
// One tensor of the model, fp32, straight from its file. REQUIRES: the index's files are open.
void read_parameter(const ModelIndex& index, const Parameter& parameter, std::span<float> values);
// The same as a tensor of the parameter's shape.
at::Tensor read_tensor(const ModelIndex& index, const Parameter& parameter);

// The licence that the folder's model card names in its front matter, or "".
std::string model_licence(const std::string& folder);

struct SaveRequest {
  const Weights* weights = nullptr;
  // Instead of weights, for a model that need not fit in memory: the tensors in order, and the fp32
  // values of one of them, asked for as it is written.
  std::vector<Parameter> parameters;
  std::function<at::Tensor(const Parameter&)> values;
  // Where config.json, tokenizer files, generation config and licence come from; may be empty when
  // `files` has them.
  std::string source_folder;
  std::string dtype = "bfloat16";            // of the stored weights: float32, float16, bfloat16
  std::map<std::string, std::string> files;  // further files by name; they win over the source's
  std::string card;                          // README.md; empty: a plain one
  int64_t max_shard_bytes = 5'000'000'000;
  // Called with the temporary folder before the manifest is made: for what is too large for
  // `files`. Whatever it writes (and fsyncs) is part of the manifest.
  std::function<void(const std::string& folder)> add_files;
};

// Writes `folder` whole. An empty folder or one with a manifest of ours is replaced; anything else
// there is refused.
void save_model(const std::string& folder, const SaveRequest& request);

}  // namespace laconic
