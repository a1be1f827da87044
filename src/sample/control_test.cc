// Requests that are steered, with a mock model and without libtorch.
// SPDX-License-Identifier: Apache-2.0
#include "sample/control.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <stdexcept>

#include "base/error.h"
#include "base/hash.h"
#include "base/philox.h"
#include "sample/sampler.h"
#include "sample/step_model_fixture.h"

namespace laconic {
namespace {

using Ids = std::vector<int32_t>;

// What a test writes down: after which ids something is to happen.
class Script : public Control {
 public:
  using Rule = std::function<Next(std::span<const int32_t>)>;
  explicit Script(Rule rule) : rule_(std::move(rule)) {}
  Next on_ids(std::span<const int32_t> ids) override {
    seen.emplace_back(ids.begin(), ids.end());
    return rule_(ids);
  }
  std::vector<Ids> seen;

 private:
  Rule rule_;
};

ControlMaker script(const Script::Rule& rule) {
  return [rule](const SampleRequest&) { return std::make_shared<Script>(rule); };
}

SamplingSettings settings_of(int64_t max_new_tokens) {
  SamplingSettings settings;
  settings.max_new_tokens = max_new_tokens;
  settings.seed = 5;
  return settings;
}

std::vector<SampleRequest> some_requests() {
  std::vector<SampleRequest> requests;
  for (int32_t i = 0; i < 9; ++i) requests.push_back({cat("r", i / 3), i % 3, {i / 3, 5, 7}});
  requests.push_back({"short", 0, {4}});
  requests.push_back({"short", 1, {4}});
  return requests;
}

std::vector<Sample> run(const SamplingSettings& settings, const ControlMaker& make_control,
                        int64_t num_slots) {
  const auto requests = some_requests();
  std::vector<Sample> samples(requests.size());
  MockStepModel model(num_slots);
  SamplerCallbacks callbacks;
  callbacks.on_sample = [&](Sample&& sample) { samples[sample.request_idx] = sample; };
  callbacks.make_control = make_control;
  EXPECT_TRUE(sample_all(model, requests, settings, callbacks));
  return samples;
}

// Each id that was not forced is the one that a draw from the model's logits behind what stands
// before it gives, and each has the model's log-probability there.
void expect_drawn_from_the_rest(const std::vector<Sample>& samples,
                                const SamplingSettings& settings) {
  const auto requests = some_requests();
  for (size_t i = 0; i < requests.size(); ++i) {
    const Sample& sample = samples[i];
    ASSERT_EQ(sample.ids.size(), sample.logprobs.size());
    const auto bits = philox(settings.seed, hash64(requests[i].id), 0);
    const uint64_t key = uint64_t{bits[0]} << 32 | bits[1];
    Ids history = requests[i].prompt;
    for (size_t p = 0; p < sample.ids.size(); ++p) {
      const auto logits = mock_logits(history);
      const auto sample_idx = static_cast<uint64_t>(requests[i].sample_idx);
      const Draw drawn = draw_token(logits, settings, philox_uniform(key, p, sample_idx));
      const bool forced =
          std::count(sample.forced.begin(), sample.forced.end(), static_cast<int64_t>(p)) > 0;
      if (!forced) {
        EXPECT_EQ(sample.ids[p], drawn.id) << "request " << i << " position " << p;
      }
      EXPECT_EQ(sample.logprobs[p], token_logprob(logits, sample.ids[p]));
      history.push_back(sample.ids[p]);
    }
  }
}

void expect_equal(const std::vector<Sample>& a, const std::vector<Sample>& b) {
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].ids, b[i].ids) << i;
    EXPECT_EQ(a[i].logprobs, b[i].logprobs) << i;
    EXPECT_EQ(a[i].forced, b[i].forced) << i;
    EXPECT_EQ(a[i].finish_reason, b[i].finish_reason) << i;
  }
}

// At the start, and behind the fifth id.
Control::Next two_forced(std::span<const int32_t> ids) {
  Control::Next next;
  if (ids.empty()) next.forced = {30, 31};
  if (ids.size() == 5) next.forced = {32, 33, 34};
  return next;
}

TEST(ControlTest, ForcedIdsComeNextWithTheModelsLogprobs) {
  const SamplingSettings settings = settings_of(20);
  const auto samples = run(settings, script(two_forced), 1);
  for (const Sample& sample : samples) {
    EXPECT_EQ(sample.ids.size(), 20u) << "forced ids are counted";
    EXPECT_EQ(sample.forced, (std::vector<int64_t>{0, 1, 5, 6, 7}));
    EXPECT_EQ(Ids(sample.ids.begin(), sample.ids.begin() + 2), (Ids{30, 31}));
    EXPECT_EQ(Ids(sample.ids.begin() + 5, sample.ids.begin() + 8), (Ids{32, 33, 34}));
  }
  expect_drawn_from_the_rest(samples, settings);
  for (int64_t num_slots : {2, 5, 20})
    expect_equal(samples, run(settings, script(two_forced), num_slots));
}

// The first time that four are there, three of them go, and two others come instead; a first id
// goes as well.
Control::Next some_dropped(std::span<const int32_t> ids, int& times) {
  Control::Next next;
  if (ids.size() == 1 && times == 0) {
    ++times;
    next.num_dropped = 1;
    next.forced = {11};
  } else if (ids.size() == 4 && times == 1) {
    ++times;
    next.num_dropped = 3;
    next.forced = {12, 13};
  } else if (ids.size() == 9 && times == 2) {
    ++times;
    next.num_dropped = 9;  // all, and nothing instead
  }
  return next;
}

ControlMaker dropping() {
  return [](const SampleRequest&) {
    return std::make_shared<Script>(
        [times = 0](std::span<const int32_t> ids) mutable { return some_dropped(ids, times); });
  };
}

TEST(ControlTest, WhatIsTakenBackWasNeverThere) {
  const SamplingSettings settings = settings_of(12);
  const auto samples = run(settings, dropping(), 1);
  for (const Sample& sample : samples) {
    EXPECT_EQ(sample.ids.size(), 12u);
    EXPECT_TRUE(sample.forced.empty()) << "those that were forced were taken back in the end";
    const auto& seen = dynamic_cast<const Script&>(*sample.control).seen;
    EXPECT_EQ(seen[0], Ids());
    EXPECT_EQ(seen[1].size(), 1u);
    EXPECT_EQ(seen[2], Ids{11});
    EXPECT_EQ(seen[5].size(), 4u);
    EXPECT_EQ(seen[6], (Ids{11, 12}));
    EXPECT_EQ(seen[7], (Ids{11, 12, 13}));
  }
  expect_drawn_from_the_rest(samples, settings);
  for (int64_t num_slots : {2, 5, 20}) expect_equal(samples, run(settings, dropping(), num_slots));
}

TEST(ControlTest, ADroppedStopIdDoesNotEnd) {
  SamplingSettings settings = settings_of(30);
  settings.stop_ids = {3, 9, 12, 20};
  const auto is_stop = [&](int32_t id) {
    return std::count(settings.stop_ids.begin(), settings.stop_ids.end(), id) > 0;
  };
  const auto once = [&](const SampleRequest&) {
    return std::make_shared<Script>([&, done = false](std::span<const int32_t> ids) mutable {
      Control::Next next;
      if (done || ids.empty() || !is_stop(ids.back())) return next;
      done = true;
      next.num_dropped = 1;
      next.forced = {40};
      return next;
    });
  };
  const auto plain = run(settings, {}, 4), samples = run(settings, once, 4);
  size_t num_longer = 0;
  for (size_t i = 0; i < samples.size(); ++i) {
    if (plain[i].finish_reason != FinishReason::kStop) continue;
    const size_t end = plain[i].ids.size() - 1;
    ASSERT_GT(samples[i].ids.size(), end);
    EXPECT_TRUE(std::equal(plain[i].ids.begin(), plain[i].ids.end() - 1, samples[i].ids.begin()));
    EXPECT_EQ(samples[i].ids[end], 40);
    EXPECT_EQ(samples[i].forced, std::vector<int64_t>{static_cast<int64_t>(end)});
    num_longer += samples[i].ids.size() > end + 1;
  }
  EXPECT_GT(num_longer, 0u);
  expect_drawn_from_the_rest(samples, settings);
}

TEST(ControlTest, EndsWhereItSays) {
  const auto samples = run(settings_of(30), script([](std::span<const int32_t> ids) {
                             Control::Next next;
                             if (ids.size() == 7) next.finish = FinishReason::kStop;
                             return next;
                           }),
                           3);
  const auto plain = run(settings_of(7), {}, 3);
  for (size_t i = 0; i < samples.size(); ++i) {
    EXPECT_EQ(samples[i].ids, plain[i].ids);
    EXPECT_EQ(samples[i].finish_reason, FinishReason::kStop);
  }
  for (const Sample& sample : run(settings_of(30), script([](std::span<const int32_t>) {
                                    Control::Next next;
                                    next.finish = FinishReason::kLength;
                                    return next;
                                  }),
                                  3))
    EXPECT_TRUE(sample.ids.empty()) << "before the first id";
}

TEST(ControlTest, LogitsAreChangedForTheDrawAlone) {
  const float never = -std::numeric_limits<float>::infinity();
  std::vector<std::pair<int32_t, float>> biases = {{7, 50.0F}};
  for (int32_t id = 0; id < kMockVocab; id += 2) biases.push_back({id, never});
  const auto biased = [](const auto& values) {
    return [values](const SampleRequest&) { return std::make_shared<LogitBias>(values); };
  };
  for (const Sample& sample : run(settings_of(10), biased(biases), 3)) {
    EXPECT_EQ(sample.ids, Ids(10, 7));
    for (const float logprob : sample.logprobs) EXPECT_LT(logprob, -0.5F);
  }
  biases.erase(biases.begin());
  for (const Sample& sample : run(settings_of(30), biased(biases), 3))
    for (const int32_t id : sample.ids) EXPECT_EQ(id % 2, 1);
  expect_equal(run(settings_of(10), biased(std::vector<std::pair<int32_t, float>>{{99, 5.0F}}), 3),
               run(settings_of(10), {}, 3));
  EXPECT_THROW(LogitBias({{-1, 0.0F}}), Error);
  EXPECT_THROW(LogitBias({{1, std::numeric_limits<float>::infinity()}}), Error);
  EXPECT_THROW(LogitBias({{1, std::numeric_limits<float>::quiet_NaN()}}), Error);
}

TEST(ControlTest, AChainIsAllOfThem) {
  const auto chain = [](const SampleRequest& request) {
    const auto even =
        std::make_shared<LogitBias>(std::vector<std::pair<int32_t, float>>{{7, 50.0F}});
    const auto end = std::make_shared<Script>([](std::span<const int32_t> ids) {
      Control::Next next;
      if (ids.size() == 11) next.finish = FinishReason::kStop;
      if (ids.size() == 5) next.forced = {1};  // the one in front of it has its way
      if (ids.size() == 9) next.forced = {2};
      return next;
    });
    return std::make_shared<ControlChain>(
        std::vector<std::shared_ptr<Control>>{even, script(two_forced)(request), end});
  };
  for (const Sample& sample : run(settings_of(20), chain, 3)) {
    EXPECT_EQ(sample.ids, (Ids{30, 31, 7, 7, 7, 32, 33, 34, 7, 2, 7}));
    EXPECT_EQ(sample.forced, (std::vector<int64_t>{0, 1, 5, 6, 7, 9}));
    EXPECT_EQ(sample.finish_reason, FinishReason::kStop);
  }
}

TEST(ControlTest, TheListenerIsToldWhatStays) {
  struct Follower : SampleListener {
    void on_token(Ticket ticket, const SampledToken& token) override {
      Ids& ids = followed[ticket];
      ASSERT_LE(token.position, std::ssize(ids));
      went_back |= token.position < std::ssize(ids);
      ids.resize(static_cast<size_t>(token.position));
      ids.push_back(token.id);
      num_forced += token.forced;
    }
    void on_finish(Ticket ticket, Sample&& sample) override {
      EXPECT_EQ(sample.ids, followed[ticket]);
    }
    std::map<Ticket, Ids> followed;
    bool went_back = false;
    int num_forced = 0;
  };
  Follower follower;
  MockStepModel model(3);
  StepModel* const models[] = {&model};
  Scheduler scheduler(models);
  for (const SampleRequest& request : some_requests())
    scheduler.submit(request, settings_of(12), follower, dropping());
  EXPECT_TRUE(scheduler.run());
  EXPECT_TRUE(follower.went_back);
  EXPECT_EQ(follower.num_forced, 33);  // three of each
}

TEST(ControlTest, AnErrorOfAControlLosesItsRequestAlone) {
  struct Counter : SampleListener {
    void on_finish(Ticket, Sample&& sample) override {
      EXPECT_EQ(sample.ids.size(), 12u);
      ++count;
    }
    int count = 0;
  };
  for (const size_t when : {size_t{0}, size_t{1}, size_t{4}}) {
    Counter counter;
    MockStepModel model(3);
    StepModel* const models[] = {&model};
    Scheduler scheduler(models);
    const auto requests = some_requests();
    for (size_t i = 0; i < requests.size(); ++i)
      scheduler.submit(requests[i], settings_of(12), counter,
                       script([&, i](std::span<const int32_t> ids) {
                         if (i == 2 && ids.size() == when) throw std::runtime_error("no");
                         return Control::Next();
                       }));
    EXPECT_THROW(scheduler.run(), std::runtime_error);
    EXPECT_TRUE(scheduler.run());
    EXPECT_EQ(counter.count, static_cast<int>(requests.size()) - 1);
  }
}

}  // namespace
}  // namespace laconic
