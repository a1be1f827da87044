// SPDX-License-Identifier: Apache-2.0
#include "eval/why.h"

#include <gtest/gtest.h>

#include <vector>

namespace laconic {
namespace {

SampleRecord judged(const std::string& verdict, const std::string& reason,
                    const std::string& finish = "stop") {
  SampleRecord record;
  record.verdict = verdict;
  record.reason = reason;
  record.finish_reason = finish;
  return record;
}

TEST(Why, SaysWhatIsMissingInOrderAndWhatToSet) {
  const std::vector<SampleRecord> records = {
      judged("right", "equal-text"),           judged("wrong", "different-number"),
      judged("wrong", "no-box", "length"),     judged("wrong", "no-box"),
      judged("wrong", "unclosed-thinking"),    judged("undecided", "not-read"),
      judged("right", "equal-text", "length"), judged("right", "equal-text")};
  EXPECT_EQ(why_text(records, {"short", 512, false}),
            "why not right: short, 5 of 8 replies\n"
            "  without a box or other answer 25.0 %, cut at the cap 25.0 %\n"
            "  reasons: no-box 2, different-number 1, not-read 1, unclosed-thinking 1\n"
            "  to set: --max-new-tokens, as 2 replies reach the cap of 512\n"
            "  to set: --instruction 'Put your final answer within \\boxed{}.'\n"
            "  to set: --answer-from box,hashes,phrase,number, if answers stand elsewhere\n"
            "  to set: --count-thinking, as 1 replies end inside <think>\n");
}

TEST(Why, HintsOnlyWhatHelps) {
  std::vector<SampleRecord> records(100, judged("right", "equal-text"));
  EXPECT_EQ(why_text(records, {"all", 512, false}), "");
  records[0] = judged("wrong", "no-box", "length");
  EXPECT_EQ(why_text(records, {"one", 512, false}).find("to set"), std::string::npos)
      << "one of a hundred is no pattern";
  for (size_t i = 0; i < 30; ++i) records[i] = judged("wrong", "no-box");
  const std::string text = why_text(records, {"asked", 512, true});
  EXPECT_EQ(text.find("--instruction"), std::string::npos) << "it is there already";
  EXPECT_NE(text.find("--answer-from"), std::string::npos);
  for (size_t i = 0; i < 30; ++i) records[i] = judged("wrong", "different-number");
  EXPECT_EQ(why_text(records, {"wrong", 512, true}).find("to set"), std::string::npos)
      << "no setting makes a wrong number right";
}

}  // namespace
}  // namespace laconic
