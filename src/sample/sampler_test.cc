// The scheduler and the draws, with a mock model and without libtorch.
// SPDX-License-Identifier: Apache-2.0
#include "sample/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/error.h"
#include "sample/step_model_fixture.h"

namespace laconic {
namespace {

constexpr int32_t kVocab = kMockVocab;

std::vector<SampleRequest> some_requests(int num_prompts, int num_samples) {
  std::vector<SampleRequest> requests;
  for (int32_t prompt = 0; prompt < num_prompts; ++prompt)
    for (int sample = 0; sample < num_samples; ++sample)
      requests.push_back({cat("problem-", prompt), sample, {prompt % kVocab, 5, 7}});
  return requests;
}

using Samples = std::map<std::pair<std::string, int64_t>, Sample>;

Samples run(const std::vector<SampleRequest>& requests, const SamplingSettings& settings,
            int64_t num_slots, MockStepModel* model = nullptr) {
  MockStepModel own(num_slots);
  Samples samples;
  const SamplerCallbacks callbacks = {
      [&](Sample&& sample) {
        const SampleRequest& request = requests[sample.request_idx];
        EXPECT_TRUE(samples.try_emplace({request.id, request.sample_idx}, sample).second);
      },
      {}};
  EXPECT_TRUE(sample_all(model ? *model : own, requests, settings, callbacks));
  EXPECT_EQ(samples.size(), requests.size());
  return samples;
}

bool same(const Samples& a, const Samples& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.first == y.first && x.second.ids == y.second.ids &&
           x.second.logprobs == y.second.logprobs &&
           x.second.finish_reason == y.second.finish_reason;
  });
}

SamplingSettings short_runs() {
  SamplingSettings settings;
  settings.max_new_tokens = 24;
  settings.stop_ids = {3, 9};
  settings.seed = 17;
  return settings;
}

TEST(SamplerTest, SamplesDoNotDependOnSlotsOrderOrNeighbours) {
  auto requests = some_requests(12, 3);
  const auto settings = short_runs();
  const Samples alone = run(requests, settings, 1);
  for (int64_t num_slots : {2, 3, 7, 36, 50})
    EXPECT_TRUE(same(alone, run(requests, settings, num_slots)));
  std::reverse(requests.begin(), requests.end());
  EXPECT_TRUE(same(alone, run(requests, settings, 5)));
  std::swap(requests[1], requests[20]);
  EXPECT_TRUE(same(alone, run(requests, settings, 4)));
  const std::vector<SampleRequest> one = {requests[8]};
  const Samples single = run(one, settings, 8);
  EXPECT_EQ(single.begin()->second.ids, alone.at(single.begin()->first).ids);
}

TEST(SamplerTest, SeedDecides) {
  const auto requests = some_requests(6, 2);
  auto settings = short_runs();
  const Samples first = run(requests, settings, 4);
  EXPECT_TRUE(same(first, run(requests, settings, 4)));
  settings.seed = 18;
  EXPECT_FALSE(same(first, run(requests, settings, 4)));
}

TEST(SamplerTest, SamplesOfOneProblemDiffer) {
  auto settings = short_runs();
  settings.stop_ids = {};
  const Samples samples = run(some_requests(1, 16), settings, 8);
  std::set<std::vector<int32_t>> distinct;
  for (const auto& [key, sample] : samples) distinct.insert(sample.ids);
  EXPECT_EQ(distinct.size(), 16u);
}

TEST(SamplerTest, SampleEndsAtStopIdOrCap) {
  const auto settings = short_runs();
  size_t num_stopped = 0;
  for (const auto& [key, sample] : run(some_requests(20, 2), settings, 6)) {
    ASSERT_FALSE(sample.ids.empty());
    EXPECT_EQ(sample.ids.size(), sample.logprobs.size());
    const auto is_stop = [](int32_t id) { return id == 3 || id == 9; };
    EXPECT_TRUE(std::none_of(sample.ids.begin(), sample.ids.end() - 1, is_stop));
    if (sample.finish_reason == FinishReason::kStop) {
      EXPECT_TRUE(is_stop(sample.ids.back()));
      ++num_stopped;
    } else {
      EXPECT_FALSE(is_stop(sample.ids.back()));
      EXPECT_EQ(sample.ids.size(), 24u);
    }
  }
  EXPECT_GT(num_stopped, 0u);
  EXPECT_LT(num_stopped, 40u);
}

TEST(SamplerTest, ARequestsOwnCapWins) {
  auto settings = short_runs();
  settings.stop_ids = {};
  auto requests = some_requests(6, 1);
  const Samples expected = run(requests, settings, 3);
  for (size_t i = 0; i < requests.size(); ++i) requests[i].max_new_tokens = 1 + 8 * int64_t(i);
  settings.max_new_tokens = 2;
  requests[0].max_new_tokens = 0;  // the settings'
  const Samples samples = run(requests, settings, 3);
  for (size_t i = 0; i < requests.size(); ++i) {
    const auto& ids = samples.at({requests[i].id, 0}).ids;
    const auto& longer = expected.at({requests[i].id, 0}).ids;
    EXPECT_EQ(ids.size(), i == 0 ? 2u : 1 + 8 * i);
    EXPECT_TRUE(
        std::equal(ids.begin(), ids.begin() + std::min(ids.size(), longer.size()), longer.begin()));
  }
  MockStepModel model(2);
  for (int64_t bad : {int64_t{64}, int64_t{-1}}) {  // the prompt does not fit beside 64
    requests[3].max_new_tokens = bad;
    EXPECT_THROW(sample_all(model, requests, settings, {}), Error);
  }
}

TEST(SamplerTest, GreedyFollowsTheLargestLogitAndReportsItsLogprob) {
  auto settings = short_runs();
  settings.temperature = 0;
  const std::vector<SampleRequest> requests = {{"x", 0, {1, 2}}};
  const Sample sample = run(requests, settings, 1).begin()->second;
  std::vector<int32_t> history = {1, 2};
  for (size_t i = 0; i < sample.ids.size(); ++i) {
    const auto logits = mock_logits(history);
    const auto best = std::max_element(logits.begin(), logits.end()) - logits.begin();
    ASSERT_EQ(sample.ids[i], best);
    double sum = 0;
    for (float logit : logits) sum += std::exp(static_cast<double>(logit));
    EXPECT_NEAR(sample.logprobs[i], logits[static_cast<size_t>(best)] - std::log(sum), 1e-6);
    history.push_back(sample.ids[i]);
  }
}

TEST(SamplerTest, FreedSlotsAreRefilledAtOnce) {
  MockStepModel model(4);
  const auto samples = run(some_requests(30, 1), short_runs(), 4, &model);
  // All four slots are busy in every step until the requests run out.
  size_t num_partial = 0;
  for (size_t size : model.batch_sizes) num_partial += size < 4;
  EXPECT_LE(num_partial, 24u);
  EXPECT_TRUE(std::is_sorted(model.batch_sizes.rbegin(), model.batch_sizes.rend()));
}

TEST(SamplerTest, SharedPromptsArePrefilledOnce) {
  for (int64_t num_slots : {1, 3, 16}) {
    MockStepModel model(num_slots);
    run(some_requests(5, 7), short_runs(), num_slots, &model);
    EXPECT_EQ(model.num_prefills, 5);
  }
}

TEST(SamplerTest, KeepGoingEndsTheRun) {
  MockStepModel model(2);
  const auto requests = some_requests(10, 1);
  size_t num_samples = 0;
  SamplerProgress last;
  const SamplerCallbacks callbacks = {[&](Sample&&) { ++num_samples; },
                                      [&](const SamplerProgress& progress) {
                                        EXPECT_GE(progress.num_tokens, last.num_tokens);
                                        last = progress;
                                        return progress.num_finished < 3;
                                      }};
  EXPECT_FALSE(sample_all(model, requests, short_runs(), callbacks));
  EXPECT_GE(num_samples, 3u);
  EXPECT_LE(num_samples, 4u);
  EXPECT_EQ(last.num_finished, num_samples);
}

TEST(SamplerTest, SeveralModelsGiveTheSamplesOfOne) {
  const auto requests = some_requests(15, 3);
  const auto settings = short_runs();
  const Samples expected = run(requests, settings, 1);
  MockStepModel first(2), second(3), third(1);
  StepModel* const models[] = {&first, &second, &third};
  Samples samples;
  const SamplerCallbacks callbacks = {
      [&](Sample&& sample) {
        const SampleRequest& request = requests[sample.request_idx];
        EXPECT_TRUE(samples.try_emplace({request.id, request.sample_idx}, sample).second);
      },
      [&](const SamplerProgress& progress) { return progress.num_finished <= requests.size(); }};
  EXPECT_TRUE(sample_all(models, requests, settings, callbacks));
  EXPECT_TRUE(same(expected, samples));
}

TEST(SamplerTest, AnErrorInOneThreadEndsTheRun) {
  struct Broken : MockStepModel {
    using MockStepModel::MockStepModel;
    void step(std::span<const int32_t>, std::span<const int32_t>, std::span<float>) override {
      fail(ErrorKind::kFailure, "broken");
    }
  };
  MockStepModel fine(2);
  Broken broken(2);
  StepModel* const models[] = {&fine, &broken};
  auto settings = short_runs();
  settings.stop_ids = {};
  EXPECT_THROW(sample_all(models, some_requests(2000, 1), settings, {}), Error);
}

TEST(SamplerTest, AllowedIdsBoundTheDraw) {
  auto settings = short_runs();
  settings.allowed_ids = 10;
  settings.stop_ids = {};
  std::set<int32_t> seen;
  for (const auto& [key, sample] : run(some_requests(10, 3), settings, 6))
    seen.insert(sample.ids.begin(), sample.ids.end());
  EXPECT_EQ(seen.size(), 10u);
  EXPECT_EQ(*seen.rbegin(), 9);
}

void expect_usage_error(const SampleRequest& request, const SamplingSettings& settings,
                        const std::string& part) {
  MockStepModel model(2);
  const std::vector<SampleRequest> requests = {{"fine", 0, {1}}, request};
  try {
    sample_all(model, requests, settings, {});
    FAIL() << "expected an error with " << part;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
  EXPECT_EQ(model.num_prefills, 0) << "the error must come before any work";
}

TEST(SamplerTest, WhatCannotWorkIsRefusedBeforeTheFirstStep) {
  const auto settings = short_runs();
  const std::vector<int32_t> long_prompt(41, 1);
  expect_usage_error({"long", 0, long_prompt}, settings, "64 positions, got 41 + 24");
  expect_usage_error({"empty", 0, {}}, settings, "\"empty\"");
  expect_usage_error({"range", 0, {kVocab}}, settings, "below 41, got 41");
  const auto with = [&](auto change) {
    SamplingSettings changed = settings;
    change(changed);
    return changed;
  };
  const SampleRequest fine{"x", 0, {1}};
  expect_usage_error(fine, with([](auto& s) { s.temperature = -1; }), "temperature");
  expect_usage_error(fine, with([](auto& s) { s.temperature = std::nan(""); }), "temperature");
  expect_usage_error(fine, with([](auto& s) { s.top_p = 0; }), "top_p");
  expect_usage_error(fine, with([](auto& s) { s.top_k = -1; }), "top_k");
  expect_usage_error(fine, with([](auto& s) { s.min_p = 1.5; }), "min_p");
  expect_usage_error(fine, with([](auto& s) { s.max_new_tokens = 0; }), "max_new_tokens");
}

}  // namespace
}  // namespace laconic
