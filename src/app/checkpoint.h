// checkpoint-N/: a Hugging Face folder that any tool loads (with LoRA a PEFT adapter folder), and
// beside it what resuming bit for bit needs.
//
// `training_state.safetensors` holds the fp32 master of what is trained and AdamW's moments,
// `training_state.json` the step, data cursor, mixture and log lengths; nn/model_folder.h writes
// all of it under a temporary name with the manifest last, so a checkpoint is complete or absent.
// Errors: as save_model and load_model; Error(kDisk) on a full device.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "nn/model_folder.h"
#include "train/trainer.h"

namespace laconic {

// Steps of the complete checkpoints in a run folder, ascending; incomplete ones are named in a
// warning.
std::vector<int64_t> list_checkpoints(const std::string& run_path);
// The highest whose manifest verifies; a damaged one is skipped with a warning.
std::optional<int64_t> latest_checkpoint(const std::string& run_path);

// A folder of the run that is there without its manifest (somebody removed it, or copied half)
// makes room for a whole one: it is renamed to FOLDER.incomplete, which a warning tells.
void set_aside_incomplete(const std::string& folder);

// `request` says what the Hugging Face part is made of; its weights are the fp32 master, and with
// an adapter beside them the adapter is saved.
void save_checkpoint(const std::string& folder, SaveRequest request, const Trainer& trainer,
                     const Json& state);
// Fills the trained master weights and the optimizer; returns the state.
Json load_checkpoint(const std::string& folder, Weights& weights, Trainer& trainer);

// Bytes that one checkpoint of N weights takes on disk, about.
uint64_t checkpoint_bytes(int64_t num_weights, const std::string& dtype);

// Deletes the oldest checkpoints beyond `limit` (0: keep all), never one of `keep`.
void rotate_checkpoints(const std::string& run_path, int64_t limit,
                        const std::vector<int64_t>& keep);

}  // namespace laconic
