// SPDX-License-Identifier: Apache-2.0
#include "eval/overthinking.h"

#include <chrono>

#include "base/error.h"
#include "eval/solutions.h"
#include "eval/statistics_fixture.h"
#include "eval/tail_loop.h"

namespace laconic {
namespace {

std::vector<std::string> answers(std::string_view reply) {
  std::vector<std::string> out;
  for (const Solution& solution : find_solutions(reply)) out.emplace_back(solution.answer);
  return out;
}

using Answers = std::vector<std::string>;

TEST(Solutions, WhatStatesAnAnswer) {
  EXPECT_EQ(answers("2+3 is easy. The answer is 5.\nDone."), Answers({"5"}));
  EXPECT_EQ(answers("**Answer:** $\\frac{1}{2}$"), Answers({"\\frac{1}{2}"}));
  EXPECT_EQ(answers("So the answer is \\boxed{5}."), Answers({"5"}));
  EXPECT_EQ(answers("x\n#### 12\n"), Answers({"12"}));
  EXPECT_EQ(answers("The answer is 2.5. Right"), Answers({"2.5"}));
  EXPECT_EQ(answers("The answer should be .5"), Answers({".5"}));
  EXPECT_EQ(answers("an answering machine, ## 3, \\boxed is a word, \\boxed{open"), Answers({}));
  EXPECT_EQ(answers("\\boxed{\\{1, 2\\}}"), Answers({"\\{1, 2\\}"}));
  EXPECT_EQ(answers(""), Answers({}));
}

TEST(Solutions, ARestatedAnswerIsOneSolutionUntilItIsRechecked) {
  EXPECT_EQ(answers("The answer is 5. So \\boxed{5}."), Answers({"5"}));
  EXPECT_EQ(answers("The answer is 5. Wait, let me see. The answer is 5."), Answers({"5", "5"}));
  EXPECT_EQ(answers("The answer is 5. The answer is 6."), Answers({"5", "6"}));
  EXPECT_EQ(answers("The answer is 5.</think>\\boxed{5}"), Answers({"5", "5"}));
}

TEST(Solutions, HostileTextIsReadInLinearTime) {
  const auto start = std::chrono::steady_clock::now();
  for (const std::string_view piece : {"\\boxed{", "answer: \\boxed{ ", "####", "answer is "}) {
    std::string text;
    while (text.size() < 1 << 20) text += piece;
    find_solutions(text);
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  EXPECT_LT(seconds.count(), 20);  // quadratic would be hours
}

TEST(TailLoop, FindsTheShortestPeriodOfTheLongestTail) {
  std::string text = "Let us think about it. ";
  for (int i = 0; i < 30; ++i) text += "Wait, no. ";
  const TailLoop loop = find_tail_loop(text + "Wait,");  // the last block is incomplete
  EXPECT_EQ(loop.period, 10u);
  EXPECT_GE(loop.length, 305u);
  EXPECT_LE(loop.length, 307u);
  EXPECT_FALSE(find_tail_loop(text + "Done."));
}

TEST(TailLoop, ShortOrFewIsNone) {
  EXPECT_FALSE(find_tail_loop(std::string(199, 'x')));
  EXPECT_TRUE(find_tail_loop(std::string(200, 'x')));
  std::string block;
  for (int i = 0; i < 100; ++i) block += std::to_string(i * i);
  EXPECT_FALSE(find_tail_loop(block + block + block));
  EXPECT_EQ(find_tail_loop(block + block + block + block).period, block.size());
  EXPECT_TRUE(find_tail_loop(block, {.min_repeats = 1, .min_length = 10}));
  EXPECT_FALSE(find_tail_loop(std::string(200, 'x'), {.max_tail = 100}));
  EXPECT_FALSE(find_tail_loop(""));
}

// 40 bytes of thinking for 20 tokens, of which the first 20 bytes end in the right answer.
SampleRecord reply(bool right = true) {
  SampleRecord out = record("p", right, 30);
  out.gold = "5";
  out.completion = "The answer is 5.\nWait, hm, yes.</think>\\boxed{5}";
  out.num_thinking_tokens = 20;
  out.num_answer_tokens = 10;
  return out;
}

TEST(Overthinking, ByHand) {
  const SampleRecord one = reply();
  const double thinking_bytes =
      static_cast<double>(one.completion.find("</think>") + std::string("</think>").size());
  const ReplyEffort got = measure_effort(one);
  EXPECT_EQ(got.num_solutions, 2);
  EXPECT_TRUE(got.first_is_right);
  const double first = 20 * 16 / thinking_bytes;  // "The answer is 5." has 16 bytes
  EXPECT_NEAR(got.first_right_tokens, first, 1e-12);
  EXPECT_NEAR(got.unused_thinking, 1 - 16 / thinking_bytes, 1e-12);
  // Only the thinking is looked at: the first solution is new, what follows states nothing.
  EXPECT_NEAR(got.distinct_share, 16 / thinking_bytes, 1e-12);
  const Overthinking all = measure_overthinking(std::vector<SampleRecord>{one});
  EXPECT_NEAR(all.outcome_efficiency.mean, first / 30, 1e-12);
  EXPECT_EQ(all.solutions.mean, 2);
}

TEST(Overthinking, WrongRepliesHaveNoOutcomeEfficiency) {
  const SampleRecord one = reply(false);
  const Overthinking got = measure_overthinking(std::vector<SampleRecord>{one, reply()});
  EXPECT_EQ(got.outcome_efficiency.num_samples, 2);
  EXPECT_NEAR(got.outcome_efficiency.mean, measure_effort(one).first_right_tokens / 60, 1e-12);
  EXPECT_EQ(got.first_right.num_samples, 1);
  EXPECT_EQ(got.loops.mean, 0);
}

ReplyEffort effort_of(std::string text) {
  SampleRecord one = record("p", true, 100);
  one.gold = "5";
  one.completion = std::move(text);
  return measure_effort(one);
}

TEST(Overthinking, RepeatsAreNotDistinct) {
  const std::string words = "first two and three are added as both are small whole numbers. ";
  const std::string other = "counting five steps up from zero on my fingers gives it again here. ";
  const std::string state = "The answer is 5. Wait. ";
  EXPECT_NEAR(effort_of(cat(words, state, words, state)).distinct_share, 0.5, 0.06);
  EXPECT_GT(effort_of(cat(words, state, other, state)).distinct_share, 0.9);
  const ReplyEffort corrected = effort_of("The answer is 4. Wait. The answer is 5.");
  EXPECT_GT(corrected.distinct_share, 0.9);  // another answer is news
  EXPECT_FALSE(corrected.first_is_right);
}

}  // namespace
}  // namespace laconic
