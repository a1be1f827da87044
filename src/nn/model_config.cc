// SPDX-License-Identifier: Apache-2.0
#include "nn/model_config.h"

#include <string_view>

#include "base/error.h"
#include "base/json.h"

namespace laconic {
namespace {

constexpr int64_t kMaxVocabulary = int64_t{1} << 26;
constexpr int64_t kMaxWidth = int64_t{1} << 20;
constexpr int64_t kMaxCount = int64_t{1} << 12;  // layers, heads, head width
constexpr int64_t kMaxPositions = int64_t{1} << 40;

// Typed, named access to the fields of one config.json. An absent field and null are the same.
class Reader {
 public:
  Reader(const Json& json, const std::string& place) : json_(json), place_(place) {}

  std::string where(std::string_view key) const { return cat(place_, ": ", key); }
  const Json* find(std::string_view key) const {
    const Json* value = json_.find(key);
    return value && !value->is_null() ? value : nullptr;
  }
  const Json& at(std::string_view key) const {
    const Json* value = find(key);
    require(value != nullptr, ErrorKind::kModel, place_, ": expected a field \"", key,
            "\", got none");
    return *value;
  }
  int64_t count(std::string_view key, int64_t max) const {
    const Json& value = at(key);
    require(value.is_integer(), ErrorKind::kModel, where(key), ": expected an integer, got ",
            value.kind_name());
    const int64_t number = value.as_integer(place_);
    require(number >= 1 && number <= max, ErrorKind::kModel, where(key),
            ": expected an integer from 1 to ", max, ", got ", number);
    return number;
  }
  double positive(const Json& value, std::string_view key) const {
    require(value.is_number(), ErrorKind::kModel, where(key), ": expected a number, got ",
            value.kind_name());
    const double number = value.as_number(place_);
    require(number > 0 && number < 1e18, ErrorKind::kModel, where(key),
            ": expected a positive number, got ", number);
    return number;
  }
  bool boolean(std::string_view key, bool absent) const {
    const Json* value = find(key);
    if (!value) return absent;
    require(value->is_boolean(), ErrorKind::kModel, where(key), ": expected a boolean, got ",
            value->kind_name());
    return value->as_boolean(place_);
  }
  std::string text(std::string_view key, const Json& value) const {
    require(value.is_string(), ErrorKind::kModel, where(key), ": expected a string, got ",
            value.kind_name());
    return value.as_string(place_);
  }

 private:
  const Json& json_;
  const std::string& place_;
};

std::string read_architecture(const Reader& reader) {
  const Json& names = reader.at("architectures");
  const std::string where = reader.where("architectures");
  require(names.is_array() && names.size() == 1, ErrorKind::kModel, where,
          ": expected an array of one name, got ",
          names.is_array() ? cat(names.size()) : std::string(names.kind_name()));
  const std::string name = reader.text("architectures", names.as_array(where)[0]);
  require(name == "Qwen2ForCausalLM" || name == "LlamaForCausalLM", ErrorKind::kModel, where,
          ": expected Qwen2ForCausalLM or LlamaForCausalLM, got \"", name, "\"");
  return name;
}

// One of rope_scaling (v4) and rope_parameters (v5): only the plain rotation is known.
void check_rope_block(const Reader& reader, std::string_view key) {
  const Json* block = reader.find(key);
  if (!block) return;
  require(block->is_object(), ErrorKind::kModel, reader.where(key), ": expected an object, got ",
          block->kind_name());
  for (const char* type_key : {"rope_type", "type"}) {
    const Json* type = block->find(type_key);
    if (!type || type->is_null()) continue;
    const std::string where = cat(key, ".", type_key);
    const std::string name = reader.text(where, *type);
    require(name == "default", ErrorKind::kModel, reader.where(where),
            ": expected \"default\", got \"", name,
            "\" (scaled rotary positions are not supported)");
  }
  const bool scaled = key == "rope_scaling" && block->find("factor");
  require(!scaled || block->find("rope_type") || block->find("type"), ErrorKind::kModel,
          reader.where(key), ": expected a rope_type beside \"factor\", got none");
  const Json* part = block->find("partial_rotary_factor");
  require(!part || (part->is_number() && part->as_number("") == 1.0), ErrorKind::kModel,
          reader.where(cat(key, ".partial_rotary_factor")), ": expected 1, got another value");
}

double read_rope_theta(const Reader& reader) {
  check_rope_block(reader, "rope_scaling");
  check_rope_block(reader, "rope_parameters");
  const Json* top = reader.find("rope_theta");
  const Json* block = reader.find("rope_parameters");
  const Json* inner = block ? block->find("rope_theta") : nullptr;
  require(top || inner, ErrorKind::kModel, reader.where("rope_theta"),
          ": expected rope_theta (or rope_parameters.rope_theta), got none (a default would change "
          "the model silently)");
  const double theta = top ? reader.positive(*top, "rope_theta")
                           : reader.positive(*inner, "rope_parameters.rope_theta");
  if (top && inner) {
    const double other = reader.positive(*inner, "rope_parameters.rope_theta");
    require(theta == other, ErrorKind::kModel, reader.where("rope_theta"),
            ": expected the value of rope_parameters.rope_theta, ", other, ", got ", theta);
  }
  return theta;
}

void refuse_what_is_unknown(const Reader& reader, const std::string& architecture) {
  for (const char* key : {"quantization_config", "compression_config"}) {
    const Json* block = reader.find(key);
    if (!block) continue;
    const Json* method = block->find("quant_method");
    fail(ErrorKind::kModel, reader.where(key), ": expected unquantised weights, got ",
         method && method->is_string() ? cat("\"", method->as_string(""), "\"")
                                       : std::string("a quantised model"));
  }
  const std::string activation = reader.text("hidden_act", reader.at("hidden_act"));
  require(activation == "silu", ErrorKind::kModel, reader.where("hidden_act"),
          ": expected \"silu\", got \"", activation, "\"");
  for (const char* key : {"use_sliding_window", "mlp_bias"})
    require(!reader.boolean(key, false), ErrorKind::kModel, reader.where(key),
            ": expected false, got true (not supported)");
  // With attention_bias Llama puts a bias on the attention output too, which this engine has not.
  if (architecture == "LlamaForCausalLM")
    require(!reader.boolean("attention_bias", false), ErrorKind::kModel,
            reader.where("attention_bias"), ": expected false, got true (not supported for Llama)");
  if (const Json* types = reader.find("layer_types")) {
    require(types->is_array(), ErrorKind::kModel, reader.where("layer_types"),
            ": expected an array, got ", types->kind_name());
    for (const Json& type : types->as_array("")) {
      const std::string name = reader.text("layer_types", type);
      require(name == "full_attention", ErrorKind::kModel, reader.where("layer_types"),
              ": expected \"full_attention\" only, got \"", name, "\"");
    }
  }
}

int64_t read_kv_heads(const Reader& reader, const ModelConfig& config) {
  // LlamaConfig: no num_key_value_heads means one for each query head. Qwen2Config has another
  // default, so there the field must be given.
  if (!reader.find("num_key_value_heads") && config.architecture == "LlamaForCausalLM")
    return config.num_heads;
  return reader.count("num_key_value_heads", kMaxCount);
}

int64_t read_head_dim(const Reader& reader, const ModelConfig& config) {
  if (reader.find("head_dim")) return reader.count("head_dim", kMaxCount);
  require(config.hidden_size % config.num_heads == 0, ErrorKind::kModel,
          reader.where("hidden_size"), ": expected a multiple of num_attention_heads ",
          config.num_heads, ", got ", config.hidden_size);
  return config.hidden_size / config.num_heads;
}

std::string read_dtype(const Reader& reader) {
  const char* key = reader.find("dtype") ? "dtype" : "torch_dtype";
  const Json* value = reader.find(key);
  if (!value) return "";
  const std::string name = reader.text(key, *value);
  require(name == "float32" || name == "float16" || name == "bfloat16", ErrorKind::kModel,
          reader.where(key), ": expected float32, float16 or bfloat16, got \"", name, "\"");
  return name;
}

}  // namespace

std::vector<int64_t> parse_token_ids(const Json* value, const std::string& place) {
  std::vector<int64_t> ids;
  if (!value || value->is_null()) return ids;
  const auto add = [&](const Json& id) {
    require(id.is_integer() && id.as_integer(place) >= 0, ErrorKind::kModel, place,
            ": expected a token id or an array of them, got ",
            id.is_integer() ? "a negative number" : id.kind_name());
    ids.push_back(id.as_integer(place));
  };
  if (value->is_array())
    for (const Json& id : value->as_array(place)) add(id);
  else
    add(*value);
  return ids;
}

ModelConfig parse_model_config(const Json& json, const std::string& place) {
  require(json.is_object(), ErrorKind::kModel, place, ": expected an object, got ",
          json.kind_name());
  const Reader reader(json, place);
  ModelConfig config;
  config.architecture = read_architecture(reader);
  refuse_what_is_unknown(reader, config.architecture);
  config.vocab_size = reader.count("vocab_size", kMaxVocabulary);
  config.hidden_size = reader.count("hidden_size", kMaxWidth);
  config.intermediate_size = reader.count("intermediate_size", kMaxWidth);
  config.num_layers = reader.count("num_hidden_layers", kMaxCount);
  config.num_heads = reader.count("num_attention_heads", kMaxCount);
  config.num_kv_heads = read_kv_heads(reader, config);
  require(config.num_heads % config.num_kv_heads == 0, ErrorKind::kModel,
          reader.where("num_key_value_heads"), ": expected a divisor of num_attention_heads ",
          config.num_heads, ", got ", config.num_kv_heads);
  config.head_dim = read_head_dim(reader, config);
  require(config.head_dim % 2 == 0, ErrorKind::kModel, reader.where("head_dim"),
          ": expected an even width, got ", config.head_dim);
  config.max_positions = reader.count("max_position_embeddings", kMaxPositions);
  config.rms_norm_eps = reader.positive(reader.at("rms_norm_eps"), "rms_norm_eps");
  config.rope_theta = read_rope_theta(reader);
  config.qkv_bias = config.architecture == "Qwen2ForCausalLM";
  config.tie_embeddings = reader.boolean("tie_word_embeddings", false);
  config.dtype = read_dtype(reader);
  config.eos_token_ids = parse_token_ids(reader.find("eos_token_id"), reader.where("eos_token_id"));
  return config;
}

}  // namespace laconic
