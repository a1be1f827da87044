// SPDX-License-Identifier: Apache-2.0
#include "nn/layer.h"

#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include "nn/attention.h"
#include "nn/testing.h"

namespace laconic {
namespace {

ModelConfig one_layer() {
  ModelConfig c;
  c.architecture = "LlamaForCausalLM";
  c.vocab_size = 32, c.hidden_size = 48, c.intermediate_size = 80, c.num_layers = 1;
  c.num_heads = c.num_kv_heads = 2, c.head_dim = 16, c.max_positions = 64;
  c.rms_norm_eps = 1e-6, c.rope_theta = 10000, c.tie_embeddings = true;
  return c;
}

// The last third of q, k, v [T, 3 H E].
at::Tensor values_of(const at::Tensor& qkv) {
  const int64_t width = qkv.size(1) / 3;
  return qkv.narrow(1, 2 * width, width);
}

// A document of one token attends to itself alone: what comes out is its value, and the value's
// gradient is what came in, each rounded where attention multiplies in bf16.
TEST(Layer, AttentionMultipliesInThePrecisionOfThePass) {
  const ModelConfig config = one_layer();
  const Weights weights = testing::random_weights(config, 1), gradients = make_weights(config);
  const std::vector<int32_t> cu_seqlens = {0, 1};
  for (const Precision precision : {Precision::kFloat32, Precision::kBfloat16}) {
    Workspace workspace;
    const at::Tensor x = testing::random_tensor({1, config.hidden_size}, 2);
    RopeTable table = make_rope_table(config, 1);
    table.positions = testing::int_tensor({0});
    const LayerContext context{kernels_for(x), workspace,  config,     head_layout(config),
                               table,          table,      cu_seqlens, 1,
                               x.options(),    {precision}};
    LayerActivations activations = take_activations(context, 0, {{0, 1}, {0, 1}});
    activations.x = x;
    const at::Tensor out = x.clone();
    const LayerView layer{0, weights.layers[0]};
    layer_forward(context, layer, activations, out);
    const at::Tensor dx = x.clone();
    layer_backward(context, layer, activations, gradients.layers[0], dx);

    const auto want = [&](const at::Tensor& t) {
      return precision == Precision::kFloat32 ? t : t.to(at::kBFloat16).to(at::kFloat);
    };
    const HeadLayout heads = head_layout(config);
    const at::Tensor dout = workspace.take("dattended", {1, heads.q_width()}, x.options());
    const at::Tensor dqkv = workspace.take("dqkv", {1, heads.qkv_width()}, x.options());
    const at::Tensor value = values_of(activations.qkv);
    EXPECT_TRUE(activations.attended.equal(want(value)));
    EXPECT_TRUE(values_of(dqkv).equal(want(dout)));
    EXPECT_FALSE(value.equal(value.to(at::kBFloat16).to(at::kFloat)));
    EXPECT_FALSE(dout.equal(dout.to(at::kBFloat16).to(at::kFloat)));
  }
}

}  // namespace
}  // namespace laconic
