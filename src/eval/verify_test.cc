// SPDX-License-Identifier: Apache-2.0
#include "eval/verify.h"

#include <gtest/gtest.h>

#include <map>

#include "base/file.h"
#include "base/json.h"
#include "base/test_data.h"
#include "data/rows.h"
#include "eval/quantity.h"

namespace laconic {
namespace {

// tests/cases/verifier/*.jsonl: {"gold", "answer" or "response", "verdict", "reason"?,
// "extracted"?}.
void run_table(const std::string& name) {
  const std::string path =
      std::string(LACONIC_SOURCE_DIR) + "/tests/cases/verifier/" + name + ".jsonl";
  const std::string text = read_file(path);
  for_each_line(text, [&](int64_t line, std::string_view row_text) {
    const Json row = Json::parse(row_text, path);
    SCOPED_TRACE(path + ":" + std::to_string(line) + " " + std::string(row_text));
    const std::string& gold = row.at("gold", path).as_string(path);
    const Json* response = row.find("response");
    const Judgement got = response ? judge(gold, response->as_string(path))
                                   : compare_answers(gold, row.at("answer", path).as_string(path));
    EXPECT_EQ(verdict_name(got.verdict), row.at("verdict", path).as_string(path));
    if (const Json* reason = row.find("reason")) {
      EXPECT_EQ(got.reason, reason->as_string(path));
    }
    if (const Json* extracted = row.find("extracted")) {
      EXPECT_EQ(got.extracted, extracted->as_string(path));
    }
  });
}

TEST(Verify, Answers) { run_table("answers"); }
TEST(Verify, Responses) { run_table("responses"); }

TEST(Verify, NumbersOfAnyLength) {
  const std::string digits(5000, '7');
  EXPECT_EQ(compare_answers(digits, "$" + digits + ".0$").reason, "equal-rational");
  EXPECT_EQ(compare_answers(digits, digits.substr(1) + "8").verdict, Verdict::kWrong);
  EXPECT_EQ(compare_answers("1", "10^{99999999}").verdict, Verdict::kUndecided);
}

// Replies that make a naive reader slow or deep.
TEST(Verify, HostileRepliesAreBounded) {
  for (const std::string piece :
       {"{", "(", "\\text{", "\\frac{", "\\frac{1}{", "\\sqrt", "-", "1,000", "\\boxed", "^"}) {
    std::string text;
    while (text.size() < 8000) text += piece;
    EXPECT_EQ(compare_answers("1", text).verdict, Verdict::kUndecided) << piece;
    while (text.size() < 1000000) text += text;
    EXPECT_EQ(compare_answers("1", text).reason, "too-long") << piece;
    EXPECT_NE(judge("1", "\\boxed{" + text).verdict, Verdict::kRight) << piece;
  }
  EXPECT_EQ(compare_answers(std::string(9000, 'x'), std::string(9000, 'x')).verdict,
            Verdict::kRight);
}

std::string as_text(const Json& value) {
  return value.is_string() ? value.as_string("") : value.dump();
}

// Cases of other graders: an equal pair may be undecided, an unequal one must never be right. The
// exceptions are those graders' policy, not mathematics.
TEST(Verify, NoFalseRightInSharedCases) {
  const std::map<std::string, std::string> kMathematicsWins = {
      {"3245/5", "649"},              // 3245/5 is 649
      {"$9$", "Answer $ \n 9 \n $"},  // a line break is not a difference
  };
  int rows = 0, right = 0, missed = 0;
  for (const char* set :
       {"hendrycks-math", "nemo-skills", "olympiadbench", "simple-evals", "math-verify"}) {
    const std::string path = shared_data_path(std::string("verifier/cases-") + set + ".jsonl");
    if (!file_exists(path)) GTEST_SKIP() << "no shared data: " << path;
    const std::string text = read_file(path);
    for_each_line(text, [&](int64_t line, std::string_view row_text) {
      const Json row = Json::parse(row_text, path);
      const std::string gold = as_text(row.at("gold", path)),
                        answer = as_text(row.at("pred", path));
      const bool boxed = answer.find("\\boxed{") != std::string::npos;
      const Verdict verdict = (boxed ? judge(gold, answer) : compare_answers(gold, answer)).verdict;
      const auto policy = kMathematicsWins.find(gold);
      const bool excused = policy != kMathematicsWins.end() && policy->second == answer;
      const bool expected = row.at("expected", path).as_boolean(path);
      ++rows;
      right += expected && verdict == Verdict::kRight;
      missed += expected && verdict == Verdict::kWrong;
      if (!expected && !excused) {
        EXPECT_NE(verdict, Verdict::kRight) << path << ":" << line << " " << row_text;
      }
    });
  }
  RecordProperty("rows", rows);
  EXPECT_GE(right, 90);
  EXPECT_LE(missed, 6);
}

// Real replies with another grader's labels (about 1 % of them wrong): agreement where we decide.
TEST(Verify, AgreesWithLabelledReplies) {
  const struct {
    const char* set;
    double agreement;
  } kSets[] = {{"gsm8k", 1.0}, {"math500", 0.995}, {"minerva", 0.92}};
  for (const auto& one : kSets) {
    const std::string path =
        shared_data_path(std::string("verifier/labelled-") + one.set + ".jsonl");
    if (!file_exists(path)) GTEST_SKIP() << "no shared data: " << path;
    const std::string text = read_file(path);
    int decided = 0, agreed = 0;
    for_each_line(text, [&](int64_t, std::string_view row_text) {
      const Json row = Json::parse(row_text, path);
      const Judgement got = judge(as_text(row.at("gold", path)), as_text(row.at("response", path)));
      // Replies without a box are wrong by our rule; that grader reads them all the same.
      if (got.verdict == Verdict::kUndecided || got.reason == "no-box") return;
      ++decided;
      agreed += (got.verdict == Verdict::kRight) == row.at("label", path).as_boolean(path);
    });
    EXPECT_GE(agreed, one.agreement * decided) << one.set << ": " << agreed << " of " << decided;
  }
}

}  // namespace
}  // namespace laconic
