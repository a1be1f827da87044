// SPDX-License-Identifier: Apache-2.0
#include "data/records.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"

namespace laconic {
namespace {

TEST(Records, RoundTripThroughAFile) {
  SampleRecord record;
  record.id = "w1-0";
  record.sample_idx = 3;
  record.completion = "<think>\n1+1=2\n</think>\n\n\\boxed{2}";
  record.num_tokens = 17;
  record.num_thinking_tokens = 9;
  record.finish_reason = "length";
  record.verdict = "right";
  record.difficulty = "4";
  SampleFile file;
  file.header["temperature"] = 0.7;
  file.records = {record, record};
  const std::string path = testing::TempDir() + "records_" + std::to_string(::getpid()) + ".jsonl";
  write_sample_file(path, file);
  const SampleFile back = read_sample_file(path);
  ASSERT_EQ(back.records.size(), 2u);
  EXPECT_EQ(record_to_json(back.records[1]), record_to_json(record));
  EXPECT_TRUE(back.records[0].right() && back.records[0].truncated());
  EXPECT_EQ(back.header.at("temperature", "h").as_number("h"), 0.7);
  remove_all(path);
}

TEST(Records, OldSpellingsOfASettingAreReadAsTodays) {
  const std::string path = testing::TempDir() + "old_" + std::to_string(::getpid()) + ".jsonl";
  write_file_atomic(path, R"({"type": "header", "setting": {"top_k": 0, "sampler_seed": 7}})"
                          "\n");
  const SampleFile file = read_sample_file(path);
  EXPECT_EQ(file.header.at("setting", "h").dump(), R"({"top_k": 0, "seed": 7})");
  remove_all(path);
}

TEST(Records, ASteeredReplySaysHow) {
  SampleRecord record;
  record.id = "a";
  record.verdict = "right";
  EXPECT_EQ(record_to_json(record).find("control"), nullptr);
  record.control = ControlRecord{7, 2, true, false};
  const SampleRecord back = record_from_json(record_to_json(record), "row");
  ASSERT_TRUE(back.control);
  EXPECT_EQ(control_to_json(*back.control).dump(),
            R"({"forced_tokens": 7, "extensions": 2, "capped": true, "within_budget": false})");
}

TEST(Records, ErrorsNameLineAndField) {
  const std::string path = testing::TempDir() + "bad_" + std::to_string(::getpid()) + ".jsonl";
  const std::pair<const char*, const char*> cases[] = {
      {R"({"id": "a", "sample": "x", "verdict": "right"})",
       "sample: expected a whole number from 0 to 2147483647, got string"},
      {R"({"id": "a", "sample": 0, "completion": "x"})",
       "expected a judged reply, got none with a field \"verdict\" (eval --out writes them)"}};
  for (const auto& [row, message] : cases) {
    write_file_atomic(path, std::string(row) + "\n");
    try {
      read_sample_file(path);
      FAIL() << row;
    } catch (const Error& error) {
      EXPECT_EQ(std::string(error.what()), path + ":1: " + message);
    }
  }
  remove_all(path);
}

}  // namespace
}  // namespace laconic
