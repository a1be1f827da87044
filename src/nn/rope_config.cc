// SPDX-License-Identifier: Apache-2.0
#include "nn/rope_config.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/error.h"
#include "base/json.h"
#include "base/nearest.h"

namespace laconic {
namespace {

struct KindName {
  std::string_view name;
  RopeKind kind;
};
// "su" is what the first Phi-3 files call longrope.
constexpr std::array<KindName, 7> kKinds = {{{"default", RopeKind::kDefault},
                                             {"linear", RopeKind::kLinear},
                                             {"dynamic", RopeKind::kDynamic},
                                             {"yarn", RopeKind::kYarn},
                                             {"llama3", RopeKind::kLlama3},
                                             {"longrope", RopeKind::kLongRope},
                                             {"su", RopeKind::kLongRope}}};

// All that a rope block may hold; which of them count is said by the kind.
constexpr std::array<std::string_view, 17> kParameters = {"rope_type",
                                                          "type",
                                                          "rope_theta",
                                                          "factor",
                                                          "low_freq_factor",
                                                          "high_freq_factor",
                                                          "original_max_position_embeddings",
                                                          "attention_factor",
                                                          "beta_fast",
                                                          "beta_slow",
                                                          "mscale",
                                                          "mscale_all_dim",
                                                          "truncate",
                                                          "short_factor",
                                                          "long_factor",
                                                          "partial_rotary_factor",
                                                          "finetuned"};

// Every field of a rope block is about the rotation: one that is not known would change it.
void refuse_unknown(const ConfigReader& block) {
  for (const auto& [key, value] : block.json().as_object(block.place())) {
    if (value.is_null() ||
        std::find(kParameters.begin(), kParameters.end(), key) != kParameters.end())
      continue;
    const std::string near = nearest(key, {kParameters.begin(), kParameters.end()});
    fail(ErrorKind::kModel, block.where(key),
         ": expected a parameter of a rotation, got an unknown "
         "one",
         near.empty() ? "" : cat(" (did you mean \"", near, "\"?)"));
  }
}

// Where a file has both spellings, one value in both.
void check_same(const ConfigReader& scaling, const ConfigReader& parameters) {
  for (const auto& [key, value] : scaling.json().as_object(scaling.place())) {
    const Json* other = parameters.json().find(key);
    if (!other || other->is_null() || value.is_null() || key == "type" || key == "rope_type")
      continue;
    const bool same = *other == value || (other->is_number() && value.is_number() &&
                                          other->as_number("") == value.as_number(""));
    require(same, ErrorKind::kModel, scaling.where(key),
            ": expected the value of rope_parameters, ", other->dump(), ", got ", value.dump());
  }
}

RopeKind read_kind(const ConfigReader& block) {
  const char* key = block.find("rope_type") ? "rope_type" : "type";
  if (!block.find(key)) {
    require(!block.find("factor"), ErrorKind::kModel, block.where("rope_type"),
            ": expected a rope type beside \"factor\", got none");
    return RopeKind::kDefault;
  }
  const std::string name = block.text(key);
  const auto kind_of = [](const std::string& text) -> std::optional<RopeKind> {
    for (const KindName& known : kKinds)
      if (known.name == text) return known.kind;
    return std::nullopt;
  };
  const std::optional<RopeKind> kind = kind_of(name);
  if (kind && block.find("type"))
    require(kind_of(block.text("type")) == kind, ErrorKind::kModel, block.where("type"),
            ": expected the type of rope_type, ", name, ", got ", block.text("type"));
  if (kind) return *kind;
  fail(ErrorKind::kModel, block.where(key),
       ": expected default, linear, dynamic, yarn, llama3 or longrope, got \"", name, "\"");
}

double default_mscale(double scale, double mscale) {
  return scale <= 1 ? 1.0 : 0.1 * mscale * std::log(scale) + 1.0;
}

double yarn_attention_factor(const ConfigReader& block, double factor) {
  if (block.find("attention_factor")) return block.positive("attention_factor");
  if (block.find("mscale") && block.find("mscale_all_dim"))
    return default_mscale(factor, block.positive("mscale")) /
           default_mscale(factor, block.positive("mscale_all_dim"));
  return default_mscale(factor, 1);
}

std::vector<double> read_factors(const ConfigReader& block, std::string_view key,
                                 int64_t rotary_width) {
  std::vector<double> factors = block.positives(key);
  require(static_cast<int64_t>(factors.size()) * 2 == rotary_width, ErrorKind::kModel,
          block.where(key), ": expected ", rotary_width / 2,
          " numbers, one for each rotated pair, got ", factors.size());
  return factors;
}

// The context that the model had before it was stretched. A field beside the block wins, as in
// transformers.
std::optional<double> original_positions(const ConfigReader& reader, const ConfigReader& block) {
  const char* key = "original_max_position_embeddings";
  if (reader.find(key)) return reader.positive(key);
  if (block.find(key)) return block.positive(key);
  return std::nullopt;
}

RopeScaling read_scaling(const ConfigReader& reader, const ConfigReader& block,
                         const ModelConfig& config) {
  refuse_unknown(block);
  RopeScaling rope;
  rope.kind = read_kind(block);
  if (rope.kind == RopeKind::kDefault) return rope;
  const auto max_positions = static_cast<double>(config.max_positions);
  const bool has_original = rope.kind == RopeKind::kYarn || rope.kind == RopeKind::kLlama3 ||
                            rope.kind == RopeKind::kLongRope;
  if (has_original) {
    const auto original = original_positions(reader, block);
    // Only yarn files leave it out; transformers then takes the model's positions.
    require(original || rope.kind == RopeKind::kYarn, ErrorKind::kModel,
            block.where("original_max_position_embeddings"), ": expected a number, got none");
    rope.original_max_positions = original.value_or(max_positions);
  }
  if (rope.kind == RopeKind::kLongRope) {
    rope.factor = block.positive_or("factor", max_positions / rope.original_max_positions);
    rope.short_factor = read_factors(block, "short_factor", config.rotary_width());
    rope.long_factor = read_factors(block, "long_factor", config.rotary_width());
    const double stretched =
        std::sqrt(1 + std::log(rope.factor) / std::log(rope.original_max_positions));
    rope.attention_factor =
        block.positive_or("attention_factor", rope.factor <= 1 ? 1.0 : stretched);
    return rope;
  }
  rope.factor = block.positive("factor");
  require(rope.kind != RopeKind::kDynamic || config.rotary_width() > 2, ErrorKind::kModel,
          block.where("rope_type"), ": expected heads wider than 2 for dynamic, got ",
          config.rotary_width());
  if (rope.kind == RopeKind::kLlama3) {
    rope.low_freq_factor = block.positive("low_freq_factor");
    rope.high_freq_factor = block.positive("high_freq_factor");
    require(rope.high_freq_factor > rope.low_freq_factor, ErrorKind::kModel,
            block.where("high_freq_factor"), ": expected more than low_freq_factor ",
            rope.low_freq_factor, ", got ", rope.high_freq_factor);
  }
  if (rope.kind == RopeKind::kYarn) {
    rope.attention_factor = yarn_attention_factor(block, rope.factor);
    rope.beta_fast = block.positive_or("beta_fast", rope.beta_fast);
    rope.beta_slow = block.positive_or("beta_slow", rope.beta_slow);
    rope.truncate = block.boolean("truncate", true);
  }
  return rope;
}

std::optional<ConfigReader> block_or_none(const ConfigReader& reader, std::string_view key) {
  if (!reader.find(key)) return std::nullopt;
  return reader.block(key);
}

bool is_nested(const ConfigReader& block) {
  return block.has("full_attention") || block.has("sliding_attention");
}

// The value at the top, that of the block, or both where they agree.
double read_theta(const ConfigReader& reader, const std::optional<ConfigReader>& block) {
  const bool inner = block && block->find("rope_theta");
  require(reader.find("rope_theta") || inner, ErrorKind::kModel, reader.where("rope_theta"),
          ": expected rope_theta (or rope_parameters.rope_theta), got none (a default would change "
          "the model silently)");
  if (!reader.find("rope_theta")) return block->positive("rope_theta");
  const double theta = reader.positive("rope_theta");
  if (inner) {
    const double other = block->positive("rope_theta");
    require(
        theta == other, ErrorKind::kModel, reader.where("rope_theta"), ": expected the value of ",
        block->where("rope_theta").substr(reader.place().size() + 2), ", ", other, ", got ", theta);
  }
  return theta;
}

void refuse_rotated_part(const ConfigReader& reader) {
  const char* key = "partial_rotary_factor";
  require(reader.positive_or(key, 1) == 1, ErrorKind::kModel, reader.where(key),
          ": expected 1, got another value");
}

}  // namespace

std::string_view rope_type(RopeKind kind) {
  for (const KindName& known : kKinds)
    if (known.kind == kind) return known.name;
  LACONIC_CHECK(false, "rope kind");
  return "";
}

void read_rope(const ConfigReader& reader, ModelConfig& config) {
  const auto parameters = block_or_none(reader, "rope_parameters");
  const auto scaling = block_or_none(reader, "rope_scaling");
  if (config.rotary_dim == 0) {  // the family has not read it
    refuse_rotated_part(reader);
    if (parameters) refuse_rotated_part(*parameters);
    if (scaling) refuse_rotated_part(*scaling);
  }
  for (const auto& block : {parameters, scaling})
    require(!block || !is_nested(*block), ErrorKind::kModel, reader.where("rope_parameters"),
            ": expected one rotation for all layers, got one for each layer type");
  config.rope_theta = read_theta(reader, parameters);
  if (scaling && parameters)
    require(read_kind(*scaling) == read_kind(*parameters), ErrorKind::kModel,
            reader.where("rope_scaling"),
            ": expected the rope type of rope_parameters, got another");
  if (scaling && scaling->find("rope_theta"))
    require(scaling->positive("rope_theta") == config.rope_theta, ErrorKind::kModel,
            scaling->where("rope_theta"), ": expected the value of rope_theta, ", config.rope_theta,
            ", got another");
  if (scaling && parameters) {
    refuse_unknown(*parameters);
    check_same(*scaling, *parameters);
  }
  if (scaling)
    config.rope = read_scaling(reader, *scaling, config);
  else if (parameters)
    config.rope = read_scaling(reader, *parameters, config);
}

void read_rope_by_layer_type(const ConfigReader& reader, ModelConfig& config) {
  const auto parameters = block_or_none(reader, "rope_parameters");
  const auto scaling = block_or_none(reader, "rope_scaling");
  if (!parameters || !is_nested(*parameters)) {
    config.local_rope_theta = reader.positive("rope_local_base_freq");
    return read_rope(reader, config);
  }
  const ConfigReader full = parameters->block("full_attention");
  const ConfigReader local = parameters->block("sliding_attention");
  config.rope_theta = read_theta(reader, full);
  config.rope = read_scaling(reader, scaling ? *scaling : full, config);
  require(read_kind(local) == RopeKind::kDefault, ErrorKind::kModel, local.where("rope_type"),
          ": expected \"default\", got \"",
          local.text(local.find("rope_type") ? "rope_type" : "type"),
          "\" (not supported for layers with a window)");
  refuse_unknown(local);
  config.local_rope_theta = local.positive("rope_theta");
  const char* key = "rope_local_base_freq";
  require(reader.positive_or(key, config.local_rope_theta) == config.local_rope_theta,
          ErrorKind::kModel, reader.where(key), ": expected the value of sliding_attention, ",
          config.local_rope_theta, ", got another");
}

namespace {

void add_absent(Json& object, const char* key, const Json* value) {
  const Json* present = object.find(key);
  if (!value || value->is_null() || (present && !present->is_null())) return;
  const Json copy = *value;  // `value` may lie in `object`, which moves its members
  object[key] = copy;
}

// rope_scaling for a block of rope_parameters whose type is not "default".
Json version_4_scaling(const Json& block, bool is_phi3) {
  if (!is_phi3) {
    Json scaling = block;
    for (const char* key : {"rope_theta", "partial_rotary_factor"}) scaling.erase(key);
    return scaling;
  }
  // transformers 4 refuses any other field in Phi-3's.
  Json scaling = Json::object();
  scaling["type"] = "longrope";
  add_absent(scaling, "short_factor", block.find("short_factor"));
  add_absent(scaling, "long_factor", block.find("long_factor"));
  return scaling;
}

}  // namespace

void add_version_4_rope(Json& config) {
  const Json* parameters = config.find("rope_parameters");
  if (!parameters || !parameters->is_object()) return;
  const Json all = *parameters;
  if (const Json* local = all.find("sliding_attention"))
    add_absent(config, "rope_local_base_freq", local->find("rope_theta"));
  const Json block = all.find("full_attention") ? *all.find("full_attention") : all;
  for (const char* key : {"rope_theta", "partial_rotary_factor"})
    add_absent(config, key, block.find(key));
  const Json* type = block.find("rope_type") ? block.find("rope_type") : block.find("type");
  if (!type || *type == Json("default")) return;
  const Json* names = config.find("architectures");
  const bool is_phi3 = names && names->is_array() && names->size() == 1 &&
                       names->as_array("architectures")[0] == Json("Phi3ForCausalLM");
  if (is_phi3)
    add_absent(config, "original_max_position_embeddings",
               block.find("original_max_position_embeddings"));
  const Json scaling = version_4_scaling(block, is_phi3);
  add_absent(config, "rope_scaling", &scaling);
}

}  // namespace laconic
