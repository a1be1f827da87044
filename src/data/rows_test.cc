// SPDX-License-Identifier: Apache-2.0
#include "data/rows.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/file.h"
#include "base/test_data.h"

namespace laconic {
namespace {

Json table(const std::string& name) {
  const std::string path = std::string(LACONIC_SOURCE_DIR) + "/tests/cases/data/" + name;
  return Json::parse(read_file(path), path);
}

// Each case: {"row", "options"?, and either the fields expected or "error", a part of the message}.
TEST(Rows, TrainingShapes) {
  const Json cases = table("training-rows.json");
  for (const Json& one : cases.as_array("cases")) {
    SCOPED_TRACE(one.dump());
    TrainingRowOptions options;
    if (const Json* field = one.find("completion_field"))
      options.completion_field = field->as_string("");
    try {
      const TrainingRow row = parse_training_row(one.at("row", ""), "f:7", options);
      ASSERT_EQ(one.find("error"), nullptr) << "accepted";
      const auto text_of = [&](const char* name) {
        return one.find(name) ? one.at(name, "").as_string("") : std::string();
      };
      EXPECT_EQ(row.completion, text_of("completion"));
      EXPECT_EQ(row.text, text_of("text"));
      if (one.find("shape")) {
        EXPECT_EQ(row.shape, text_of("shape"));
      }
      EXPECT_EQ(row.num_prompt_messages, one.find("num_prompt_messages")
                                             ? one.at("num_prompt_messages", "").as_integer("")
                                             : 0);
      EXPECT_EQ(row.variables, one.find("variables") ? one.at("variables", "") : Json());
      Json unused = Json::array();
      for (const std::string& name : row.unused) unused.push_back(name);
      if (const Json* expected = one.find("unused")) {
        EXPECT_EQ(unused, *expected);
      }
      EXPECT_EQ(row.problem, one.find("problem") ? one.at("problem", "").as_string("") : "");
      EXPECT_EQ(row.prompt, one.find("prompt") ? one.at("prompt", "").as_string("") : "");
      EXPECT_EQ(row.messages, one.find("messages") ? one.at("messages", "") : Json());
    } catch (const Error& error) {
      ASSERT_NE(one.find("error"), nullptr) << error.what();
      EXPECT_EQ(std::string(error.what()), "f:7: " + one.at("error", "").as_string(""));
    }
  }
}

TEST(Rows, ProblemShapes) {
  const Json cases = table("problems.json");
  for (const Json& one : cases.as_array("cases")) {
    SCOPED_TRACE(one.dump());
    try {
      const Problem row = parse_problem(one.at("row", ""), "f:7");
      ASSERT_EQ(one.find("error"), nullptr) << "accepted";
      EXPECT_EQ(row.gold, one.at("gold", "").as_string(""));
      EXPECT_EQ(row.id, one.find("id") ? one.at("id", "").as_string("") : "");
      EXPECT_EQ(row.problem, one.find("problem") ? one.at("problem", "").as_string("") : "");
      EXPECT_EQ(row.prompt, one.find("prompt") ? one.at("prompt", "").as_string("") : "");
      EXPECT_EQ(row.messages, one.find("messages") ? one.at("messages", "") : Json());
      EXPECT_EQ(row.extra, one.at("row", ""));
    } catch (const Error& error) {
      ASSERT_NE(one.find("error"), nullptr) << error.what();
      EXPECT_EQ(std::string(error.what()), "f:7: " + one.at("error", "").as_string(""));
    }
  }
}

class RowFiles : public testing::Test {
 protected:
  RowFiles() {
    folder_ = testing::TempDir() + "/rows-" +
              testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::create_directories(folder_);
  }
  ~RowFiles() override { std::filesystem::remove_all(folder_); }
  std::string write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ + "/" + name, std::ios::binary) << text;
    return folder_ + "/" + name;
  }
  std::string folder_;
};

TEST_F(RowFiles, LineEndsEmptyLinesAndIds) {
  const std::string path = write("a.jsonl",
                                 "\xEF\xBB\xBF{\"query\": \"1+1?\", \"ref_answer\": 2}\r\n\r\n  \n"
                                 "{\"id\": 5, \"problem\": \"x\", \"answer\": \"-3\"}");
  BadRows bad;
  const auto rows = read_problems(path, bad);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].id, "a.jsonl:1");
  EXPECT_EQ(rows[1].id, "5");
  EXPECT_EQ(rows[1].line, 4);
  EXPECT_EQ(rows[1].gold, "-3");
}

TEST_F(RowFiles, FailNamesFileLineAndField) {
  const std::string path = write("a.jsonl",
                                 "{\"prompt\": \"p\", \"completion\": \"c\"}\n{\"prompt\": 3, "
                                 "\"completion\": \"c\"}\n");
  BadRows bad;
  try {
    read_training_rows(path, bad);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kData);
    EXPECT_EQ(std::string(error.what()).rfind(path + ":2: prompt: expected a string", 0), 0u)
        << error.what();
  }
}

TEST_F(RowFiles, QuarantineKeepsTheRowAndTheReason) {
  const std::string path = write(
      "a.jsonl",
      "{\"problem\": \"p\", \"answer\": \"1\", \"id\": \"a\"}\nnot json\n{\"problem\": \"\xff\"}\n"
      "{\"problem\": \"q\", \"answer\": \"1\", \"id\": \"a\"}\n[1]\n");
  BadRows bad(parse_bad_row_policy("quarantine=" + folder_ + "/bad.jsonl"));
  EXPECT_EQ(read_problems(path, bad).size(), 1u);
  bad.close();
  EXPECT_EQ(bad.count(), 4);
  EXPECT_EQ(bad.count_by_file().at(path), 4);
  const std::string text = read_file(folder_ + "/bad.jsonl");
  std::vector<Json> rows;
  for_each_line(text,
                [&](int64_t, std::string_view line) { rows.push_back(Json::parse(line, "bad")); });
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[0].at("row", "").as_string(""), "not json");
  EXPECT_EQ(rows[1].at("row", "").as_string(""), "{\"problem\": \"\xEF\xBF\xBD\"}");
  EXPECT_NE(rows[2].at("reason", "").as_string("").find("id: expected a new id, got \"a\" again"),
            std::string::npos);
  EXPECT_EQ(rows[2].at("line", "").as_integer(""), 4);
}

TEST_F(RowFiles, OnlyBadRowsIsAnError) {
  const std::string path = write("a.jsonl", "{}\n");
  BadRows bad(parse_bad_row_policy("skip"));
  EXPECT_THROW(read_problems(path, bad), Error);
  EXPECT_THROW(read_problems(write("b.jsonl", "\n\n"), bad), Error);
}

TEST(Rows, BadRowPolicy) {
  EXPECT_EQ(parse_bad_row_policy("fail").action, BadRowAction::kFail);
  EXPECT_EQ(parse_bad_row_policy("quarantine=x=y").quarantine_path, "x=y");
  for (const char* bad : {"", "skip:3", "quarantine", "quarantine="})
    EXPECT_THROW(parse_bad_row_policy(bad), Error) << bad;
}

TEST(Rows, EverySharedBenchmarkIsRead) {
  const struct {
    const char* name;
    size_t rows;
    const char* first_gold;
    int64_t bad_rows = 0;  // rows with an empty answer
  } kFiles[] = {
      {"gsm8k-train", 7473, "72"},  {"gsm8k-test", 1319, "18"},        {"aime24", 30, "204"},
      {"aime25", 30, "70"},         {"aime83-23", 919, "60"},          {"amc23", 40, "27"},
      {"math500", 500, ""},         {"math-test", 5000, ""},           {"minerva", 272, "1.6"},
      {"olympiadbench", 675, "2"},  {"asdiv", 2215, "9 (apples)"},     {"svamp", 1000, "145"},
      {"gaokao2023en", 383, "", 2}, {"college_math", 2818, "$10-4 n$"}};
  for (const auto& file : kFiles) {
    const std::string path = shared_data_path(std::string("benchmarks/") + file.name + ".jsonl");
    if (path.empty() || !file_exists(path)) GTEST_SKIP() << "no shared data: " << file.name;
    BadRows bad(parse_bad_row_policy("skip"));
    const auto rows = read_problems(path, bad);
    EXPECT_EQ(rows.size(), file.rows) << file.name;
    EXPECT_EQ(bad.count(), file.bad_rows) << bad.summary();
    if (*file.first_gold) {
      EXPECT_EQ(rows[0].gold, file.first_gold) << file.name;
    }
  }
}

}  // namespace
}  // namespace laconic
