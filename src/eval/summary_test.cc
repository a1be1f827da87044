// SPDX-License-Identifier: Apache-2.0
#include "eval/summary.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace laconic {
namespace {

SampleRecord reply(const std::string& id, const std::string& verdict, int64_t tokens,
                   const std::string& difficulty) {
  SampleRecord out;
  out.id = id;
  out.verdict = verdict;
  out.num_tokens = tokens;
  out.num_thinking_tokens = tokens - 10;
  out.num_answer_tokens = 10;
  out.finish_reason = tokens >= 100 ? "length" : "stop";
  out.think_state = tokens == 11 ? "empty" : "closed";
  out.difficulty = difficulty;
  return out;
}

const std::vector<SampleRecord> kReplies = {
    reply("a", "right", 11, "2"), reply("a", "right", 50, "2"), reply("b", "wrong", 100, "10"),
    reply("b", "undecided", 89, "10")};

TEST(Summary, CountsByHand) {
  const Summary got = summarise("run", kReplies);
  EXPECT_DOUBLE_EQ(got.accuracy.mean, 0.5);
  EXPECT_DOUBLE_EQ(got.accuracy.se, 0.5);
  EXPECT_DOUBLE_EQ(got.undecided.mean, 0.25);
  EXPECT_DOUBLE_EQ(got.truncated.mean, 0.25);
  EXPECT_DOUBLE_EQ(got.empty_think.mean, 0.25);
  EXPECT_DOUBLE_EQ(got.tokens.mean, 62.5);
  EXPECT_DOUBLE_EQ(got.finished_tokens.mean, 50);
  EXPECT_EQ(got.finished_tokens.num_samples, 3);
  EXPECT_DOUBLE_EQ(got.truncated_tokens.mean, 100);
  EXPECT_DOUBLE_EQ(got.thinking_tokens.mean, 52.5);
  EXPECT_DOUBLE_EQ(got.median_tokens, 69.5);
  EXPECT_NEAR(got.p90_tokens, 96.7, 1e-12);
}

TEST(Summary, DifficultiesInNumericOrder) {
  const auto groups = summarise_by_difficulty(kReplies);
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0].difficulty, "2");
  EXPECT_EQ(groups[1].difficulty, "10");
  EXPECT_EQ(groups[1].summary.accuracy.mean, 0);
  const std::vector<std::string> names = {"before"};
  const std::vector<std::vector<GroupSummary>> sets = {groups};
  EXPECT_NE(difficulty_table(names, sets).find("\n10 "), std::string::npos);
}

TEST(Summary, DifficultiesThatAreNoNumbersAreNames) {
  std::vector<SampleRecord> records;
  for (const char* name : {"nan", "2", "inf", "-inf", "1e999", "10", "NaN", "hard"}) {
    records.push_back(kReplies.front());
    records.back().difficulty = name;
  }
  const auto groups = summarise_by_difficulty(records);
  std::vector<std::string> names;
  for (const GroupSummary& group : groups) names.push_back(group.difficulty);
  EXPECT_EQ(names,
            (std::vector<std::string>{"2", "10", "-inf", "1e999", "NaN", "hard", "inf", "nan"}));
}

TEST(Summary, TablesFitAHundredColumns) {
  const Summary one = summarise("a name that is far too long for its column", kReplies);
  const std::vector<Summary> four = {one, one, one, one};
  const std::string table =
      summary_table(four) + comparison_text(compare_samples(kReplies, kReplies), 0.02);
  for (size_t at = 0; at < table.size();) {
    const size_t end = table.find('\n', at);
    EXPECT_LE(end - at, 100u) << table.substr(at, end - at);
    at = end + 1;
  }
  EXPECT_NE(table.find("accuracy %                   50.0 +- 50.0"), std::string::npos) << table;
}

// What a margin would need is said where more problems could show it, and only there.
TEST(Summary, TheVerdictSaysHowManyProblemsItNeeds) {
  const std::vector<SampleRecord> four = {reply("a", "right", 9, ""), reply("b", "right", 9, ""),
                                          reply("c", "right", 9, ""), reply("d", "right", 9, "")};
  std::vector<SampleRecord> one_lost = four, all_lost = four;
  one_lost[0].verdict = "wrong";
  for (SampleRecord& record : all_lost) record.verdict = "wrong";
  const std::string equal = comparison_text(compare_samples(four, four), 0.02),
                    unclear = comparison_text(compare_samples(four, one_lost), 0.02),
                    lost = comparison_text(compare_samples(four, all_lost), 0.02);
  EXPECT_NE(equal.find("equal accuracy: the interval's lower end clears"), std::string::npos);
  EXPECT_NE(unclear.find("equal accuracy is not shown"), std::string::npos);
  EXPECT_NE(unclear.find("problems like these for a power of 80 %"), std::string::npos);
  EXPECT_NE(lost.find("accuracy is lost"), std::string::npos);
  EXPECT_EQ(lost.find("were accuracy equal"), std::string::npos);
  EXPECT_EQ(equal.find("were accuracy equal"), std::string::npos);
}

TEST(Summary, TheVerdictComesFirst) {
  std::vector<SampleRecord> before, after;
  for (int i = 0; i < 400; ++i) {
    before.push_back(reply(std::to_string(i), "right", 90, ""));
    after.push_back(reply(std::to_string(i), i % 100 ? "right" : "wrong", 20, ""));
  }
  const std::string text = comparison_text(compare_samples(before, after), 0.05);
  EXPECT_TRUE(
      text.starts_with("equal accuracy: the interval's lower end clears the margin of 5.0 "
                       "points, p < 0.0001\n"))
      << text;
}

TEST(Summary, ALongNameKeepsItsEnd) {
  const Summary one = summarise("runs/first-attempt/model", kReplies);
  const std::string table = summary_table(std::vector<Summary>{one});
  EXPECT_NE(table.find("..st-attempt/model"), std::string::npos) << table;
}

TEST(Summary, UnknownErrorsAreNotShownAsZero) {
  const Summary got = summarise("one", std::vector<SampleRecord>{kReplies[0]});
  EXPECT_EQ(percent_text(got.accuracy), "100.0 +- ?");
  EXPECT_EQ(tokens_text(got.truncated_tokens), "-");
  EXPECT_TRUE(summary_to_json(got).at("accuracy", "").at("se", "").is_null());
  EXPECT_THROW(summarise("none", {}), Error);
}

TEST(Summary, SettingLine) {
  const Json header = Json::parse(
      R"({"type": "header", "n": 4, "temperature": 0.7, "max_new_tokens": 512, "seed": 7})", "h");
  EXPECT_EQ(setting_text(header), "n 4, T 0.7, cap 512, seed 7");
  const Json nested =
      Json::parse(R"({"weight_hash": "ab", "setting": {"samples": 2, "sampler_seed": 1}})", "h");
  EXPECT_EQ(setting_text(nested), "n 2, seed 1, weights ab");
}

}  // namespace
}  // namespace laconic
