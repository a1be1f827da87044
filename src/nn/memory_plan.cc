// SPDX-License-Identifier: Apache-2.0
#include "nn/memory_plan.h"

#include <algorithm>

#include "nn/cross_entropy.h"     // head_rows
#include "nn/decode_attention.h"  // page_head_floats
#include "nn/decode_pass.h"       // kPrefillRows
#include "nn/gemm_pairs.h"
#include "nn/gemm_panels.h"
#include "nn/kernels_attention.h"  // attention_scratch_floats
#include "nn/shares.h"
#include "nn/weights.h"

namespace laconic {
namespace {

constexpr int64_t kFloat = 4;

// Floats a token of a layer's attention output, which recomputation keeps too.
int64_t attended_floats(const ModelConfig& c) { return c.q_width() + c.num_heads; }

// Floats a token of LayerActivations, all but x.
int64_t kept_floats(const ModelConfig& c, int64_t layer) {
  const int64_t D = c.hidden_size;
  int64_t floats = 3 * D + 2 + c.qkv_width() + c.q_width() + c.num_heads;
  if (c.is_sparse(layer))
    floats += c.num_experts + c.experts_per_token * (2 * c.expert_intermediate_size + 5);
  else
    floats += 2 * c.intermediate_size;
  if (c.qk_norm) floats += (c.num_heads + c.num_kv_heads) * (c.head_dim + 1);
  if (c.sandwich_norms) floats += 2 * D + 2;
  return floats;
}

// Floats a token that layers share on the way back: dx, dnormed, dattended, dqkv, mlp.
int64_t shared_floats(const ModelConfig& c) {
  int64_t floats = 2 * c.hidden_size + c.q_width() + c.qkv_width() + c.intermediate_size;
  if (c.sandwich_norms) floats += c.hidden_size;
  if (c.num_experts > 0)
    floats += c.experts_per_token * (c.hidden_size + c.expert_intermediate_size);
  return floats;
}

// Floats of a [rows, columns] matrix in panels.
int64_t packed_bytes(Precision precision, int64_t rows, int64_t columns) {
  const auto depth = static_cast<size_t>(rows), width = static_cast<size_t>(columns);
  if (multiplies_pairs(precision))
    return kFloat * static_cast<int64_t>(pairs::packed_words(depth, width));
  return kFloat * static_cast<int64_t>(panels::packed_floats(depth, width));
}

struct Matrix {
  int64_t outputs, inputs;
};
std::vector<Matrix> matrices_of(const ModelConfig& c, int64_t layer) {
  const int64_t D = c.hidden_size;
  std::vector<Matrix> all = {{c.qkv_width(), D}, {D, c.q_width()}};
  if (c.is_sparse(layer)) {
    all.push_back({2 * c.expert_intermediate_size, D});
    all.push_back({D, c.expert_intermediate_size});
  } else {
    all.push_back({2 * c.intermediate_size, D});
    all.push_back({D, c.intermediate_size});
  }
  return all;
}

// Products of a large model pack one matrix after the other, each in both directions, into the same
// memory.
int64_t largest_packed(const ModelConfig& c, Precision precision) {
  int64_t largest = 0;
  const auto add = [&](const Matrix& m) {
    largest = std::max({largest, packed_bytes(precision, m.inputs, m.outputs),
                        packed_bytes(precision, m.outputs, m.inputs)});
  };
  add({c.vocab_size, c.hidden_size});
  for (int64_t layer = 0; layer < c.num_layers; ++layer)
    for (const Matrix& m : matrices_of(c, layer)) add(m);
  return largest;
}

// A small model's panels are made once for all shares.
int64_t all_packed(const ModelConfig& c, Precision precision) {
  int64_t bytes = 0;
  const auto add = [&](const Matrix& m) {
    bytes +=
        packed_bytes(precision, m.inputs, m.outputs) + packed_bytes(precision, m.outputs, m.inputs);
  };
  add({c.vocab_size, c.hidden_size});
  for (int64_t layer = 0; layer < c.num_layers; ++layer)
    if (!c.is_sparse(layer))
      for (const Matrix& m : matrices_of(c, layer)) add(m);
  return bytes;
}

// The token counts of the shares of a batch of rows alike.
std::vector<int64_t> share_tokens(const TrainShape& shape) {
  TokenBatch batch;
  batch.cu_seqlens = {0};
  for (int64_t t = 0; t < shape.batch_tokens; t += shape.row_tokens)
    batch.cu_seqlens.push_back(
        static_cast<int32_t>(std::min(shape.batch_tokens, t + shape.row_tokens)));
  batch.ids.resize(static_cast<size_t>(shape.batch_tokens));
  batch.targets.resize(batch.ids.size());
  std::vector<int64_t> tokens;
  for (const TokenBatch& share : split_batch(batch)) tokens.push_back(share.num_tokens());
  return tokens;
}

}  // namespace

int64_t total_bytes(const std::vector<MemoryPart>& parts) {
  int64_t sum = 0;
  for (const MemoryPart& part : parts) sum += part.bytes;
  return sum;
}

int64_t passing_bytes(const std::vector<MemoryPart>& parts) {
  int64_t sum = 0;
  for (const MemoryPart& part : parts) sum += part.passing ? part.bytes : 0;
  return sum;
}

int64_t layer_matrix_weights(const ModelConfig& c, int64_t layer) {
  int64_t weights = 0;
  const auto matrices = matrices_of(c, layer);
  for (size_t i = 0; i < matrices.size(); ++i) {
    const bool expert = c.is_sparse(layer) && i >= 2;
    weights += matrices[i].outputs * matrices[i].inputs * (expert ? c.experts_per_token : 1);
  }
  return weights + (c.is_sparse(layer) ? c.num_experts * c.hidden_size : 0);
}

int64_t activation_bytes(const ModelConfig& c, int64_t tokens, Recompute recompute) {
  int64_t kept = 0, largest = 0;
  for (int64_t layer = 0; layer < c.num_layers; ++layer) {
    kept += kept_floats(c, layer);
    largest = std::max(largest, kept_floats(c, layer));
  }
  if (recompute == Recompute::kLayers) kept = largest + (c.num_layers - 1) * attended_floats(c);
  return kFloat * tokens * ((c.num_layers + 1) * c.hidden_size + kept);
}

std::vector<MemoryPart> training_memory(const ModelConfig& c, const TrainShape& shape) {
  const int64_t N = count_weights(c);
  const int64_t trained = shape.trained_weights < 0 ? N : shape.trained_weights;
  const Precision precision = shape.decoder.precision;
  std::vector<int64_t> shares;
  if (N <= kMaxSharedWeights) shares = share_tokens(shape);
  const auto num_shares = static_cast<int64_t>(shares.size());
  // Each thread keeps a workspace as large as the largest share that it took.
  const int64_t threads = num_shares == 0 ? 1 : std::min(num_shares, shape.num_threads);
  const int64_t tokens =
      num_shares == 0 ? shape.batch_tokens : *std::max_element(shares.begin(), shares.end());
  const int64_t targets = std::min(
      tokens, (shape.batch_targets * tokens + shape.batch_tokens - 1) / shape.batch_tokens);

  std::vector<MemoryPart> parts = {{"weights", kFloat * N, "4 N"}};
  if (shape.trained_weights >= 0) parts.push_back({"adapter", kFloat * trained, "4 Na"});
  const char* const letter = shape.trained_weights >= 0 ? "Na" : "N";
  parts.push_back({"gradients", kFloat * trained, std::string("4 ") + letter});
  parts.push_back({"optimizer moments", 2 * kFloat * trained, std::string("8 ") + letter});
  const size_t num_kept = parts.size();
  const bool recompute = shape.decoder.recompute == Recompute::kLayers;
  parts.push_back({"activations", threads * activation_bytes(c, tokens, shape.decoder.recompute),
                   recompute ? "4 T (D (L + 1) + (L - 1)(Q + H) + A), A = 3D + P + Q + H + 2F + 2"
                             : "4 T (D (L + 1) + L A), A = 3D + P + Q + H + 2F + 2"});
  parts.push_back(
      {"backward buffers", threads * kFloat * tokens * shared_floats(c), "4 T (2D + P + Q + F)"});
  parts.push_back({"rows of the head", threads * kFloat * targets * (4 * c.hidden_size + 4),
                   "16 R (D + 1), R targets"});
  const int64_t chunk = head_rows(shape.decoder.head_chunk, c.vocab_size);
  parts.push_back({"logits of a chunk", threads * kFloat * std::min(targets, chunk) * c.vocab_size,
                   "4 min(R, " + std::to_string(chunk) + ") V"});
  const auto scratch = static_cast<int64_t>(rows::attention_scratch_floats(
      static_cast<size_t>(c.num_heads / c.num_kv_heads), static_cast<size_t>(c.head_dim)));
  parts.push_back({"attention scratch", shape.num_threads * kFloat * scratch, "by thread"});
  if (num_shares == 0) {
    parts.push_back({"packed matrix", largest_packed(c, precision),
                     precision == Precision::kBfloat16 ? "2 V D" : "4 V D (the largest)"});
  } else {
    parts.push_back({"packed matrices", all_packed(c, precision), "both directions"});
    parts.push_back({"gradients of shares", kFloat * (num_shares - 1) * trained,
                     std::string("4 ") + letter + " (shares - 1)"});
  }
  for (size_t i = num_kept; i < parts.size(); ++i) parts[i].passing = true;
  return parts;
}

int64_t packed_weights(const ModelConfig& c) {
  const int64_t D = c.hidden_size;
  const auto packed = [](int64_t outputs, int64_t inputs) {
    return round_up(outputs, kPanel) * inputs;
  };
  int64_t weights = packed(c.vocab_size, D);
  for (int64_t layer = 0; layer < c.num_layers; ++layer) {
    const bool sparse = c.is_sparse(layer);
    const int64_t F = sparse ? c.expert_intermediate_size : c.intermediate_size;
    weights += packed(c.qkv_width(), D) + packed(D, c.q_width());
    weights += (sparse ? c.num_experts : 1) * (2 * packed(F, D) + packed(D, F));
    if (sparse) weights += packed(c.num_experts, D);
  }
  return weights;
}

std::vector<MemoryPart> sampling_memory(const ModelConfig& c, const SampleShape& shape) {
  std::vector<MemoryPart> parts;
  if (shape.copies_weights)
    parts.push_back(
        {"rounded copy of the weights", kFloat * count_weights(c), "4 N", /*passing=*/true});
  parts.push_back(
      {"packed matrices", shape.weight_bytes * packed_weights(c),
       std::to_string(shape.weight_bytes) + " a weight (float32 4, bfloat16 2, int8 1)"});
  const int64_t slot = (shape.positions + kPagePositions - 1) / kPagePositions * c.num_layers *
                       c.num_kv_heads * page_head_bytes(c.head_dim, shape.kv_storage);
  parts.push_back(
      {"KV cache", shape.slots * slot,
       std::to_string(2 * bytes_of(shape.kv_storage)) + " S L K E a position, pages of 64"});
  parts.push_back({"logits", kFloat * (shape.slots + 1) * c.vocab_size, "4 (S + 1) V"});
  const int64_t rows = std::max(shape.slots, kPrefillRows);
  parts.push_back({"rows of a pass",
                   kFloat * rows *
                       (3 * c.hidden_size + c.qkv_width() + c.q_width() + 2 * c.intermediate_size +
                        c.rotary_width()),
                   "4 max(S, 128) (3D + P + Q + 2F + E)"});
  return parts;
}

}  // namespace laconic
