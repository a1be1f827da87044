// SPDX-License-Identifier: Apache-2.0
#include "app/plan_gpu.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace laconic {
namespace {

ModelConfig config_of_ten_layers() {
  ModelConfig c;
  c.architecture = "LlamaForCausalLM";
  c.vocab_size = 1000, c.hidden_size = 100, c.intermediate_size = 200, c.num_layers = 10;
  c.num_heads = 10, c.num_kv_heads = 5, c.head_dim = 10, c.tie_embeddings = true;
  return c;
}

TEST(PlanGpu, FlopsAreThoseOfTheMatrices) {
  const ModelConfig c = config_of_ten_layers();
  // qkv 200 x 100, o 100 x 100, gate and up 400 x 100, down 100 x 200.
  const double layers = 10 * (20'000 + 10'000 + 40'000 + 20'000);
  EXPECT_EQ(forward_flops(c, 0, false), 2 * layers);
  EXPECT_EQ(forward_flops(c, 0, true), 2 * (layers + 100'000));
  EXPECT_EQ(forward_flops(c, 50, false), 2 * layers + 2.0 * 10 * 100 * 50);
}

TEST(PlanGpu, TrainingTimeFollowsPeakUtilisationAndCards) {
  const ModelConfig c = config_of_ten_layers();
  const GpuFleet one = {{"x", 1e-6, 1, 1}, 1, 0.5};  // 1e6 FLOP/s
  EXPECT_NEAR(gpu_train_s_per_token(c, one, 0, 0.001, false), (3 * 1.8e6 + 3 * 2e5 * 0.001) / 5e5,
              1e-9);
  const double with = gpu_train_s_per_token(c, one, 0, 1, true);
  EXPECT_NEAR(with, (4 * 1.8e6 + 3 * 2e5) / 5e5, 1e-9);
  const GpuFleet four = {one.kind, 4, 0.5};
  EXPECT_NEAR(gpu_train_s_per_token(c, four, 0, 1, true), with / 4, 1e-9);
}

TEST(PlanGpu, AStepIsBoundByMemoryOrByProducts) {
  const ModelConfig c = config_of_ten_layers();
  const GpuFleet narrow = {{"x", 1e9, 1e-6, 1}, 1, 0.5};  // 1e6 B/s, half of it used
  const double at_one = gpu_step_s(c, narrow, 1, 10);
  // A cached position: keys and values of 5 heads of 10, 10 layers, 2 bytes each.
  EXPECT_NEAR(gpu_step_s(c, narrow, 1, 20) - at_one, 2000.0 * 10 / 5e5, 1e-9);
  const GpuFleet slow = {{"x", 1e-6, 1e6, 1}, 1, 0.5};
  EXPECT_NEAR(gpu_step_s(c, slow, 8, 10), 8 * gpu_step_s(c, slow, 1, 10), 1e-6);
}

TEST(PlanGpu, UnknownCardsAreNamed) {
  EXPECT_STREQ(find_gpu("h100").name, "h100");
  EXPECT_THROW(find_gpu("h1"), Error);
}

}  // namespace
}  // namespace laconic
