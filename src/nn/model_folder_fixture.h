// A temporary folder, a tiny Qwen2 model and what spoils it: shared by the tests of reading and
// writing model folders.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "nn/model_folder.h"

namespace laconic {

namespace fs = std::filesystem;

inline const char* const kConfig =
    R"({"architectures": ["Qwen2ForCausalLM"], "hidden_act": "silu", "hidden_size": 8,
  "intermediate_size": 12, "max_position_embeddings": 64, "num_attention_heads": 4, "unknown_field": [1],
  "num_hidden_layers": 2, "num_key_value_heads": 2, "rms_norm_eps": 1e-06, "rope_theta": 10000.0,
  "tie_word_embeddings": false, "torch_dtype": "bfloat16", "vocab_size": 20, "eos_token_id": 3})";

class ModelFolderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    root_ = cat(::testing::TempDir(), "/laconic-", info->name(), "-", ::getpid());
    make_folders(root_);
  }
  void TearDown() override { remove_all(root_); }

  std::string path(const std::string& name) const { return join_path(root_, name); }
  static Json config() { return Json::parse(kConfig, "config"); }
  static Weights random_weights(const Json& json, uint64_t seed = 7) {
    Weights weights = make_weights(parse_model_config(json, "config"));
    initialize_weights(weights, 0.5, seed);
    return weights;
  }
  static SaveRequest request(const Weights& weights, const Json& json, const std::string& dtype) {
    SaveRequest request;
    request.weights = &weights;
    request.dtype = dtype;
    request.files["config.json"] = json.dump(2);
    return request;
  }
  // Saves a model whose shards hold a few tensors each, or one file.
  std::string save(const std::string& name, int64_t max_shard_bytes = 1 << 30,
                   const Json& json = config()) const {
    const Weights weights = random_weights(json);
    SaveRequest r = request(weights, json, "float32");
    r.max_shard_bytes = max_shard_bytes;
    save_model(path(name), r);
    return path(name);
  }
  std::string root_;
};

inline void put(const std::string& path, const std::string& text) { write_file_atomic(path, text); }

// Rewrites one safetensors file from chosen tensors, values zero.
inline void put_tensors(const std::string& path, const std::vector<NewTensor>& tensors) {
  std::string file = safetensors_header(tensors);
  for (const NewTensor& tensor : tensors) file += std::string(tensor.num_bytes(), '\0');
  put(path, file);
}

inline std::vector<NewTensor> tensors_of(const std::string& path) {
  std::vector<NewTensor> tensors;
  const SafetensorsFile file(path);
  for (const TensorEntry& entry : file.index().tensors)
    tensors.push_back({entry.name, entry.dtype, entry.shape});
  return tensors;
}

inline bool same_values(const Weights& a, const Weights& b) {
  return a.flat.numel() == b.flat.numel() &&
         std::memcmp(a.flat.data_ptr<float>(), b.flat.data_ptr<float>(),
                     static_cast<size_t>(a.flat.numel()) * sizeof(float)) == 0;
}

}  // namespace laconic
