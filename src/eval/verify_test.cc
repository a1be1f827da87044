// SPDX-License-Identifier: Apache-2.0
#include "eval/verify.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <ctime>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "base/test_data.h"
#include "data/rows.h"
#include "eval/extract.h"

namespace laconic {
namespace {

// tests/cases/verifier/*.jsonl: {"gold", "answer" or "response" (with "answer_from"?), "verdict",
// "reason"?, "extracted"?}; the verdict may be "not right" or "not wrong".
void run_table(const std::string& name) {
  const std::string path =
      std::string(LACONIC_SOURCE_DIR) + "/tests/cases/verifier/" + name + ".jsonl";
  const std::string text = read_file(path);
  for_each_line(text, [&](int64_t line, std::string_view row_text) {
    const Json row = Json::parse(row_text, path);
    SCOPED_TRACE(path + ":" + std::to_string(line) + " " + std::string(row_text));
    const std::string& gold = row.at("gold", path).as_string(path);
    const Json* response = row.find("response");
    AnswerRules rules;
    if (const Json* from = row.find("answer_from"))
      rules.sources = parse_answer_sources(from->as_string(path));
    const Judgement got = response ? judge(gold, response->as_string(path), rules)
                                   : compare_answers(gold, row.at("answer", path).as_string(path));
    const std::string& expected = row.at("verdict", path).as_string(path);
    if (expected.starts_with("not "))
      EXPECT_NE(verdict_name(got.verdict), expected.substr(4)) << got.reason;
    else
      EXPECT_EQ(verdict_name(got.verdict), expected) << got.reason;
    if (const Json* reason = row.find("reason")) {
      EXPECT_EQ(got.reason, reason->as_string(path));
    }
    if (const Json* extracted = row.find("extracted")) {
      EXPECT_EQ(got.extracted, extracted->as_string(path));
    }
  });
}

TEST(Verify, Answers) { run_table("answers"); }
TEST(Verify, Meaning) { run_table("meaning"); }
TEST(Verify, Responses) { run_table("responses"); }
// What a text says beyond its value: times, words, ranges, separators, names, units, prose.
TEST(Verify, Kinds) { run_table("kinds"); }

double cpu_s() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// A second a row, whatever it holds; twice that for tests, which are compiled without optimisation.
TEST(Verify, WorkIsBounded) {
  const auto repeated = [](const std::string& piece, size_t count) {
    std::string out;
    for (size_t i = 0; i < count; ++i) out += piece;
    return out;
  };
  const auto roots = [](int last) {
    std::string out;
    for (int k = 2; k <= last; ++k) out += "(\\sqrt{" + std::to_string(k) + "}+1)";
    return out;
  };
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"7", roots(401)},
      {roots(401), roots(400) + "(\\sqrt{401}+2)"},
      {roots(80), roots(79)},
      {"7", repeated("(\\sqrt{2}+\\sqrt{3}+\\sqrt{5})^{9}", 200)},
      {repeated("(a+b+c+d)^{20},", 60) + "1", repeated("(a+b+c+e)^{20},", 60) + "1"},
      {repeated("f((a+b+c)^{19})=1,", 60) + "1", repeated("f((a+b+d)^{19})=1,", 60) + "1"},
      {repeated("\\sum_{k=1}^{\\infty}\\frac{1}{k^2},", 60) + "1",
       repeated("\\sum_{k=2}^{\\infty}\\frac{1}{k^2},", 60) + "1"},
      {repeated("\\sum_{k=1}^{999}k+", 300) + "1", "x+1"},
      {"\\sum_{i=1}^{900}\\sum_{j=1}^{900}\\sum_{k=1}^{900}ijk", "1"},
      {"\\int_0^1\\int_0^1\\int_0^1\\sin(xyz)dxdydz", "1"},
      {repeated("|x-1|+", 80) + "x", repeated("|1-x|+", 80) + "\\sqrt{x^2}"},
      {repeated("n!+", 90) + "n!", repeated("n(n-1)!+", 90) + "n!"},
  };
  for (const auto& [gold, answer] : rows) {
    const double begin = cpu_s();
    EXPECT_NE(compare_answers(gold, answer).verdict, Verdict::kRight) << gold.substr(0, 60);
    canonical_form(gold);
    canonical_form(answer);
    EXPECT_LT(cpu_s() - begin, 2.0) << gold.substr(0, 60) << " | " << answer.substr(0, 60);
  }
}

TEST(Verify, NumbersOfAnyLength) {
  const std::string digits(5000, '7');
  EXPECT_EQ(compare_answers(digits, "$" + digits + ".0$").reason, "equal-rational");
  EXPECT_EQ(compare_answers(digits, digits.substr(1) + "8").verdict, Verdict::kWrong);
  EXPECT_EQ(compare_answers("1", "10^{99999999}").verdict, Verdict::kWrong);
}

// Replies that make a naive reader slow or deep.
TEST(Verify, HostileRepliesAreBounded) {
  for (const std::string piece : {"{",          "(",
                                  "[",          "|",
                                  "\\text{",    "\\frac{",
                                  "\\frac{1}{", "\\frac",
                                  "\\sqrt",     "\\sqrt{",
                                  "-",          "+-",
                                  "x^",         "1,000",
                                  "\\boxed",    "^",
                                  "9^{",        "!",
                                  "x+",         "xyz",
                                  "\\sin",      "(x+1)",
                                  "(x+y)^9",    "1,",
                                  "\\cup",      "\\begin{pmatrix}",
                                  "\\pm 1",     "1/",
                                  "e^",         "\\{1,",
                                  "a=",         "_",
                                  "\\le 1",     "\\sqrt{2}+",
                                  "7!",         "\\ln "}) {
    std::string text;
    while (text.size() < 8000) text += piece;
    EXPECT_NE(compare_answers("1", text).verdict, Verdict::kRight) << piece;
    EXPECT_NE(compare_answers(text, "x+1").verdict, Verdict::kRight) << piece;
    while (text.size() < 1000000) text += text;
    EXPECT_EQ(compare_answers("1", text).reason, "too-long") << piece;
    EXPECT_NE(judge("1", "\\boxed{" + text).verdict, Verdict::kRight) << piece;
  }
  EXPECT_EQ(compare_answers(std::string(9000, 'x'), std::string(9000, 'x')).verdict,
            Verdict::kRight);
}

std::string as_text(const Json& value) {
  return value.is_string() ? value.as_string("") : value.is_null() ? "" : value.dump();
}

// Rows of the shared files on which our verdict and theirs differ, each with its reason:
// tests/cases/verifier/<name>.jsonl {"file", "row", "kind", "why"}.
using Exceptions = std::map<std::pair<std::string, int64_t>, std::string>;

Exceptions read_exceptions(const std::string& name) {
  const std::string path =
      std::string(LACONIC_SOURCE_DIR) + "/tests/cases/verifier/" + name + ".jsonl";
  const std::string text = read_file(path);
  Exceptions out;
  for_each_line(text, [&](int64_t, std::string_view line) {
    const Json row = Json::parse(line, path);
    out[{row.at("file", path).as_string(path), row.at("row", path).as_integer(path)}] =
        row.at("kind", path).as_string(path);
    EXPECT_FALSE(row.at("why", path).as_string(path).empty());
  });
  return out;
}

// Visits (row number, row) of a shared file; false: the file is not there.
template <typename Visit>
bool for_each_shared(const std::string& file, const Visit& visit) {
  const std::string path = shared_data_path("verifier/" + file + ".jsonl");
  if (!file_exists(path)) return false;
  const std::string text = read_file(path);
  for_each_line(text,
                [&](int64_t line, std::string_view row) { visit(line, Json::parse(row, path)); });
  return true;
}

// White-space separated pieces that are nothing but letters.
int count_words(const std::string& text) {
  std::istringstream stream(text);
  int words = 0;
  for (std::string word; stream >> word;)
    words += word.size() > 1 && std::all_of(word.begin(), word.end(), [](unsigned char c) {
               return std::isalpha(c) || c == '\'';
             });
  return words;
}

// Those tables hold bare answers, formulas in prose, whole replies and numbers in prose.
Judgement judge_case(const Json& row) {
  const std::string gold = as_text(row.at("gold", "")), answer = as_text(row.at("pred", ""));
  AnswerRules rules;
  rules.count_thinking = true;
  rules.sources = parse_answer_sources("phrase,box,math,number");
  for (const char* mark : {"boxed{", "$", "\\(", "\\[", "nswer"}) {
    if (answer.find(mark) != std::string::npos) return judge(gold, answer, rules);
  }
  if (count_words(answer) > 3) {
    rules.sources = {AnswerSource::kLastNumber};
    return judge(gold, answer, rules);
  }
  return compare_answers(gold_answer(gold), answer);
}

// The tables of five other graders. An exception is a case that mathematics decides otherwise, or
// one that we miss ("miss"): of those at most one in a hundred, and never a false right.
TEST(Verify, SharedCases) {
  const Exceptions exceptions = read_exceptions("shared_cases");
  size_t rows = 0, missed = 0, used = 0;
  for (const char* set :
       {"hendrycks-math", "nemo-skills", "olympiadbench", "simple-evals", "math-verify"}) {
    const std::string file = std::string("cases-") + set;
    const bool found = for_each_shared(file, [&](int64_t line, const Json& row) {
      const Judgement got = judge_case(row);
      const bool expected = row.at("expected", file).as_boolean(file);
      const bool agrees = expected == (got.verdict == Verdict::kRight);
      const auto exception = exceptions.find({file, line});
      rows += exception == exceptions.end() || exception->second == "miss";
      if (exception == exceptions.end()) {
        EXPECT_TRUE(agrees) << file << ":" << line << " " << verdict_name(got.verdict) << " "
                            << got.reason << " " << got.extracted;
        return;
      }
      ++used;
      EXPECT_FALSE(agrees) << file << ":" << line << ": the exception is no longer needed";
      if (exception->second != "miss") return;
      ++missed;
      EXPECT_TRUE(expected) << file << ":" << line << ": a false right is no miss";
    });
    if (!found) GTEST_SKIP() << "no shared data: " << file;
  }
  EXPECT_EQ(used, exceptions.size());
  EXPECT_LE(missed * 100, rows);
}

// Real replies with another grader's labels: every disagreement is in the table, and of all rows
// less than 0.3 % are errors of ours.
TEST(Verify, LabelledReplies) {
  const Exceptions exceptions = read_exceptions("shared_labels");
  size_t rows = 0, errors = 0, used = 0;
  for (const char* set : {"gsm8k", "math500", "minerva"}) {
    const std::string file = std::string("labelled-") + set;
    const bool found = for_each_shared(file, [&](int64_t line, const Json& row) {
      const Judgement got = judge(as_text(row.at("gold", file)), as_text(row.at("response", file)));
      const bool agrees =
          (got.verdict == Verdict::kRight) == row.at("label", file).as_boolean(file);
      const auto exception = exceptions.find({file, line});
      ++rows;
      if (exception == exceptions.end()) {
        EXPECT_TRUE(agrees) << file << ":" << line << " " << verdict_name(got.verdict) << " "
                            << got.reason << " " << got.extracted;
        return;
      }
      ++used;
      errors += exception->second == "ours";
      EXPECT_FALSE(agrees) << file << ":" << line << ": the exception is no longer needed";
    });
    if (!found) GTEST_SKIP() << "no shared data: " << file;
  }
  EXPECT_EQ(used, exceptions.size());
  EXPECT_LT(static_cast<double>(errors), 0.003 * static_cast<double>(rows));
}

}  // namespace
}  // namespace laconic
