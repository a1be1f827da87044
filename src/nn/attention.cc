// SPDX-License-Identifier: Apache-2.0
#include "nn/attention.h"

#include <ATen/ops/empty.h>

#include "nn/rope.h"

namespace laconic {

HeadLayout head_layout(const ModelConfig& config) {
  HeadLayout heads;
  heads.num_heads = config.num_heads;
  heads.num_kv_heads = config.num_kv_heads;
  heads.head_dim = config.head_dim;
  heads.rotary_dim = config.rotary_dim;
  heads.scale = config.query_scale;
  heads.softcap = config.attention_softcap;
  return heads;
}

RopeTable make_rope_table(const ModelConfig& config, int64_t num_positions) {
  const int64_t half = config.rotary_width() / 2;
  RopeTable table;
  table.cos = at::empty({num_positions, half}, at::kFloat);
  table.sin = at::empty({num_positions, half}, at::kFloat);
  fill_rope(rope_frequencies(config, /*local=*/false, num_positions), num_positions,
            table.cos.data_ptr<float>(), table.sin.data_ptr<float>());
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
