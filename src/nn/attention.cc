// SPDX-License-Identifier: Apache-2.0
#include "nn/attention.h"

#include <ATen/ops/empty.h>

#include <cmath>

namespace laconic {

HeadLayout head_layout(const ModelConfig& config) {
  return {config.num_heads, config.num_kv_heads, config.head_dim};
}

RopeTable make_rope_table(const ModelConfig& config, int64_t num_positions) {
  const int64_t half = config.head_dim / 2;
  RopeTable table;
  table.cos = at::empty({num_positions, half}, at::kFloat);
  table.sin = at::empty({num_positions, half}, at::kFloat);
  float* cos = table.cos.data_ptr<float>();
  float* sin = table.sin.data_ptr<float>();
  for (int64_t pair = 0; pair < half; ++pair) {
    const double exponent = -2.0 * static_cast<double>(pair) / static_cast<double>(2 * half);
    const double frequency = std::pow(config.rope_theta, exponent);
    for (int64_t position = 0; position < num_positions; ++position) {
      const double angle = static_cast<double>(position) * frequency;
      cos[position * half + pair] = static_cast<float>(std::cos(angle));
      sin[position * half + pair] = static_cast<float>(std::sin(angle));
    }
  }
  return table;
}

std::vector<int32_t> document_positions(const std::vector<int32_t>& cu_seqlens) {
  std::vector<int32_t> positions;
  positions.reserve(static_cast<size_t>(cu_seqlens.back()));
  for (size_t document = 0; document + 1 < cu_seqlens.size(); ++document) {
    const int32_t length = cu_seqlens[document + 1] - cu_seqlens[document];
    for (int32_t position = 0; position < length; ++position) positions.push_back(position);
  }
  return positions;
}

}  // namespace laconic
