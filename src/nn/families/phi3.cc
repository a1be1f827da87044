// Phi-3, Phi-3.5 and Phi-4-mini: fused qkv and gate-up matrices in the files, a part of each head
// rotated, longrope. Source: transformers' Phi3Config.
// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/json.h"
#include "nn/families/families.h"
#include "nn/rope_config.h"

namespace laconic {
namespace {

// At the top (transformers 4) or among the rope parameters (5); absent means all.
double read_rotated_part(const ConfigReader& reader) {
  const char* key = "partial_rotary_factor";
  if (reader.find(key)) return reader.positive(key);
  return reader.find("rope_parameters") ? reader.block("rope_parameters").positive_or(key, 1) : 1;
}

void read(const ConfigReader& reader, ModelConfig& config) {
  read_silu(reader, config);
  config.num_kv_heads = config.num_heads;
  if (reader.find("num_key_value_heads")) read_kv_heads(reader, config);
  read_head_dim(reader, config);
  const double part = read_rotated_part(reader);
  config.rotary_dim = static_cast<int64_t>(static_cast<double>(config.head_dim) * part);
  require(part <= 1 && config.rotary_dim > 0 && config.rotary_dim % 2 == 0, ErrorKind::kModel,
          reader.where("partial_rotary_factor"), ": expected an even part of the head width ",
          config.head_dim, ", got ", part);
  read_rope(reader, config);
  require(config.rope.kind == RopeKind::kDefault || config.rope.kind == RopeKind::kLongRope,
          ErrorKind::kModel, reader.where("rope_scaling"),
          ": expected default or longrope, got another type (not one of Phi-3's)");
  read_window_of_all(reader, config);
}

}  // namespace

const Family kPhi3 = {"Phi3ForCausalLM", read, {.qkv = "qkv_proj", .gate_up = "gate_up_proj"}};

}  // namespace laconic
