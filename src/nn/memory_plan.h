// What a run keeps in memory on the CPU, part by part, from the model's config alone.
//
// Follows the buffers that the engine takes: nn/weights.h and train/trainer.h (flat buffers),
// nn/layer.cc (take_activations and the workspace of a backward pass), nn/decoder.cc (shares of a
// batch for small models), nn/cross_entropy.cc (a chunk of logits), nn/operators.cc (the packed
// matrix of a product), nn/decode_weights.h and nn/kv_cache.h (sampling). What is named is held at
// once, but for `passing` parts: a run gives those of a step back before it evaluates, and the copy
// of the weights after it. Not counted: the program itself, tokenizer, rows of the data, what the
// allocator rounds up. Units: bytes. Shapes: nn/shapes.h.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nn/decode_attention.h"  // KvStorage
#include "nn/decoder.h"
#include "nn/model_config.h"

namespace laconic {

// Full fp32 training: weight, gradient and AdamW's two moments.
inline constexpr int64_t kTrainBytesPerWeight = 16;
// Sampling in fp32: the weights and a copy packed for matrix products.
inline constexpr int64_t kSampleBytesPerWeight = 8;

struct MemoryPart {
  std::string name;
  int64_t bytes = 0;
  std::string formula;  // with the shapes' letters
  bool passing = false;
};

int64_t total_bytes(const std::vector<MemoryPart>& parts);
int64_t passing_bytes(const std::vector<MemoryPart>& parts);

// A training step's largest micro-batch.
struct TrainShape {
  int64_t batch_tokens = 8192;  // T
  int64_t row_tokens = 512;     // the longest row
  int64_t batch_targets = 8192;
  int64_t num_threads = 1;
  int64_t trained_weights = -1;  // of an adapter; -1: all
  DecoderOptions decoder;
};
std::vector<MemoryPart> training_memory(const ModelConfig& config, const TrainShape& shape);

// Bytes of the activations of T tokens that backward reads again, all layers: 4 T L per_token with
// recomputation off; with it the inputs and attention of the layers and one layer's activations.
int64_t activation_bytes(const ModelConfig& config, int64_t tokens, Recompute recompute);

struct SampleShape {
  int64_t slots = 64;
  int64_t positions = 1024;                    // of a slot, prompt and reply
  int64_t weight_bytes = 4;                    // of a packed weight
  KvStorage kv_storage = KvStorage::kFloat32;  // of keys and values
  bool copies_weights = false;  // evaluation inside a training run rounds a copy first
};
std::vector<MemoryPart> sampling_memory(const ModelConfig& config, const SampleShape& shape);

// Weights in the matrices that the sampler packs, panels filled up: DecodeWeights::num_weights.
int64_t packed_weights(const ModelConfig& config);

// Weights in the matrices that one token is multiplied by: without the embedding and the head.
int64_t layer_matrix_weights(const ModelConfig& config, int64_t layer);

}  // namespace laconic
