// SPDX-License-Identifier: Apache-2.0
#include "nn/model_config.h"

#include "base/error.h"
#include "base/json.h"
#include "nn/config_reader.h"
#include "nn/family.h"
#include "nn/half.h"

namespace laconic {
namespace {

constexpr int64_t kMaxVocabulary = int64_t{1} << 26;

const Family& read_architecture(const ConfigReader& reader) {
  const std::string where = reader.where("architectures");
  const Json& names = reader.at("architectures");
  require(names.is_array() && names.size() == 1, ErrorKind::kModel, where,
          ": expected an array of one name, got ",
          names.is_array() ? cat(names.size()) : std::string(names.kind_name()));
  const std::string name = reader.texts("architectures")[0];
  const Family* family = find_family(name);
  require(family != nullptr, ErrorKind::kModel, where, ": expected ", list_families(), ", got \"",
          name, "\"");
  return *family;
}

void refuse_quantised(const ConfigReader& reader) {
  for (const char* key : {"quantization_config", "compression_config"}) {
    const Json* block = reader.find(key);
    if (!block) continue;
    const Json* method = block->find("quant_method");
    fail(ErrorKind::kModel, reader.where(key), ": expected unquantised weights, got ",
         method && method->is_string() ? cat("\"", method->as_string(""), "\"")
                                       : std::string("a quantised model"));
  }
}

std::string read_dtype(const ConfigReader& reader) {
  const char* key = reader.find("dtype") ? "dtype" : "torch_dtype";
  if (!reader.find(key)) return "";
  const std::string name = reader.text(key);
  require(name == "float32" || name == "float16" || name == "bfloat16", ErrorKind::kModel,
          reader.where(key), ": expected float32, float16 or bfloat16, got \"", name, "\"");
  return name;
}

void check_heads(const ConfigReader& reader, const ModelConfig& config) {
  require(config.num_heads % config.num_kv_heads == 0, ErrorKind::kModel,
          reader.where("num_key_value_heads"), ": expected a divisor of num_attention_heads ",
          config.num_heads, ", got ", config.num_kv_heads);
  require(config.head_dim % 2 == 0, ErrorKind::kModel, reader.where("head_dim"),
          ": expected an even width, got ", config.head_dim);
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
  const ConfigReader reader(json, place);
  ModelConfig config;
  const Family& family = read_architecture(reader);
  config.architecture = family.architecture;
  refuse_quantised(reader);
  config.vocab_size = reader.count("vocab_size", kMaxVocabulary);
  config.hidden_size = reader.count("hidden_size", kMaxWidth);
  config.intermediate_size = reader.count("intermediate_size", kMaxWidth);
  config.num_layers = reader.count("num_hidden_layers", kMaxCount);
  config.num_heads = reader.count("num_attention_heads", kMaxCount);
  config.max_positions = reader.count("max_position_embeddings", kMaxPositions);
  config.rms_norm_eps = reader.positive("rms_norm_eps");
  config.tie_embeddings = reader.boolean("tie_word_embeddings", false);
  family.read(reader, config);
  check_heads(reader, config);
  set_stored_dtype(config, read_dtype(reader));
  config.eos_token_ids = parse_token_ids(reader.find("eos_token_id"), reader.where("eos_token_id"));
  return config;
}

void set_stored_dtype(ModelConfig& config, const std::string& dtype) {
  config.dtype = dtype;
  if (config.embedding_scale == 1) return;
  const auto exact = static_cast<float>(std::sqrt(static_cast<double>(config.hidden_size)));
  config.embedding_scale = dtype == "bfloat16"  ? bfloat16_to_float(float_to_bfloat16(exact))
                           : dtype == "float16" ? float16_to_float(float_to_float16(exact))
                                                : exact;
}

}  // namespace laconic
