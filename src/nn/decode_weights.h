// What decoding derives from the weights: packed matrices, padded norms.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "nn/decode_attention.h"  // KvStorage
#include "nn/decode_matrix.h"
#include "nn/huge_pages.h"
#include "nn/weights.h"

namespace laconic {

struct DecodeMlp {
  DecodeMatrix gate, up, down;
};

// Norms hold the factors (the family's offset added), padded with zeros to a multiple of kPanel;
// empty where the model has none.
struct DecodeLayer {
  AlignedFloats input_norm, post_norm, attention_out_norm, mlp_out_norm;
  AlignedFloats q_norm, k_norm;  // [E]
  DecodeMatrix qkv, o;
  DecodeMlp mlp;  // not of a sparse layer
  DecodeMatrix router;
  std::vector<DecodeMlp> experts;
};

// What to store packed matrices as. The embedding is read from the weights themselves.
enum class StorageChoice {
  kAuto,  // a matrix of bf16 values in bf16, any other in fp32: the same bits as fp32
  kFloat32,
  kBfloat16,  // weights and activations rounded, products in bf16 where the processor has them
  kInt8       // routers stay fp32: they choose, and are small
};

// Keys and values are rounded where weights are.
inline KvStorage kv_storage(StorageChoice choice) {
  const bool exact = choice == StorageChoice::kAuto || choice == StorageChoice::kFloat32;
  return exact ? KvStorage::kFloat32 : KvStorage::kBfloat16;
}

// "auto", "float32", "bfloat16", "int8", and back.
StorageChoice parse_storage_choice(const std::string& name);
std::string storage_choice_name(StorageChoice choice);

// Not copied: its matrices point into its arena.
struct DecodeWeights {
  StorageChoice choice = StorageChoice::kAuto;
  std::vector<DecodeLayer> layers;
  AlignedFloats final_norm;
  DecodeMatrix head;
  int64_t num_weights = 0;  // of the packed matrices, padding included
  int64_t num_bytes = 0;    // of their panels
  HugePageArena arena;      // holds the panels
  // Threads share the panels. Memory is kept from one call to the next.
  void pack(const Weights& weights);
};

}  // namespace laconic
