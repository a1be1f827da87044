// The sampler on a real decoder: a sample is the same alone, in a batch, in another order and with
// another number of slots, ids and log-probabilities bit for bit.
// SPDX-License-Identifier: Apache-2.0
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "nn/decoder.h"
#include "sample/decode_step_model.h"

namespace laconic {
namespace {

Weights tiny_qwen2() {
  ModelConfig config;
  config.architecture = "Qwen2ForCausalLM";
  config.vocab_size = 90;
  config.hidden_size = 48;
  config.intermediate_size = 112;
  config.num_layers = 2;
  config.num_heads = 6;
  config.num_kv_heads = 2;
  config.head_dim = 16;
  config.max_positions = 256;
  config.rms_norm_eps = 1e-6;
  config.rope_theta = 10000;
  config.qkv_bias = true;
  config.tie_embeddings = true;
  config.dtype = "float32";
  Weights weights = make_weights(config);
  initialize_weights(weights, 0.2, 3);
  return weights;
}

std::vector<SampleRequest> some_requests() {
  std::vector<SampleRequest> requests;
  for (int32_t problem = 0; problem < 12; ++problem) {
    std::vector<int32_t> prompt;
    for (int32_t i = 0; i < 3 + problem * 7; ++i) prompt.push_back((problem * 31 + i * i) % 90);
    for (int64_t sample = 0; sample < 1 + problem % 3; ++sample)
      requests.push_back({cat("p", problem), sample, prompt});
  }
  return requests;
}

using Samples = std::map<std::pair<std::string, int64_t>, Sample>;

// One model to a thread.
Samples run(const Weights& weights, const std::vector<SampleRequest>& requests, int64_t num_slots,
            const SamplingSettings& settings) {
  DecodeSampler sampler(weights, num_slots, 128);
  Samples samples;
  const SamplerCallbacks callbacks = {[&](Sample&& sample) {
                                        const SampleRequest& request = requests[sample.request_idx];
                                        samples[{request.id, request.sample_idx}] = sample;
                                      },
                                      {}};
  EXPECT_TRUE(sampler.sample(requests, settings, callbacks));
  EXPECT_EQ(samples.size(), requests.size());
  return samples;
}

// One model whose threads share the rows, with as many slots as one likes.
Samples run_in_one(const Weights& weights, const std::vector<SampleRequest>& requests,
                   int64_t num_slots, const SamplingSettings& settings) {
  DecodeModel model(weights, num_slots, 128);
  DecodeStepModel steps(model);
  Samples samples;
  const SamplerCallbacks callbacks = {[&](Sample&& sample) {
                                        const SampleRequest& request = requests[sample.request_idx];
                                        samples[{request.id, request.sample_idx}] = sample;
                                      },
                                      {}};
  EXPECT_TRUE(sample_all(steps, requests, settings, callbacks));
  EXPECT_EQ(samples.size(), requests.size());
  return samples;
}

void expect_same(const Samples& expected, const Samples& got) {
  for (const auto& [key, sample] : got) {
    EXPECT_EQ(sample.ids, expected.at(key).ids) << key.first << " " << key.second;
    EXPECT_EQ(sample.logprobs, expected.at(key).logprobs) << key.first << " " << key.second;
  }
}

TEST(DecodeSamplingTest, AloneBatchedAndReorderedAreTheSame) {
  const Weights weights = tiny_qwen2();
  SamplingSettings settings;
  settings.max_new_tokens = 40;
  settings.stop_ids = {1, 2};
  settings.seed = 9;
  for (double temperature : {0.0, 0.7, 1.0}) {
    settings.temperature = temperature;
    settings.top_p = temperature == 0.7 ? 0.95 : 1;
    auto requests = some_requests();
    const Samples expected = run(weights, requests, 1, settings);
    ASSERT_GT(
        std::set<std::vector<int32_t>>(
            {expected.at({"p2", 0}).ids, expected.at({"p5", 0}).ids, expected.at({"p8", 0}).ids})
            .size(),
        1u);
    for (int64_t num_slots : {2, 5, 12})
      expect_same(expected, run(weights, requests, num_slots, settings));
    for (int64_t num_slots : {24, 64})
      expect_same(expected, run_in_one(weights, requests, num_slots, settings));
    std::reverse(requests.begin(), requests.end());
    expect_same(expected, run(weights, requests, 7, settings));
    std::rotate(requests.begin(), requests.begin() + 5, requests.end());
    expect_same(expected, run(weights, requests, 4, settings));
    expect_same(expected, run(weights, {requests[3]}, 3, settings));
  }
}

TEST(DecodeSamplingTest, ARefreshedSamplerIsAsGoodAsNew) {
  const Weights weights = tiny_qwen2();
  Weights other = tiny_qwen2();
  initialize_weights(other, 0.3, 8);
  SamplingSettings settings;
  settings.max_new_tokens = 30;
  const auto requests = some_requests();
  const Samples first = run(weights, requests, 9, settings);
  const Samples second = run(other, requests, 9, settings);
  DecodeSampler sampler(weights, 9, 128);
  for (const auto& [now, expected] :
       {std::pair(static_cast<const Weights*>(&other), &second), std::pair(&weights, &first)}) {
    sampler.refresh(*now);
    Samples samples;
    const SamplerCallbacks callbacks = {[&](Sample&& sample) {
                                          const SampleRequest& request =
                                              requests[sample.request_idx];
                                          samples[{request.id, request.sample_idx}] = sample;
                                        },
                                        {}};
    EXPECT_TRUE(sampler.sample(requests, settings, callbacks));
    expect_same(*expected, samples);
  }
}

// The log-probability that the sampler reports is that of the whole sequence run afresh.
TEST(DecodeSamplingTest, LogprobsAreThoseOfAFreshPrefill) {
  const Weights weights = tiny_qwen2();
  SamplingSettings settings;
  settings.max_new_tokens = 12;
  settings.top_k = 30;
  const auto requests = some_requests();
  const Samples samples = run(weights, requests, 6, settings);
  DecodeModel model(weights, 1, 128);
  std::vector<float> logits(90);
  for (const SampleRequest& request : requests) {
    const Sample& sample = samples.at({request.id, request.sample_idx});
    auto history = request.prompt;
    for (size_t i = 0; i < sample.ids.size(); ++i) {
      model.prefill(0, history, logits);
      SamplingSettings only;  // greedy over the one id: its log-probability comes back
      only.temperature = 0;
      std::vector<float> copy = logits;
      std::swap(copy[0], copy[static_cast<size_t>(sample.ids[i])]);
      only.allowed_ids = 1;
      EXPECT_NEAR(draw_token(copy, only, 0).logprob, sample.logprobs[i], 1e-6);
      history.push_back(sample.ids[i]);
    }
  }
}

// What every evaluation in training logs: the sampler and the trainer are the same model.
TEST(DecodeSamplingTest, LogprobsAreTheTrainersToRounding) {
  const Weights weights = tiny_qwen2();
  SamplingSettings settings;
  settings.max_new_tokens = 48;
  const auto requests = some_requests();
  const Samples samples = run(weights, requests, 16, settings);
  for (const SampleRequest& request : requests) {
    const Sample& sample = samples.at({request.id, request.sample_idx});
    TokenBatch batch;
    batch.ids = request.prompt;
    batch.ids.insert(batch.ids.end(), sample.ids.begin(), sample.ids.end());
    batch.cu_seqlens = {0, static_cast<int32_t>(batch.ids.size())};
    batch.targets.assign(batch.ids.begin() + 1, batch.ids.end());
    batch.targets.push_back(-1);
    const std::vector<float> expected = target_logprobs(weights, batch);
    for (size_t i = 0; i < sample.ids.size(); ++i)
      EXPECT_NEAR(sample.logprobs[i], expected[request.prompt.size() - 1 + i], 2e-5);
  }
}

TEST(DecodeSamplingTest, ThreadsDoNotMatter) {
  const Weights weights = tiny_qwen2();
  SamplingSettings settings;
  settings.max_new_tokens = 30;
  const int num_threads = at::get_num_threads();
  at::set_num_threads(1);
  const Samples expected = run(weights, some_requests(), 9, settings);
  for (int threads : {2, 5}) {
    at::set_num_threads(threads);
    EXPECT_EQ(make_decode_models(weights, 9, 128).size(), static_cast<size_t>(threads));
    expect_same(expected, run(weights, some_requests(), 9, settings));
  }
  at::set_num_threads(num_threads);
}

TEST(DecodeSamplingTest, ASmallModelTakesFewSlotsAThread) {
  const Weights weights = tiny_qwen2();
  const auto slots = [&](int64_t asked) {
    int64_t sum = 0;
    for (const auto& model : make_decode_models(weights, asked, 128)) sum += model->num_slots();
    return sum;
  };
  const int64_t most = int64_t{6} * at::get_num_threads();
  EXPECT_EQ(slots(1), 1);
  EXPECT_EQ(slots(most), most);
  EXPECT_EQ(slots(most + 1), most);
  EXPECT_EQ(slots_made(int64_t{7} << 20, 1000), 1000);
}

// Draws of a step are several threads': what one of them throws arrives.
TEST(DecodeSamplingTest, EachIsDoneOnceAndErrorsArrive) {
  const Weights weights = tiny_qwen2();
  DecodeModel model(weights, 24, 128);
  const auto draw = [](int64_t i) { require(i != 17, ErrorKind::kFailure, "draw ", i); };
  EXPECT_THROW(model.for_each(24, draw), Error);
  std::vector<int> times(100);
  model.for_each(100, [&](int64_t i) { ++times[static_cast<size_t>(i)]; });
  EXPECT_EQ(times, std::vector<int>(100, 1));
}

TEST(DecodeSamplingTest, RequestBeyondTheSlotIsRefused) {
  const Weights weights = tiny_qwen2();
  DecodeModel model(weights, 2, 50);
  DecodeStepModel steps(model);
  SamplingSettings settings;
  settings.max_new_tokens = 48;
  const std::vector<SampleRequest> requests = {{"a", 0, {1, 2, 3}}};
  EXPECT_THROW(sample_all(steps, requests, settings, {}), Error);
}

}  // namespace
}  // namespace laconic
