// The rotary part of a config.json: rope_theta with rope_scaling (transformers v4) or
// rope_parameters (v5).
//
// Where both are there they must agree in type, and rope_scaling is read, as transformers does. A
// missing theta is never defaulted. Source: transformers' modeling_rope_utils.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "nn/config_reader.h"
#include "nn/model_config.h"

namespace laconic {

// "default", "linear", ...: as config.json spells it.
std::string_view rope_type(RopeKind kind);

// Fills rope_theta, rope and, where the config says so, rotary_dim. Needs the sizes.
void read_rope(const ConfigReader& reader, ModelConfig& config);
// Gemma 3: one rotation for the layers with a window and one for the others, either as rope_theta
// and rope_local_base_freq or as rope_parameters.{full_attention, sliding_attention}.
void read_rope_by_layer_type(const ConfigReader& reader, ModelConfig& config);
// Adds transformers 4's spelling to a config.json that has only rope_parameters: a reader that does
// not know those would take defaults without a word.
void add_version_4_rope(Json& config);

}  // namespace laconic
