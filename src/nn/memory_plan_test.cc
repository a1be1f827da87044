// SPDX-License-Identifier: Apache-2.0
#include "nn/memory_plan.h"

#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "nn/attention.h"
#include "nn/decode_weights.h"
#include "nn/kernels.h"
#include "nn/kv_cache.h"
#include "nn/layer.h"

namespace laconic {
namespace {

ModelConfig small_config() {
  ModelConfig c;
  c.architecture = "Qwen2ForCausalLM";
  c.vocab_size = 300, c.hidden_size = 64, c.intermediate_size = 160, c.num_layers = 3;
  c.num_heads = 4, c.num_kv_heads = 2, c.head_dim = 16, c.max_positions = 512;
  c.rms_norm_eps = 1e-6, c.rope_theta = 10000, c.tie_embeddings = true;
  return c;
}

ModelConfig with_experts(ModelConfig c) {
  c.architecture = "Qwen3MoeForCausalLM";
  c.qk_norm = true, c.num_experts = 8, c.experts_per_token = 2, c.expert_intermediate_size = 32;
  c.sparse_layers = {false, true, true};
  return c;
}

int64_t bytes_in(const at::Tensor& t) {
  return t.defined() ? static_cast<int64_t>(t.numel() * t.element_size()) : 0;
}

// What a forward pass that keeps everything takes from its workspace.
int64_t taken_bytes(const ModelConfig& config, int64_t tokens) {
  Workspace workspace;
  const at::Tensor like = at::zeros({1});
  const std::vector<int32_t> cu_seqlens = {0, static_cast<int32_t>(tokens)};
  const LayerContext context{
      kernels_for(like), workspace, config, head_layout(config), {}, {}, cu_seqlens, tokens,
      like.options(),    {}};
  int64_t sum = 4 * tokens * config.hidden_size * (config.num_layers + 1);
  for (int64_t layer = 0; layer < config.num_layers; ++layer) {
    const Workspace::Slot slot{layer, config.num_layers};
    const LayerActivations a = take_activations(context, layer, {slot, slot});
    for (const at::Tensor& t : {a.normed,
                                a.rstd,
                                a.qkv,
                                a.attended,
                                a.lse,
                                a.middle,
                                a.middle_normed,
                                a.middle_rstd,
                                a.gate_up,
                                a.heads_raw,
                                a.heads_rstd,
                                a.attention_branch,
                                a.attention_rstd,
                                a.mlp_branch,
                                a.mlp_rstd,
                                a.experts.probs,
                                a.experts.chosen,
                                a.experts.weights,
                                a.experts.token_of,
                                a.experts.row_of,
                                a.experts.gate_up})
      sum += bytes_in(t);
  }
  return sum;
}

int64_t part(const std::vector<MemoryPart>& parts, const std::string& name) {
  for (const MemoryPart& p : parts)
    if (p.name == name) return p.bytes;
  return -1;
}

TEST(MemoryPlan, ActivationsAreThoseOfThePass) {
  ModelConfig sandwich = small_config();
  sandwich.sandwich_norms = true;
  for (const ModelConfig& config : {small_config(), with_experts(small_config()), sandwich})
    EXPECT_EQ(activation_bytes(config, 700, Recompute::kNothing), taken_bytes(config, 700));
}

TEST(MemoryPlan, RecomputationKeepsInputsAttentionAndOneLayer) {
  const ModelConfig config = small_config();
  const int64_t all = activation_bytes(config, 100, Recompute::kNothing);
  const int64_t inputs = 4 * 100 * config.hidden_size * (config.num_layers + 1);
  EXPECT_EQ(activation_bytes(config, 100, Recompute::kLayers),
            inputs + (all - inputs) / config.num_layers + 4 * 100 * 2 * (4 * 16 + 4));
}

TEST(MemoryPlan, KvCacheIsThatOfTheSlots) {
  const ModelConfig config = small_config();
  for (KvStorage storage : {KvStorage::kFloat32, KvStorage::kBfloat16}) {
    KvCache cache(config, 3, 200, storage);
    for (int64_t slot = 0; slot < 3; ++slot) cache.grow(slot, 130);
    const int64_t page = config.num_layers * cache.page_offset(1, 0);
    SampleShape shape;
    shape.slots = 3, shape.positions = 130, shape.kv_storage = storage;
    EXPECT_EQ(part(sampling_memory(config, shape), "KV cache"), cache.num_pages_allocated() * page);
  }
}

TEST(MemoryPlan, PackedMatricesAreThoseOfTheSampler) {
  ModelConfig uneven = small_config();
  uneven.intermediate_size += 5, uneven.tie_embeddings = false;
  for (const ModelConfig& config : {small_config(), uneven, with_experts(small_config())}) {
    DecodeWeights packed;
    packed.choice = StorageChoice::kFloat32;
    packed.pack(make_weights(config));
    EXPECT_EQ(packed_weights(config), packed.num_weights);
    EXPECT_EQ(part(sampling_memory(config, {}), "packed matrices"), packed.num_bytes);
  }
}

TEST(MemoryPlan, FlatBuffersFollowWhatIsTrained) {
  const ModelConfig config = small_config();
  const int64_t N = count_weights(config);
  TrainShape shape;
  const auto full = training_memory(config, shape);
  EXPECT_EQ(part(full, "weights") + part(full, "gradients") + part(full, "optimizer moments"),
            kTrainBytesPerWeight * N);
  shape.trained_weights = 1000;
  const auto adapter = training_memory(config, shape);
  EXPECT_EQ(part(adapter, "weights"), 4 * N);
  EXPECT_EQ(part(adapter, "optimizer moments"), 8000);
  EXPECT_EQ(part(full, "adapter"), -1);
  EXPECT_EQ(passing_bytes(full), total_bytes(full) - kTrainBytesPerWeight * N);
  EXPECT_EQ(passing_bytes(sampling_memory(config, {})), 0);
  EXPECT_EQ(passing_bytes(sampling_memory(config, {.copies_weights = true})), 4 * N);
}

TEST(MemoryPlan, SmallModelsAreTrainedInShares) {
  ModelConfig config = small_config();
  TrainShape shape;
  shape.batch_tokens = 4096, shape.row_tokens = 256, shape.num_threads = 2;
  const auto shares = training_memory(config, shape);
  EXPECT_EQ(part(shares, "gradients of shares"), 4 * 7 * count_weights(config));
  EXPECT_EQ(part(shares, "activations"), 2 * activation_bytes(config, 512, Recompute::kNothing));
  shape.trained_weights = 1000;  // an adapter's
  EXPECT_EQ(part(training_memory(config, shape), "gradients of shares"), 4 * 7 * 1000);
  shape.trained_weights = -1;
  config.vocab_size = 100'000;
  const auto whole = training_memory(config, shape);
  EXPECT_EQ(part(whole, "gradients of shares"), -1);
  EXPECT_EQ(part(whole, "activations"), activation_bytes(config, 4096, Recompute::kNothing));
  EXPECT_EQ(part(whole, "logits of a chunk"), 4 * 503 * 100'000);
}

}  // namespace
}  // namespace laconic
