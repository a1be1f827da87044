// SPDX-License-Identifier: Apache-2.0
#include "nn/gguf_names.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace laconic {
namespace {

struct NamePair {
  std::string_view hugging_face;
  std::string_view gguf;
};
constexpr std::array<NamePair, 3> kGlobalNames = {{
    {"model.embed_tokens.weight", "token_embd.weight"},
    {"model.norm.weight", "output_norm.weight"},
    {"lm_head.weight", "output.weight"},
}};
constexpr std::array<NamePair, 11> kLayerNames = {{
    {"input_layernorm", "attn_norm"},
    {"self_attn.q_proj", "attn_q"},
    {"self_attn.k_proj", "attn_k"},
    {"self_attn.v_proj", "attn_v"},
    {"self_attn.o_proj", "attn_output"},
    {"self_attn.q_norm", "attn_q_norm"},
    {"self_attn.k_norm", "attn_k_norm"},
    {"post_attention_layernorm", "ffn_norm"},
    {"mlp.gate_proj", "ffn_gate"},
    {"mlp.up_proj", "ffn_up"},
    {"mlp.down_proj", "ffn_down"},
}};

// Moves row from(r) of each head to row r.
template <typename From>
void reorder_heads(std::span<float> rows, int64_t columns, int64_t head_dim, const From& from) {
  const auto width = static_cast<size_t>(columns), E = static_cast<size_t>(head_dim);
  const size_t head_size = E * width;
  std::vector<float> head(head_size);
  for (size_t start = 0; start < rows.size(); start += head_size) {
    std::copy_n(rows.data() + start, head_size, head.data());
    for (size_t row = 0; row < E; ++row)
      std::copy_n(head.data() + from(row) * width, width, rows.data() + start + row * width);
  }
}

}  // namespace

std::string gguf_name(const std::string& name) {
  for (const NamePair& pair : kGlobalNames)
    if (pair.hugging_face == name) return std::string(pair.gguf);
  constexpr std::string_view kLayers = "model.layers.";
  LACONIC_CHECK(name.starts_with(kLayers), name);
  const size_t number_end = name.find('.', kLayers.size());
  const size_t last_dot = name.rfind('.');
  const std::string_view part =
      std::string_view(name).substr(number_end + 1, last_dot - number_end - 1);
  for (const NamePair& pair : kLayerNames)
    if (pair.hugging_face == part)
      return cat("blk.", name.substr(kLayers.size(), number_end - kLayers.size()), ".", pair.gguf,
                 name.substr(last_dot));
  LACONIC_CHECK(false, name);
  return "";
}

bool is_rotated(const std::string& name) {
  return name.find(".q_proj.") != std::string::npos || name.find(".k_proj.") != std::string::npos;
}

void undo_rotary_order(std::span<float> rows, int64_t columns, int64_t head_dim) {
  const auto half = static_cast<size_t>(head_dim) / 2;
  reorder_heads(rows, columns, head_dim,
                [half](size_t row) { return row % half * 2 + row / half; });
}

void apply_rotary_order(std::span<float> rows, int64_t columns, int64_t head_dim) {
  const auto half = static_cast<size_t>(head_dim) / 2;
  reorder_heads(rows, columns, head_dim, [half](size_t row) { return row % 2 * half + row / 2; });
}

}  // namespace laconic
