// SPDX-License-Identifier: Apache-2.0
#include "app/plan_models.h"

#include <algorithm>
#include <cctype>

#include "base/json.h"

namespace laconic {
namespace {

struct KnownModel {
  const char* name;
  const char* architecture;
  int64_t hidden, mlp, layers, heads, kv_heads, head_dim, vocab;
  bool tied;
};

constexpr const char *kQwen2 = "Qwen2ForCausalLM", *kQwen3 = "Qwen3ForCausalLM",
                     *kLlama = "LlamaForCausalLM", *kMistral = "MistralForCausalLM";

// From each model's config.json.
constexpr KnownModel kModels[] = {
    {"Qwen2.5-0.5B", kQwen2, 896, 4864, 24, 14, 2, 64, 151936, true},
    {"Qwen2.5-1.5B", kQwen2, 1536, 8960, 28, 12, 2, 128, 151936, true},
    {"Qwen2.5-3B", kQwen2, 2048, 11008, 36, 16, 2, 128, 151936, true},
    {"Qwen2.5-7B", kQwen2, 3584, 18944, 28, 28, 4, 128, 152064, false},
    {"Qwen2.5-14B", kQwen2, 5120, 13824, 48, 40, 8, 128, 152064, false},
    {"Qwen2.5-32B", kQwen2, 5120, 27648, 64, 40, 8, 128, 152064, false},
    {"Qwen2.5-72B", kQwen2, 8192, 29568, 80, 64, 8, 128, 152064, false},
    {"DeepSeek-R1-Distill-Qwen-1.5B", kQwen2, 1536, 8960, 28, 12, 2, 128, 151936, false},
    {"DeepSeek-R1-Distill-Qwen-7B", kQwen2, 3584, 18944, 28, 28, 4, 128, 152064, false},
    {"DeepSeek-R1-Distill-Qwen-14B", kQwen2, 5120, 13824, 48, 40, 8, 128, 152064, false},
    {"DeepSeek-R1-Distill-Qwen-32B", kQwen2, 5120, 27648, 64, 40, 8, 128, 152064, false},
    {"DeepSeek-R1-Distill-Llama-8B", kLlama, 4096, 14336, 32, 32, 8, 128, 128256, false},
    {"DeepSeek-R1-Distill-Llama-70B", kLlama, 8192, 28672, 80, 64, 8, 128, 128256, false},
    {"QwQ-32B", kQwen2, 5120, 27648, 64, 40, 8, 128, 152064, false},
    {"Qwen3-0.6B", kQwen3, 1024, 3072, 28, 16, 8, 128, 151936, true},
    {"Qwen3-1.7B", kQwen3, 2048, 6144, 28, 16, 8, 128, 151936, true},
    {"Qwen3-4B", kQwen3, 2560, 9728, 36, 32, 8, 128, 151936, true},
    {"Qwen3-8B", kQwen3, 4096, 12288, 36, 32, 8, 128, 151936, false},
    {"Qwen3-14B", kQwen3, 5120, 17408, 40, 40, 8, 128, 151936, false},
    {"Qwen3-32B", kQwen3, 5120, 25600, 64, 64, 8, 128, 151936, false},
    {"Llama-3.2-1B", kLlama, 2048, 8192, 16, 32, 8, 64, 128256, true},
    {"Llama-3.2-3B", kLlama, 3072, 8192, 28, 24, 8, 128, 128256, true},
    {"Llama-3.1-8B", kLlama, 4096, 14336, 32, 32, 8, 128, 128256, false},
    {"Llama-3.1-70B", kLlama, 8192, 28672, 80, 64, 8, 128, 128256, false},
    {"Llama-3.3-70B", kLlama, 8192, 28672, 80, 64, 8, 128, 128256, false},
    {"Mistral-7B-v0.3", kMistral, 4096, 14336, 32, 32, 8, 128, 32768, false},
    {"SmolLM2-135M", kLlama, 576, 1536, 30, 9, 3, 64, 49152, true},
    {"SmolLM2-360M", kLlama, 960, 2560, 32, 15, 5, 64, 49152, true},
    {"SmolLM2-1.7B", kLlama, 2048, 8192, 24, 32, 32, 64, 49152, true},
};

std::string plain_name(std::string name) {
  if (const size_t slash = name.rfind('/'); slash != std::string::npos)
    name = name.substr(slash + 1);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (name.ends_with("-instruct")) name.resize(name.size() - 9);
  return name;
}

}  // namespace

std::optional<ModelConfig> find_known_model(const std::string& name) {
  for (const KnownModel& model : kModels) {
    if (plain_name(model.name) != plain_name(name)) continue;
    Json json = Json::object();
    json["architectures"].push_back(model.architecture);
    json["hidden_size"] = model.hidden;
    json["intermediate_size"] = model.mlp;
    json["num_hidden_layers"] = model.layers;
    json["num_attention_heads"] = model.heads;
    json["num_key_value_heads"] = model.kv_heads;
    json["head_dim"] = model.head_dim;
    json["vocab_size"] = model.vocab;
    json["tie_word_embeddings"] = model.tied;
    json["max_position_embeddings"] = int64_t{32768};
    json["rms_norm_eps"] = 1e-6;
    json["rope_theta"] = 1e6;
    json["hidden_act"] = "silu";
    json["torch_dtype"] = "bfloat16";
    if (model.architecture == kMistral) json["sliding_window"] = nullptr;  // asks to be told
    return parse_model_config(json, model.name);
  }
  return std::nullopt;
}

std::vector<std::string> known_model_names() {
  std::vector<std::string> names;
  for (const KnownModel& model : kModels) names.emplace_back(model.name);
  return names;
}

}  // namespace laconic
