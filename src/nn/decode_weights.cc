// SPDX-License-Identifier: Apache-2.0
#include "nn/decode_weights.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>

namespace laconic {
namespace {

void pack_matrix(const at::Tensor& matrix, const at::Tensor& bias, DecodeMatrix& packed) {
  packed.resize(matrix.size(0), matrix.size(1));
  const float* source = matrix.const_data_ptr<float>();
  at::parallel_for(0, packed.num_panels(), 1,
                   [&](int64_t begin, int64_t end) { pack_panels(source, packed, begin, end); });
  if (bias.defined()) std::copy_n(bias.const_data_ptr<float>(), bias.numel(), packed.bias.begin());
}

AlignedFloats padded(const at::Tensor& vector) {
  AlignedFloats result(static_cast<size_t>(round_up(vector.numel(), kPanel)));
  std::copy_n(vector.const_data_ptr<float>(), vector.numel(), result.begin());
  return result;
}

}  // namespace

void DecodeWeights::pack(const Weights& weights) {
  layers.resize(weights.layers.size());
  const int64_t width = weights.config.intermediate_size;
  num_weights = 0;
  const auto count = [&](const DecodeMatrix& m) {
    num_weights += static_cast<int64_t>(m.panels.size());
  };
  for (size_t l = 0; l < layers.size(); ++l) {
    const LayerWeights& from = weights.layers[l];
    DecodeLayer& to = layers[l];
    to.input_norm = padded(from.input_norm);
    to.post_norm = padded(from.post_norm);
    pack_matrix(from.qkv_weight, from.qkv_bias, to.qkv);
    pack_matrix(from.o_weight, {}, to.o);
    pack_matrix(from.gate_up_weight.narrow(0, 0, width), {}, to.gate);
    pack_matrix(from.gate_up_weight.narrow(0, width, width), {}, to.up);
    pack_matrix(from.down_weight, {}, to.down);
    for (const DecodeMatrix* m : {&to.qkv, &to.o, &to.gate, &to.up, &to.down}) count(*m);
  }
  final_norm = padded(weights.final_norm);
  pack_matrix(weights.head, {}, head);
  count(head);
}

// The angles are rounded as transformers rounds them: frequencies and products in fp32.
void DecodeAngles::fill(const ModelConfig& config, int64_t max_positions) {
  const int64_t half = config.head_dim / 2;
  cosines.resize(static_cast<size_t>(max_positions * half));
  sines.resize(cosines.size());
  for (int64_t i = 0; i < half; ++i) {
    const double exponent = 2.0 * static_cast<double>(i) / static_cast<double>(config.head_dim);
    const auto frequency = static_cast<float>(1.0 / std::pow(config.rope_theta, exponent));
    for (int64_t position = 0; position < max_positions; ++position) {
      const float angle = static_cast<float>(position) * frequency;
      const auto at = static_cast<size_t>(position * half + i);
      cosines[at] = static_cast<float>(std::cos(static_cast<double>(angle)));
      sines[at] = static_cast<float>(std::sin(static_cast<double>(angle)));
    }
  }
}

}  // namespace laconic
