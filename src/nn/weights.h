// The weights of a decoder (or their gradients, or an optimizer moment): one flat fp32 buffer and
// views on it.
//
// q, k, v of a layer lie one behind the other, so that their fused matrix is a view too; likewise
// gate and up, and the matrices of all experts. `parameters` names every Hugging Face tensor with
// its place in the buffer, in buffer order (a family that stores a fused matrix has one tensor
// there, the others have several); it serves loading, saving, counting, weight decay and gradient
// checks. With tied embeddings `head` is `embedding` and no "lm_head.weight" is listed. Shapes:
// nn/shapes.h. Dtype fp32, contiguous, on `flat`'s device.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <vector>

#include "nn/model_config.h"

namespace laconic {

struct Parameter {
  std::string name;    // as in the safetensors file: "model.layers.0.self_attn.q_proj.weight"
  int64_t offset = 0;  // in elements of the flat buffer
  std::vector<int64_t> shape;  // [rows, columns] or [n]
  int64_t size() const;
};

// Tensors one behind the other in one buffer: what an optimizer works on.
struct FlatTensors {
  at::Tensor flat;  // [N]
  std::vector<Parameter> parameters;
};

// A low-rank pair beside some rows of a (fused) matrix, or its gradients (nn/lora.h).
struct LoraModule {
  at::Tensor a, b;       // [r, in], [rows, r]
  at::Tensor magnitude;  // [rows], DoRA
  at::Tensor norm;       // [rows], ||W + scale B A||, not trained; DoRA
  double scale = 0;
  int64_t first_row = 0;
  int64_t num_rows = 0;
  int64_t index = 0;  // of the module in the adapter
};
using LoraLinear = std::vector<LoraModule>;
struct LoraWeights;  // an adapter as a whole: nn/lora.h

// A tensor that the model has not (ModelConfig says which) is undefined; so is, among gradients,
// one that is frozen.
struct LayerWeights {
  at::Tensor input_norm;          // [D], before the attention
  at::Tensor qkv_weight;          // [P, D]
  at::Tensor qkv_bias;            // [P]
  at::Tensor q_norm, k_norm;      // [E], of each head
  at::Tensor o_weight;            // [D, Q]
  at::Tensor o_bias;              // [D]
  at::Tensor attention_out_norm;  // [D], on the attention's output (sandwich norms)
  at::Tensor post_norm;           // [D], before the MLP
  at::Tensor gate_up_weight;      // [2F, D]: gate rows, then up rows
  at::Tensor gate_up_bias;        // [2F]
  at::Tensor down_weight;         // [D, F]
  at::Tensor down_bias;           // [D]
  at::Tensor mlp_out_norm;        // [D], on the MLP's output (sandwich norms)
  // A sparse layer has these instead of gate_up and down:
  at::Tensor router;          // [X, D]
  at::Tensor expert_gate_up;  // [X, 2Fx, D]
  at::Tensor expert_down;     // [X, D, Fx]
  // Empty where the matrix has no adapter.
  LoraLinear qkv_lora, o_lora, gate_up_lora, down_lora;
};

struct Weights : FlatTensors {
  ModelConfig config;
  std::shared_ptr<LoraWeights> lora;  // null without an adapter
  at::Tensor embedding;               // [V, D]
  std::vector<LayerWeights> layers;
  at::Tensor final_norm;  // [D]
  at::Tensor head;        // [V, D]
};

// Names, shapes and places of all tensors, in buffer order: embedding, layers, final norm, head.
std::vector<Parameter> plan_parameters(const ModelConfig& config);
// The layout for `config` over zeros on the CPU.
Weights make_weights(const ModelConfig& config);
// The same layout over `flat` [N] fp32 contiguous, which is shared, not copied.
Weights view_weights(const ModelConfig& config, const at::Tensor& flat);
int64_t count_weights(const ModelConfig& config);  // N
// Of these, what one token meets: all, less the experts that are not chosen.
int64_t count_active_weights(const ModelConfig& config);
// normal(0, std) for matrices from Philox(seed, parameter, element), the identity for norms, zeros
// for biases.
void initialize_weights(Weights& weights, double std, uint64_t seed);
// Element-wise round of every weight to `dtype` ("float32", "float16", "bfloat16") and back, in
// place.
void round_weights(Weights& weights, const std::string& dtype);
// XXH3-128 (hex) over the weights' bytes as they would be saved in `dtype`, in buffer order.
std::string hash_weights(const Weights& weights, const std::string& dtype);

}  // namespace laconic
