// Requests that come and go while others run, with a mock model and without libtorch.
// SPDX-License-Identifier: Apache-2.0
#include "sample/scheduler.h"

#include <gtest/gtest.h>

#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "base/error.h"
#include "sample/step_model_fixture.h"

namespace laconic {
namespace {

// Keeps all that it is told, and does what a test wants done on the way.
class Witness : public SampleListener {
 public:
  void on_token(Ticket ticket, const SampledToken& token) override {
    {
      const std::lock_guard lock(mutex_);
      EXPECT_FALSE(samples.count(ticket)) << "a token after the end";
      EXPECT_EQ(token.position, std::ssize(tokens[ticket]));
      tokens[ticket].push_back(token.id);
      logprobs[ticket].push_back(token.logprob);
    }
    if (at_token) at_token(ticket, token);
  }
  void on_finish(Ticket ticket, Sample&& sample) override {
    {
      const std::lock_guard lock(mutex_);
      EXPECT_EQ(sample.request_idx, ticket);
      EXPECT_EQ(sample.ids, tokens[ticket]);
      EXPECT_EQ(sample.logprobs, logprobs[ticket]);
      EXPECT_TRUE(samples.try_emplace(ticket, sample).second) << "finished twice";
      order.push_back(ticket);
    }
    if (at_finish) at_finish(ticket);
  }

  std::function<void(Ticket, const SampledToken&)> at_token;
  std::function<void(Ticket)> at_finish;
  std::map<Ticket, std::vector<int32_t>> tokens;
  std::map<Ticket, std::vector<float>> logprobs;
  std::map<Ticket, Sample> samples;
  std::vector<Ticket> order;  // of finishing

 private:
  std::mutex mutex_;
};

SampleRequest request_of(int32_t number) {
  return {cat("request-", number), number % 3, {number % kMockVocab, 5, 7 + number % 2}};
}

// Another setting for each number: no field may be taken from a neighbour.
SamplingSettings settings_of(int32_t number) {
  SamplingSettings settings;
  settings.temperature = number % 4 == 0 ? 0 : 0.5 + 0.25 * (number % 5);
  settings.top_k = number % 3 == 0 ? 9 : 0;
  settings.top_p = number % 5 == 0 ? 0.8 : 1;
  settings.min_p = number % 7 == 0 ? 0.2 : 0;
  settings.seed = static_cast<uint64_t>(number % 6);
  settings.max_new_tokens = 1 + number * 5 % 23;
  settings.stop_ids = {number % kMockVocab, (number * 3 + 1) % kMockVocab};
  settings.allowed_ids = number % 6 == 0 ? 20 : 0;
  return settings;
}

Sample alone(const SampleRequest& request, const SamplingSettings& settings) {
  MockStepModel model(1);
  StepModel* const models[] = {&model};
  Witness witness;
  Scheduler scheduler(models);
  scheduler.submit(request, settings, witness);
  EXPECT_TRUE(scheduler.run());
  return witness.samples.at(0);
}

void expect_alone(const Sample& got, int32_t number) {
  const Sample expected = alone(request_of(number), settings_of(number));
  EXPECT_EQ(got.ids, expected.ids) << number;
  EXPECT_EQ(got.logprobs, expected.logprobs) << number;
  EXPECT_EQ(got.finish_reason, expected.finish_reason) << number;
}

// A scheduler on one mock model.
struct OneModel {
  explicit OneModel(int64_t num_slots) : model(num_slots), scheduler(models) {}
  MockStepModel model;
  StepModel* const models[1] = {&model};
  Scheduler scheduler;
  Witness witness;

  Ticket submit(int32_t number) {
    return scheduler.submit(request_of(number), settings_of(number), witness);
  }
  // As many tokens as a test likes.
  Ticket submit_long(int32_t number, int64_t num_tokens = 40) {
    SamplingSettings settings;
    settings.max_new_tokens = num_tokens;
    return scheduler.submit(request_of(number), settings, witness);
  }
};

TEST(SchedulerTest, EachHasItsOwnSettings) {
  for (int64_t num_slots : {1, 3, 40}) {
    OneModel one(num_slots);
    for (int32_t i = 0; i < 40; ++i) EXPECT_EQ(one.submit(i), static_cast<Ticket>(i));
    EXPECT_TRUE(one.scheduler.run());
    ASSERT_EQ(one.witness.samples.size(), 40u);
    for (int32_t i = 0; i < 40; ++i)
      expect_alone(one.witness.samples.at(static_cast<Ticket>(i)), i);
  }
}

TEST(SchedulerTest, ArrivalWhileOthersRunChangesNothing) {
  for (int32_t spacing : {1, 2, 5}) {
    OneModel one(3);
    int32_t next = 0;
    for (int turn = 0; turn < 400; ++turn) {
      if (turn % spacing == 0 && next < 30) one.submit(next++);
      if (!one.scheduler.step() && next == 30) break;
    }
    ASSERT_EQ(one.witness.samples.size(), 30u);
    for (int32_t i = 0; i < 30; ++i)
      expect_alone(one.witness.samples.at(static_cast<Ticket>(i)), i);
  }
}

TEST(SchedulerTest, ArrivesInASlotAtTheNextStep) {
  OneModel one(4);
  one.submit_long(0);
  one.scheduler.step();
  EXPECT_EQ(one.witness.tokens[0].size(), 2u);  // the prompt's and the step's
  one.submit_long(1);
  one.scheduler.step();
  EXPECT_EQ(one.witness.tokens[0].size(), 3u);
  EXPECT_EQ(one.witness.tokens[1].size(), 2u);
  EXPECT_EQ(one.model.batch_sizes, (std::vector<size_t>{1, 2}));
}

TEST(SchedulerTest, AdmittedInTheOrderOfArrival) {
  OneModel one(2);
  for (int32_t i = 0; i < 12; ++i) one.submit_long(i, 3 + i * 7 % 11);
  one.scheduler.run();
  ASSERT_EQ(one.model.prompts.size(), 12u);
  for (int32_t i = 0; i < 12; ++i)
    EXPECT_EQ(one.model.prompts[static_cast<size_t>(i)], request_of(i).prompt);
}

// Prompts that begin alike, longer and shorter, with the slot's own run behind the beginning.
TEST(SchedulerTest, WhatPromptsShareIsRunOnce) {
  std::vector<int32_t> head(30);
  for (size_t i = 0; i < head.size(); ++i) head[i] = static_cast<int32_t>(i * i % kMockVocab);
  const auto prompt = [&](size_t num_shared, std::vector<int32_t> rest) {
    rest.insert(rest.begin(), head.begin(), head.begin() + static_cast<long>(num_shared));
    return rest;
  };
  const std::vector<std::vector<int32_t>> prompts = {prompt(30, {1, 2, 3}), prompt(30, {4}),
                                                     prompt(30, {}),        prompt(20, {9, 9}),
                                                     prompt(20, {9, 9}),    prompt(8, {7, 7})};
  SamplingSettings settings;
  settings.max_new_tokens = 20;
  for (int64_t num_slots : {1, 2, 6}) {
    OneModel one(num_slots);
    for (size_t i = 0; i < prompts.size(); ++i)
      one.scheduler.submit({cat("p", i), 0, prompts[i]}, settings, one.witness);
    one.scheduler.run();
    EXPECT_EQ(one.model.num_prefills, 2);          // the first and the last
    EXPECT_EQ(one.model.num_extended, 1 + 1 + 2);  // of the second, third and fourth
    for (size_t i = 0; i < prompts.size(); ++i)
      EXPECT_EQ(one.witness.samples.at(i).ids, alone({cat("p", i), 0, prompts[i]}, settings).ids);
  }
}

TEST(SchedulerTest, SubmitFromACallback) {
  OneModel one(2);
  int32_t next = 3;
  one.witness.at_finish = [&](Ticket) {
    if (next < 10) one.submit(next++);
  };
  one.witness.at_token = [&](Ticket ticket, const SampledToken& token) {
    if (ticket == 0 && token.position == 0) one.submit(next++);
  };
  for (int32_t i = 0; i < 3; ++i) one.submit(i);
  EXPECT_TRUE(one.scheduler.run());
  ASSERT_EQ(one.witness.samples.size(), 10u);
  for (int32_t i = 0; i < 10; ++i) expect_alone(one.witness.samples.at(static_cast<Ticket>(i)), i);
}

TEST(SchedulerTest, CancelFreesTheSlotAtTheNextStep) {
  OneModel one(1);
  const Ticket first = one.submit_long(0), second = one.submit_long(1);
  one.scheduler.step();
  one.scheduler.cancel(first);
  EXPECT_TRUE(one.witness.samples.empty()) << "calls come from within run or step";
  EXPECT_TRUE(one.scheduler.step());
  ASSERT_TRUE(one.witness.samples.count(first));
  EXPECT_EQ(one.witness.samples.at(first).finish_reason, FinishReason::kCancelled);
  EXPECT_EQ(one.witness.samples.at(first).ids.size(), 2u);
  EXPECT_EQ(one.witness.tokens[second].size(), 2u);
  one.scheduler.cancel(first);  // gone: nothing
  one.scheduler.cancel(77);     // never was: nothing
  EXPECT_TRUE(one.scheduler.run());
  EXPECT_EQ(one.witness.samples.at(second).ids.size(), 40u);
}

TEST(SchedulerTest, CancelOfOneThatWaits) {
  OneModel one(1);
  for (int32_t i = 0; i < 4; ++i) one.submit_long(i);
  one.scheduler.step();
  one.scheduler.cancel(2);
  one.scheduler.step();  // it need not come to the front for it
  ASSERT_TRUE(one.witness.samples.count(2));
  EXPECT_TRUE(one.witness.samples.at(2).ids.empty());
  EXPECT_TRUE(one.scheduler.run());
  EXPECT_EQ(one.witness.order, (std::vector<Ticket>{2, 0, 1, 3}));
  EXPECT_EQ(one.model.prompts.size(), 3u);
}

TEST(SchedulerTest, CancelInACallback) {
  OneModel one(3);
  for (int32_t i = 0; i < 5; ++i) one.submit_long(i);
  one.witness.at_token = [&](Ticket ticket, const SampledToken& token) {
    if (ticket == 1 && token.position == 4) one.scheduler.cancel(1);  // itself
    if (ticket == 0 && token.position == 2) one.scheduler.cancel(2);  // a neighbour
    if (ticket == 0 && token.position == 3) one.scheduler.cancel(4);  // one that waits
  };
  EXPECT_TRUE(one.scheduler.run());
  ASSERT_EQ(one.witness.samples.size(), 5u);
  for (const auto& [ticket, num_tokens] :
       std::map<Ticket, size_t>{{0, 40}, {1, 5}, {2, 3}, {3, 40}, {4, 0}}) {
    EXPECT_EQ(one.witness.samples.at(ticket).ids.size(), num_tokens) << ticket;
    EXPECT_EQ(one.witness.samples.at(ticket).finish_reason,
              num_tokens == 40 ? FinishReason::kLength : FinishReason::kCancelled);
  }
}

TEST(SchedulerTest, AListenerThatThrowsLosesItsRequestAlone) {
  for (const bool at_end : {false, true}) {
    OneModel one(3);
    for (int32_t i = 0; i < 12; ++i) one.submit(i);
    if (at_end) {
      one.witness.at_finish = [](Ticket ticket) {
        if (ticket == 4) throw std::runtime_error("full");
      };
    } else {
      one.witness.at_token = [](Ticket ticket, const SampledToken&) {
        if (ticket == 4) throw std::runtime_error("full");
      };
    }
    EXPECT_THROW(one.scheduler.run(), std::runtime_error);
    EXPECT_TRUE(one.scheduler.run());
    for (int32_t i = 0; i < 12; ++i) {
      if (i != 4) expect_alone(one.witness.samples.at(static_cast<Ticket>(i)), i);
    }
    EXPECT_EQ(one.witness.samples.count(4), at_end ? 1u : 0u);
    EXPECT_FALSE(one.scheduler.step()) << "nothing is left";
  }
}

TEST(SchedulerTest, AfterAModelsErrorItsSlotsAreFree) {
  struct Broken : MockStepModel {
    using MockStepModel::MockStepModel;
    void prefill(int64_t slot, std::span<const int32_t> prompt, std::span<float> logits) override {
      if (broken_prompt) fail(ErrorKind::kFailure, "broken");
      MockStepModel::prefill(slot, prompt, logits);
    }
    void step(std::span<const int32_t> slots, std::span<const int32_t> ids,
              std::span<float> logits) override {
      if (broken_step) fail(ErrorKind::kFailure, "broken");
      MockStepModel::step(slots, ids, logits);
    }
    bool broken_prompt = false, broken_step = false;
  };
  Broken model(2);
  StepModel* const models[] = {&model};
  Scheduler scheduler(models);
  Witness witness;
  const auto submit = [&](int32_t number) {
    scheduler.submit(request_of(number), settings_of(number), witness);
  };
  for (int32_t i = 1; i < 5; ++i) submit(i);
  model.broken_step = true;
  EXPECT_THROW(scheduler.run(), Error);  // 1 and 2, of several tokens each
  model.broken_step = false;
  model.broken_prompt = true;
  EXPECT_THROW(scheduler.run(), Error);  // 3, and 4 waits again
  model.broken_prompt = false;
  submit(5);
  EXPECT_TRUE(scheduler.run());
  EXPECT_EQ(witness.samples.size(), 2u);
  expect_alone(witness.samples.at(3), 4);
  expect_alone(witness.samples.at(4), 5);
}

TEST(SchedulerTest, StoppedItGoesOnWhereItWas) {
  OneModel one(2);
  for (int32_t i = 0; i < 9; ++i) one.submit(i);
  int num_stops = 0;
  SamplerProgress last;
  while (true) {
    int calls = 0;
    const bool done = one.scheduler.run([&](const SamplerProgress& progress) {
      EXPECT_LE(progress.num_running, 2u);
      EXPECT_GE(progress.num_tokens, last.num_tokens);
      last = progress;
      return ++calls < 4;
    });
    if (done) break;
    ++num_stops;
  }
  EXPECT_GT(num_stops, 5);
  for (int32_t i = 0; i < 9; ++i) expect_alone(one.witness.samples.at(static_cast<Ticket>(i)), i);
}

TEST(SchedulerTest, SeveralModelsAndThreads) {
  MockStepModel first(2), second(1), third(3);
  StepModel* const models[] = {&first, &second, &third};
  Scheduler scheduler(models);
  Witness witness;
  const auto submit = [&](int32_t number) {
    return scheduler.submit(request_of(number), settings_of(number), witness);
  };
  for (int32_t i = 0; i < 20; ++i) submit(i);
  std::map<Ticket, int32_t> numbers;
  std::mutex mutex;
  {
    std::jthread other([&] {
      for (int32_t i = 20; i < 200; ++i) {
        const Ticket ticket = submit(i);
        if (i % 10 == 0) scheduler.cancel(ticket);
        const std::lock_guard lock(mutex);
        numbers[ticket] = i;
      }
    });
    EXPECT_TRUE(scheduler.run());
  }
  EXPECT_TRUE(scheduler.run());  // what came behind the first one's end
  ASSERT_EQ(witness.samples.size(), 200u);
  for (int32_t i = 0; i < 20; ++i) expect_alone(witness.samples.at(static_cast<Ticket>(i)), i);
  for (const auto& [ticket, number] : numbers) {
    const Sample& sample = witness.samples.at(ticket);
    if (sample.finish_reason != FinishReason::kCancelled) expect_alone(sample, number);
  }
}

TEST(SchedulerTest, WhatCannotWorkIsRefusedAtOnce) {
  OneModel one(1);
  one.submit(1);
  SamplingSettings settings;
  settings.max_new_tokens = 8;
  EXPECT_THROW(one.scheduler.submit({"empty", 0, {}}, settings, one.witness), Error);
  EXPECT_THROW(one.scheduler.submit({"range", 0, {kMockVocab}}, settings, one.witness), Error);
  settings.top_p = 0;
  EXPECT_THROW(one.scheduler.submit({"x", 0, {1}}, settings, one.witness), Error);
  EXPECT_EQ(one.submit(2), 1u) << "what was refused takes no ticket";
  EXPECT_TRUE(one.scheduler.run());
  expect_alone(one.witness.samples.at(1), 2);
}

}  // namespace
}  // namespace laconic
