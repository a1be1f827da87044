// A PEFT LoRA adapter: the folder in and out, merging it into weights, and making one from the
// difference of two models.
//
//   W' = W + s B A                                   s = alpha / r, or alpha / sqrt(r) (rslora)
//   W' = m (W + s B A) / ||W + s B A||, row by row   DoRA (arXiv 2402.09353); m: magnitudes
//
// Folder: adapter_config.json (nn/adapter_config.h), adapter_model.safetensors with the keys
// "base_model.model." + module + ".lora_A.weight" [r, in], ".lora_B.weight" [out, r] and
// ".lora_magnitude_vector" [out], whole tensors of modules_to_save under "base_model.model." +
// their name, README.md. Keys must match the model exactly: a missing, unknown or mis-shaped one is
// Error(kModel) that lists all three kinds, never a warning. Not the training of one: nn/lora.h.
// Source: PEFT 0.21 (utils/save_and_load.py, tuners/lora/layer.py). All values here are fp32.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/model_card.h"
#include "nn/adapter_config.h"
#include "nn/weights.h"

namespace laconic {

struct LowRank {
  at::Tensor a;          // [r, in]
  at::Tensor b;          // [out, r]
  at::Tensor magnitude;  // [out], undefined without DoRA
};

struct Adapter {
  AdapterConfig config;
  AdapterPlan plan;
  std::vector<LowRank> low_rank;  // one for each of plan.modules
  std::vector<at::Tensor> saved;  // one for each of plan.saved
};

// DoRA's lengths of the rows of W + s B A [out, in]: [out]. A row of zeros has 1, so that it stays
// zero where PEFT divides 0 by 0.
at::Tensor direction_norms(const at::Tensor& sum);

Adapter load_adapter(const std::string& folder, const ModelConfig& model);

struct SaveAdapterRequest {
  const Adapter* adapter = nullptr;
  std::string card;           // README.md; empty: a plain one
  std::string source_folder;  // must not be the target; may be empty
  std::map<std::string, std::string> files;
  // As in SaveRequest: for what is too large for `files`.
  std::function<void(const std::string& folder)> add_files;
};

// Writes `folder` whole, in fp32 (nn/folder_writer.h).
void save_adapter(const std::string& folder, const SaveAdapterRequest& request);
// What every adapter's README.md says; its text is what one gets where the caller has none.
ModelCard adapter_card(const AdapterConfig& config);
// The bytes of adapter_model.safetensors.
uint64_t adapter_bytes(const Adapter& adapter);

// Writes to `target` the adapter whose change is `factor` times as large: lora_alpha and
// alpha_pattern are multiplied, tensors copied byte for byte. DoRA and modules_to_save have no such
// factor: Error(kUsage). Source: CoT-Valve (arXiv 2502.09601).
void scale_adapter(const std::string& folder, double factor, const std::string& target);

// What one module's weight [out, in] becomes. Not in place.
at::Tensor merged_weight(const at::Tensor& weight, const AdapterModule& module,
                         const LowRank& low_rank);

// Answers tensor by tensor, so that base and result need not be in memory.
class AdapterMerge {
 public:
  explicit AdapterMerge(const Adapter& adapter);
  bool touches(const Parameter& parameter) const { return places_.contains(parameter.name); }
  // `values`: the base's tensor, of any shape; changed in place.
  void apply(const Parameter& parameter, const at::Tensor& values) const;

 private:
  const Adapter& adapter_;
  std::map<std::string, size_t> places_;  // in modules, or behind them in saved
};

void merge_adapter(const Adapter& adapter, Weights& weights);

// The best approximation of `difference` [out, in] by B A of rank r, scale 1 (truncated singular
// value decomposition, the singular values shared out evenly between A and B).
struct Extraction {
  LowRank low_rank;
  double energy = 0;        // sum of the kept squared singular values
  double total_energy = 0;  // of all: the squared Frobenius norm
};
Extraction extract_low_rank(const at::Tensor& difference, int64_t r);

}  // namespace laconic
