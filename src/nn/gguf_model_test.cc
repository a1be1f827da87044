// SPDX-License-Identifier: Apache-2.0
#include "nn/gguf_model.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "base/error.h"
#include "base/file.h"
#include "base/gguf_writer_fixture.h"
#include "nn/decode.h"
#include "nn/decoder.h"

namespace laconic {
namespace {

struct Spec {
  std::string architecture = "llama";
  bool head = false;
  std::string extra_key;     // a u32 of value 1 under the architecture
  std::string missing;       // a tensor left out
  std::string extra_tensor;  // one of one value
};

// One layer, D 8, H 2, K 1, E 4, F 6, V 5; element i of a tensor is i, plus 1000 for the head.
std::string write_model(const Spec& spec) {
  const std::string& a = spec.architecture;
  struct Tensor {
    std::string name;
    std::vector<uint64_t> dimensions;
  };
  std::vector<Tensor> tensors = {
      {"token_embd.weight", {8, 5}},   {"blk.0.attn_norm.weight", {8}},
      {"blk.0.attn_q.weight", {8, 8}}, {"blk.0.attn_k.weight", {8, 4}},
      {"blk.0.attn_v.weight", {8, 4}}, {"blk.0.attn_output.weight", {8, 8}},
      {"blk.0.ffn_norm.weight", {8}},  {"blk.0.ffn_gate.weight", {8, 6}},
      {"blk.0.ffn_up.weight", {8, 6}}, {"blk.0.ffn_down.weight", {6, 8}},
      {"output_norm.weight", {8}}};
  if (a == "qwen2")
    for (const auto& [name, size] : {std::pair{"q", 8u}, {"k", 4u}, {"v", 4u}})
      tensors.push_back({std::string("blk.0.attn_") + name + ".bias", {size}});
  if (spec.head) tensors.push_back({"output.weight", {8, 5}});
  if (!spec.extra_tensor.empty()) tensors.push_back({spec.extra_tensor, {1}});
  std::erase_if(tensors, [&](const Tensor& t) { return t.name == spec.missing; });

  GgufBytes file;
  file.header(tensors.size(), 9 + !spec.extra_key.empty()).string("general.architecture", a);
  file.u32(a + ".context_length", 16).u32(a + ".block_count", 1).u32(a + ".embedding_length", 8);
  file.u32(a + ".feed_forward_length", 6).u32(a + ".attention.head_count", 2);
  file.u32(a + ".attention.head_count_kv", 1).f32(a + ".rope.freq_base", 10000.0f);
  file.f32(a + ".attention.layer_norm_rms_epsilon", 1e-6f);
  if (!spec.extra_key.empty()) file.u32(a + "." + spec.extra_key, 1);
  uint64_t offset = 0;
  std::string data;
  for (const Tensor& tensor : tensors) {
    file.tensor(tensor.name, tensor.dimensions, 0, offset);
    GgufBytes values;
    uint64_t size = 1;
    for (uint64_t extent : tensor.dimensions) size *= extent;
    for (uint64_t i = 0; i < size; ++i)
      values.put(static_cast<float>(i) + (tensor.name == "output.weight" ? 1000.0f : 0.0f));
    data += values.pad().str();
    offset = data.size();
  }
  const std::string path = cat(::testing::TempDir(), "/laconic-gguf-", ::getpid(), ".gguf");
  write_file_atomic(path, file.pad().raw(data).str());
  return path;
}

Weights load(const GgufFile& file, Json* config_out = nullptr) {
  const Json config = gguf_config(file, "float32");
  if (config_out) *config_out = config;
  return load_gguf_weights(file, parse_model_config(config, file.path()));
}

std::vector<float> values_of(const at::Tensor& tensor) {
  const float* data = tensor.data_ptr<float>();
  return {data, data + tensor.numel()};
}

TEST(GgufModel, LlamaRowsComeBackToTheirHalves) {
  const GgufFile file(write_model({}));
  Json config;
  const Weights weights = load(file, &config);
  EXPECT_EQ(config.at("architectures", "").dump(), "[\"LlamaForCausalLM\"]");
  EXPECT_EQ(config.at("rms_norm_eps", "").as_number(""), 1e-6);
  EXPECT_TRUE(weights.config.tie_embeddings);
  // Of four rows of a head the second and third change places; values are not rotated.
  const std::vector<float> qkv = values_of(weights.layers[0].qkv_weight);
  const float expected_rows[] = {0, 2, 1, 3, 4, 6, 5, 7, 0, 2, 1, 3, 0, 1, 2, 3};
  for (size_t row = 0; row < 16; ++row)
    for (size_t i = 0; i < 8; ++i)
      EXPECT_EQ(qkv[8 * row + i], 8 * expected_rows[row] + static_cast<float>(i)) << row;
}

TEST(GgufModel, QwenHasBiasesAndItsOwnHead) {
  const GgufFile file(write_model({.architecture = "qwen2", .head = true}));
  const Weights weights = load(file);
  EXPECT_EQ(weights.config.architecture, "Qwen2ForCausalLM");
  EXPECT_FALSE(weights.config.tie_embeddings);
  EXPECT_EQ(values_of(weights.layers[0].qkv_bias),
            (std::vector<float>{0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 0, 1, 2, 3}));
  EXPECT_EQ(values_of(weights.head)[39], 1039.0f);
}

TEST(GgufModel, RefusesInOneLine) {
  struct Case {
    Spec spec;
    const char* message;  // behind "file: "
  };
  const Case cases[] = {
      {{.architecture = "gemma3"},
       "general.architecture: expected llama, qwen2 or qwen3, got \"gemma3\""},
      {{.extra_key = "attention.sliding_window"},
       "llama.attention.sliding_window: expected only keys that laconic knows, got this one (it "
       "may "
       "change the model)"},
      {{.extra_key = "rope.scaling.type"},
       "llama.rope.scaling.type: expected \"none\" or \"linear\", got 1 (other scaled rotary "
       "positions are not "
       "supported)"},
      {{.extra_key = "rope.scaling.factor"},
       "llama.rope.scaling.factor: expected none without a type, got one"},
      {{.extra_tensor = "rope_freqs.weight"},
       "expected plain rotary positions, got a tensor \"rope_freqs.weight\" (scaled ones are not "
       "supported)"},
      {{.extra_tensor = "blk.0.attn_q.scale"},
       "expected no further tensor, got \"blk.0.attn_q.scale\" (not part of the architecture)"},
      {{.missing = "blk.0.ffn_up.weight"}, "expected a tensor \"blk.0.ffn_up.weight\", got none"},
      {{.extra_key = "attention.key_length"}, "head_dim: expected an even width, got 1"},
      {{.extra_key = "rope.dimension_count"},
       "llama.rope.dimension_count: expected the head width 4, got 1"},
  };
  for (const Case& c : cases) {
    const GgufFile file(write_model(c.spec));
    try {
      load(file);
      ADD_FAILURE() << "accepted, not: " << c.message;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kModel);
      EXPECT_EQ(std::string(error.what()), file.path() + ": " + c.message);
    }
  }
}

std::vector<int32_t> ids_of(const Json& row, const char* key) {
  std::vector<int32_t> ids;
  for (const Json& id : row.at(key, "").as_array(""))
    ids.push_back(static_cast<int32_t>(id.as_integer("")));
  return ids;
}

double largest_difference(const Json& row, const std::string& name, std::span<const float> logits) {
  const std::vector<int32_t> ids = ids_of(row, (name + "_ids").c_str());
  const auto& values = row.at(name + "_logits", "").as_array("");
  double largest = 0;
  for (size_t i = 0; i < ids.size(); ++i)
    largest =
        std::max(largest, std::abs(values[i].as_number("") - logits[static_cast<size_t>(ids[i])]));
  return largest;
}

// Logits against transformers' own reading of the file, 64 greedy tokens against transformers'
// reading of the folder that laconic wrote (tests/golden/make_smollm2.py).
TEST(GgufModel, SmolLm2LogitsAndGreedyTokensAreTransformers) {
  const char* path = std::getenv("LACONIC_SMOLLM2_GGUF");
  if (!path || !file_exists(path)) GTEST_SKIP() << "no file at $LACONIC_SMOLLM2_GGUF";
  const Weights weights = load(GgufFile(path));
  DecodeModel model(weights, 1, 256);
  const Json rows =
      Json::parse(read_file(LACONIC_SOURCE_DIR "/tests/golden/smollm2_logits.json"), "golden");
  ASSERT_EQ(rows.size(), 5u);
  std::vector<float> logits(static_cast<size_t>(model.vocab_size()));
  double largest = 0;
  for (const Json& row : rows.as_array("")) {
    model.prefill(0, ids_of(row, "ids"), logits);
    largest = std::max({largest, largest_difference(row, "top", logits),
                        largest_difference(row, "sampled", logits)});
    std::vector<int32_t> greedy;
    const int32_t slot = 0;
    while (greedy.size() < 64) {
      const auto best = std::max_element(logits.begin(), logits.end()) - logits.begin();
      greedy.push_back(static_cast<int32_t>(best));
      model.step({&slot, 1}, {&greedy.back(), 1}, logits);
    }
    EXPECT_EQ(greedy, ids_of(row, "greedy_ids")) << row.at("prompt", "").as_string("");
  }
  EXPECT_LT(largest, 1e-3);
  // The training side, at every position of a prompt.
  for (const Json& row : rows.as_array("")) {
    TokenBatch batch;
    batch.ids = ids_of(row, "ids");
    batch.targets.assign(batch.ids.size(), -1);
    batch.cu_seqlens = {0, static_cast<int32_t>(batch.ids.size())};
    const std::vector<float> all = values_of(full_logits(weights, batch).contiguous());
    const std::vector<int32_t> best = ids_of(row, "best_ids");
    for (size_t t = 0; t < best.size(); ++t) {
      const double expected = row.at("best_logits", "").as_array("")[t].as_number("");
      const float got = all[t * logits.size() + static_cast<size_t>(best[t])];
      EXPECT_NEAR(got, expected, 1e-3) << t;
    }
  }
  RecordProperty("largest_difference", cat(largest));
  std::printf("largest difference of logits: %.2e\n", largest);
}

}  // namespace
}  // namespace laconic
