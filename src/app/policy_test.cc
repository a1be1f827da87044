// SPDX-License-Identifier: Apache-2.0
#include "app/policy.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace laconic {
namespace {

Weights tiny(uint64_t seed) {
  ModelConfig config;
  config.architecture = "LlamaForCausalLM";
  config.vocab_size = 70;
  config.hidden_size = 32;
  config.intermediate_size = 48;
  config.num_layers = 2;
  config.num_heads = 4;
  config.num_kv_heads = 2;
  config.head_dim = 8;
  config.max_positions = 128;
  config.rms_norm_eps = 1e-6;
  config.rope_theta = 10000;
  config.dtype = "float32";
  Weights weights = make_weights(config);
  initialize_weights(weights, 0.3, seed);
  return weights;
}

std::vector<std::vector<int32_t>> replies(DecodeSampler& sampler) {
  std::vector<SampleRequest> requests;
  for (int32_t i = 0; i < 6; ++i) requests.push_back({cat("p", i), 0, {i, 9, 4}});
  std::vector<std::vector<int32_t>> ids(requests.size());
  SamplingSettings settings;
  settings.max_new_tokens = 12;
  SamplerCallbacks callbacks;
  callbacks.on_sample = [&](Sample&& sample) { ids[sample.request_idx] = sample.ids; };
  EXPECT_TRUE(sampler.sample(requests, settings, callbacks));
  return ids;
}

std::vector<std::vector<int32_t>> fresh_replies(const Weights& weights) {
  DecodeSampler sampler(weights, 4, 32);
  return replies(sampler);
}

TEST(PolicyTest, EachVersionIsSampledWithItsOwnWeights) {
  Policy policy(StorageChoice::kAuto);
  EXPECT_EQ(policy.version(), 0);
  EXPECT_THROW(policy.sampler(4, 32), Error);
  EXPECT_NE(fresh_replies(tiny(1)), fresh_replies(tiny(2)));
  DecodeSampler* first = nullptr;
  for (int64_t version = 1; version <= 4; ++version) {
    const auto seed = static_cast<uint64_t>(1 + version % 2);
    policy.update(tiny(seed), "float32");
    EXPECT_EQ(policy.version(), version);
    EXPECT_EQ(policy.hash(), hash_weights(tiny(seed), "float32"));
    DecodeSampler& sampler = policy.sampler(4, 32);
    if (version == 1) first = &sampler;
    EXPECT_EQ(&sampler, first) << "the same sampler, refreshed";
    EXPECT_EQ(replies(sampler), fresh_replies(tiny(seed)));
    EXPECT_EQ(&policy.sampler(4, 32), first) << "as it is, within a version";
    policy.release();
    EXPECT_THROW(policy.sampler(4, 32), Error);
  }
}

TEST(PolicyTest, OtherSlotsTakeAnotherSampler) {
  const Weights weights = tiny(1);
  Policy policy(weights, StorageChoice::kAuto);
  EXPECT_EQ(replies(policy.sampler(2, 20)), fresh_replies(weights));
  EXPECT_EQ(replies(policy.sampler(6, 40)), fresh_replies(weights));
  EXPECT_EQ(policy.sampler(6, 40).max_positions(), 40);
}

}  // namespace
}  // namespace laconic
