// The families of decoders: what a family's config.json means and what its tensors are called.
//
// All families are one decoder with the differences that ModelConfig lists; a family is one file in
// nn/families/. Errors: Error(kModel) naming file and field.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "nn/model_config.h"

namespace laconic {

class ConfigReader;

// Names of tensors in a layer, its attention and its MLP; the others are the same in all families.
struct TensorNames {
  std::string_view qkv = {};      // the fused matrix; empty: q_proj, k_proj, v_proj
  std::string_view gate_up = {};  // the fused matrix; empty: gate_proj, up_proj
  std::string_view mlp_norm = "post_attention_layernorm";  // before the MLP
  // With sandwich norms: on the output of the attention and of the MLP.
  std::string_view attention_out_norm = {};
  std::string_view mlp_out_norm = {};
};

struct Family {
  std::string_view architecture;  // config.json's "architectures"
  // Reads what is the family's own; sizes are there already.
  void (*read)(const ConfigReader& reader, ModelConfig& config);
  TensorNames names;
};

// The family of config.json's architecture; nullptr: unknown.
const Family* find_family(std::string_view architecture);
// "Gemma2ForCausalLM, ...": all known, for messages.
std::string list_families();

}  // namespace laconic
