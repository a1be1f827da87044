// Rotary position embedding tables and the batch geometry that attention needs on a device.
//
// Positions restart at 0 with each document. Frequencies: nn/rope.h.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "nn/kernels.h"
#include "nn/model_config.h"

namespace laconic {

// Of a layer without a window.
HeadLayout head_layout(const ModelConfig& config);

// cos and sin [num_positions, rotary_width / 2] on the CPU for one document of that length;
// `positions` is left undefined.
RopeTable make_rope_table(const ModelConfig& config, int64_t num_positions);

// [T]: 0, 1, ... within each document.
std::vector<int32_t> document_positions(const std::vector<int32_t>& cu_seqlens);

}  // namespace laconic
