// SPDX-License-Identifier: Apache-2.0
#include "nn/model_config.h"

#include <algorithm>
#include <iterator>
#include <mutex>
#include <set>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "nn/config_reader.h"
#include "nn/family.h"
#include "nn/half.h"
#include "nn/unused_fields.h"

namespace laconic {
namespace {

constexpr int64_t kMaxVocabulary = int64_t{1} << 26;

// Fields that say nothing about what a text model computes from its weights.
constexpr std::string_view kSayNothing[] = {
    "_attn_implementation",
    "_attn_implementation_autoset",
    "_commit_hash",
    "_name_or_path",
    "add_cross_attention",
    "attention_dropout",
    "attn_implementation",
    "auto_map",
    "bos_token_id",
    "cache_implementation",
    "chunk_size_feed_forward",
    "decoder_start_token_id",
    "embd_pdrop",
    "eoi_token_index",
    "head_dim",
    "hidden_act",
    "hidden_activation",
    "hidden_dropout",
    "id2label",
    "initializer_range",
    "is_decoder",
    "is_encoder_decoder",
    "is_llama_config",
    "label2id",
    "layer_types",
    "max_window_layers",
    "model_type",
    "num_key_value_heads",
    "original_max_position_embeddings",
    "output_attentions",
    "output_hidden_states",
    "output_router_logits",
    "pad_token_id",
    "pretraining_tp",
    "problem_type",
    "quantization",
    "resid_pdrop",
    "return_dict",
    "rope_interleaved",
    "router_aux_loss_coef",
    "router_jitter_noise",
    "sep_token_id",
    "sliding_window",
    "sliding_window_pattern",
    "task_specific_params",
    "tokenizer_class",
    "torch_dtype",
    "transformers.js_config",
    "transformers_version",
    "unk_token_id",
    "unsloth_fixed",
    "unsloth_version",
    "use_bfloat16",
    "use_cache",
    "use_sliding_window",
};

// Attention over pairs of neighbours instead of halves: other weights, in effect.
void refuse_interleaved(const ConfigReader& reader) {
  require(!reader.boolean("rope_interleaved", false), ErrorKind::kModel,
          reader.where("rope_interleaved"), ": expected false, got true (not supported)");
}

// transformers' text models do not look at it; where it says otherwise, one of the two is wrong.
void check_text_config(const ConfigReader& reader) {
  const Json* block = reader.find("text_config");
  if (!block || !block->is_object()) return;
  for (const auto& [key, value] : block->as_object(reader.where("text_config"))) {
    const Json* own = reader.json().find(key);
    require(!own || value.is_null() || *own == value, ErrorKind::kModel,
            cat(reader.where("text_config"), ".", key), ": expected ", own ? own->dump() : "",
            " as in the file itself, got ", value.dump());
  }
}

std::vector<std::string> unused_of(const ConfigReader& reader) {
  std::vector<std::string> names = reader.unasked();
  std::erase_if(names, [&](const std::string& name) {
    const std::string_view last = std::string_view(name).substr(name.rfind('.') + 1);
    if (name.ends_with(".finetuned")) return true;
    // In a rope block what stands elsewhere too, with the same value (nn/rope_config.cc).
    const Json* scaling = reader.json().find("rope_scaling");
    if (name.starts_with("rope_parameters.") &&
        (reader.json().find(last) || (scaling && scaling->find(last))))
      return true;
    return std::find(std::begin(kSayNothing), std::end(kSayNothing), name) != std::end(kSayNothing);
  });
  if (reader.find("text_config")) names.push_back("text_config");
  return names;
}

// Once for each file, however often it is read.
void say_unused(const std::string& place, const std::vector<std::string>& fields) {
  static std::mutex mutex;
  static std::set<std::string> said;
  if (fields.empty()) return;
  std::string names;
  for (const std::string& field : fields) names += (names.empty() ? "" : ", ") + field;
  const std::lock_guard lock(mutex);
  if (said.insert(place).second) log_info(place, ": fields not used: ", names);
}

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

namespace {

ModelConfig read_config(const ConfigReader& reader) {
  ModelConfig config;
  const Family& family = read_architecture(reader);
  config.architecture = family.architecture;
  refuse_quantised(reader);
  refuse_interleaved(reader);
  check_text_config(reader);
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

}  // namespace

ModelConfig parse_model_config(const Json& json, const std::string& place) {
  require(json.is_object(), ErrorKind::kModel, place, ": expected an object, got ",
          json.kind_name());
  const ConfigReader reader(json, place);
  ModelConfig config = read_config(reader);
  say_unused(place, unused_of(reader));
  return config;
}

std::vector<std::string> unused_fields(const Json& json, const std::string& place) {
  const ConfigReader reader(json, place);
  read_config(reader);
  return unused_of(reader);
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
