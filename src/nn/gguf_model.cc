// SPDX-License-Identifier: Apache-2.0
#include "nn/gguf_model.h"

#include <ATen/Parallel.h>

#include <array>
#include <map>
#include <set>
#include <string_view>

#include "base/error.h"
#include "nn/dequantize.h"
#include "nn/finite.h"
#include "nn/gguf_names.h"

namespace laconic {
namespace {

// What the architecture's part of the metadata may say; anything else could change the mathematics.
constexpr std::array<std::string_view, 14> kKnownKeys = {
    "context_length",
    "block_count",
    "embedding_length",
    "feed_forward_length",
    "vocab_size",
    "attention.head_count",
    "attention.head_count_kv",
    "attention.layer_norm_rms_epsilon",
    "attention.key_length",
    "attention.value_length",
    "rope.freq_base",
    "rope.dimension_count",
    "rope.scaling.type",
    "rope.scaling.factor",
};

// The architecture's metadata, by key without its prefix.
class Metadata {
 public:
  explicit Metadata(const GgufFile& file) : json_(file.index().metadata), place_(file.path()) {
    const Json* name = json_.find("general.architecture");
    require(name && name->is_string(), ErrorKind::kModel, place_,
            ": expected a text \"general.architecture\", got ", name ? name->kind_name() : "none");
    architecture_ = name->as_string(place_);
    require(architecture_ == "llama" || architecture_ == "qwen2" || architecture_ == "qwen3",
            ErrorKind::kModel, place_,
            ": general.architecture: expected llama, qwen2 or qwen3, got \"", architecture_, "\"");
    for (const auto& [key, value] : json_.as_object(place_)) {
      if (!key.starts_with(architecture_ + ".")) continue;
      const std::string_view rest = std::string_view(key).substr(architecture_.size() + 1);
      bool known = false;
      for (std::string_view allowed : kKnownKeys) known = known || allowed == rest;
      require(known, ErrorKind::kModel, place_, ": ", key,
              ": expected only keys that laconic knows, got this one (it may change the model)");
    }
  }
  const std::string& architecture() const { return architecture_; }
  const Json* find(std::string_view key) const { return json_.find(cat(architecture_, ".", key)); }
  const Json& at(std::string_view key) const {
    const Json* value = find(key);
    require(value != nullptr, ErrorKind::kModel, place_, ": expected a key \"", architecture_, ".",
            key, "\", got none");
    return *value;
  }
  int64_t integer(std::string_view key) const {
    const Json& value = at(key);
    require(value.is_integer() && value.as_integer(place_) > 0, ErrorKind::kModel, place_, ": ",
            architecture_, ".", key, ": expected a positive integer, got ",
            value.is_integer() ? cat(value.as_integer(place_)) : std::string(value.kind_name()));
    return value.as_integer(place_);
  }
  int64_t integer_or(std::string_view key, int64_t absent) const {
    return find(key) ? integer(key) : absent;
  }

 private:
  const Json& json_;
  const std::string& place_;
  std::string architecture_;
};

const GgufTensor* find_tensor(const GgufFile& file, std::string_view name) {
  for (const GgufTensor& tensor : file.index().tensors)
    if (tensor.name == name) return &tensor;
  return nullptr;
}

int64_t read_head_dim(const Metadata& metadata, const std::string& place) {
  const int64_t heads = metadata.integer("attention.head_count");
  const int64_t width =
      metadata.integer_or("attention.key_length", metadata.integer("embedding_length") / heads);
  for (const char* key : {"attention.value_length", "rope.dimension_count"})
    require(metadata.integer_or(key, width) == width, ErrorKind::kModel, place, ": ",
            metadata.architecture(), ".", key, ": expected the head width ", width, ", got ",
            metadata.integer_or(key, width));
  return width;
}

// Every tensor of the plan with its place in the file; refuses what is missing, of another shape or
// left over.
std::vector<const GgufTensor*> match_tensors(const GgufFile& file,
                                             const std::vector<Parameter>& plan) {
  std::map<std::string_view, const GgufTensor*> by_name;
  for (const GgufTensor& tensor : file.index().tensors) by_name[tensor.name] = &tensor;
  std::vector<const GgufTensor*> found;
  for (const Parameter& parameter : plan) {
    const std::string name = gguf_name(parameter.name);
    const auto it = by_name.find(name);
    require(it != by_name.end(), ErrorKind::kModel, file.path(), ": expected a tensor \"", name,
            "\", got none");
    require(it->second->shape == parameter.shape, ErrorKind::kModel, file.path(), ": tensor \"",
            name, "\": expected the shape of ", parameter.name, ", got another");
    found.push_back(it->second);
    by_name.erase(it);
  }
  require(by_name.empty(), ErrorKind::kModel, file.path(), ": expected no further tensor, got \"",
          by_name.empty() ? "" : by_name.begin()->first, "\" (not part of the architecture)");
  return found;
}

// Linear scaling as config.json spells it; null where there is none.
Json read_rope_scaling(const Metadata& metadata, const std::string& place) {
  const Json* type = metadata.find("rope.scaling.type");
  if (!type || *type == Json("none")) {
    require(!metadata.find("rope.scaling.factor"), ErrorKind::kModel, place, ": ",
            metadata.architecture(), ".rope.scaling.factor: expected none without a type, got one");
    return nullptr;
  }
  require(*type == Json("linear"), ErrorKind::kModel, place, ": ", metadata.architecture(),
          ".rope.scaling.type: expected \"none\" or \"linear\", got ", type->dump(),
          " (other scaled rotary positions are not supported)");
  Json scaling = Json::object();
  scaling["rope_type"] = "linear";
  scaling["factor"] = metadata.at("rope.scaling.factor");
  return scaling;
}

const char* hugging_face_architecture(const std::string& name) {
  if (name == "llama") return "LlamaForCausalLM";
  return name == "qwen2" ? "Qwen2ForCausalLM" : "Qwen3ForCausalLM";
}

}  // namespace

Json gguf_config(const GgufFile& file, const std::string& dtype) {
  const std::string& place = file.path();
  const Metadata metadata(file);
  const bool llama = metadata.architecture() == "llama";
  require(!find_tensor(file, "rope_freqs.weight"), ErrorKind::kModel, place,
          ": expected plain rotary positions, got a tensor \"rope_freqs.weight\" (scaled ones are "
          "not supported)");
  const GgufTensor* embedding = find_tensor(file, "token_embd.weight");
  require(embedding && embedding->shape.size() == 2, ErrorKind::kModel, place,
          ": expected a matrix \"token_embd.weight\", got ", embedding ? "another shape" : "none");

  Json config = Json::object();
  config["architectures"] =
      Json(Json::Array{Json(hugging_face_architecture(metadata.architecture()))});
  if (metadata.architecture() != "qwen2")
    config["attention_bias"] = find_tensor(file, "blk.0.attn_output.bias") != nullptr;
  config["attention_dropout"] = 0.0;
  const int64_t heads = metadata.integer("attention.head_count");
  const int64_t width = metadata.integer("embedding_length");
  const int64_t head_dim = read_head_dim(metadata, place);
  if (metadata.architecture() != "qwen2" || head_dim * heads != width)
    config["head_dim"] = head_dim;
  config["hidden_act"] = "silu";
  config["hidden_size"] = width;
  config["initializer_range"] = 0.02;
  config["intermediate_size"] = metadata.integer("feed_forward_length");
  config["max_position_embeddings"] = metadata.integer("context_length");
  if (llama) config["mlp_bias"] = find_tensor(file, "blk.0.ffn_up.bias") != nullptr;
  config["model_type"] = metadata.architecture();
  config["num_attention_heads"] = heads;
  config["num_hidden_layers"] = metadata.integer("block_count");
  config["num_key_value_heads"] = metadata.integer_or("attention.head_count_kv", heads);
  config["rms_norm_eps"] = metadata.at("attention.layer_norm_rms_epsilon");
  if (Json scaling = read_rope_scaling(metadata, place); !scaling.is_null())
    config["rope_scaling"] = std::move(scaling);
  config["rope_theta"] = metadata.at("rope.freq_base");
  config["tie_word_embeddings"] = find_tensor(file, "output.weight") == nullptr;
  config["torch_dtype"] = dtype;
  config["use_cache"] = true;
  config["vocab_size"] = embedding->shape[0];
  return config;
}

Weights load_gguf_weights(const GgufFile& file, const ModelConfig& config) {
  const std::vector<const GgufTensor*> tensors = match_tensors(file, plan_parameters(config));
  Weights weights = make_weights(config);
  float* const data = weights.flat.data_ptr<float>();
  const bool llama = config.architecture == "LlamaForCausalLM";
  const auto load = [&](int64_t first, int64_t last) {
    for (auto i = static_cast<size_t>(first); i < static_cast<size_t>(last); ++i) {
      const Parameter& parameter = weights.parameters[i];
      const std::span<float> to(data + parameter.offset, static_cast<size_t>(parameter.size()));
      dequantize(tensors[i]->type, file.bytes(*tensors[i]), to);
      require_finite(to, ErrorKind::kModel,
                     cat(file.path(), ": tensor \"", tensors[i]->name, "\""));
      if (llama && is_rotated(parameter.name))
        undo_rotary_order(to, parameter.shape.size() == 2 ? parameter.shape[1] : 1,
                          config.head_dim);
    }
  };
  at::parallel_for(0, static_cast<int64_t>(tensors.size()), 1, load);
  return weights;
}

}  // namespace laconic
