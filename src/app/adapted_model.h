// A model folder with a LoRA adapter on it, as eval, generate, logprobs and inspect take them
// (--model BASE --adapter DIR), and what merging costs.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "nn/adapter.h"
#include "nn/model_folder.h"
#include "text/prompt_builder.h"

namespace laconic {

inline constexpr const char* kAdapterHelp =
    "PEFT LoRA folder, merged into the model in fp32 as it is loaded";

// The adapter (none where the name is empty) is merged in fp32 and not rounded to the folder's
// dtype: index.config.dtype is then float32.
ModelFolder load_adapted_model(const std::string& folder, const std::string& adapter);

// The tokenizer and template of the model's folder. Error(kModel) where the tokenizer has ids that
// the embedding has no rows for, or an id that ends replies is none of the tokenizer's.
PromptBuilder load_prompts(const std::string& folder, const ModelConfig& config);

struct LogprobChange {
  double nats = 0;      // largest difference of a log-probability
  double relative = 0;  // largest difference as a share of the log-probability's size
  int64_t num_tokens = 0;
};

// Log-probabilities of a merged folder against the base with the adapter beside it, on ids that are
// always the same. Nothing for a model that is too large for this to be cheap.
std::optional<LogprobChange> merge_change(const std::string& base, const Adapter& adapter,
                                          const std::string& merged);

}  // namespace laconic
