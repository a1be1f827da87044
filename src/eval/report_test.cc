// SPDX-License-Identifier: Apache-2.0
#include "eval/report.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <limits>
#include <set>

#include "base/error.h"
#include "eval/report_fixture.h"
#include "eval/report_parts.h"

namespace laconic {
namespace {

TEST(Report, PageIsSelfContainedBalancedAndEscaped) {
  ReportInput input;
  input.runs = {run_fixture(), run_fixture()};
  const std::string page = write_report(input);
  expect_balanced(page);
  for (const char* bad :
       {"<script>alert", "<script src", "http:", "https:", "src=", "url(", "nan", "inf\"", "<b> c"})
    EXPECT_EQ(page.find(bad), std::string::npos) << bad;
  for (const char* wanted :
       {"&lt;script&gt;alert(0)&lt;/script&gt; &amp; &quot;more&quot;?", "run &lt;1&gt;",
        "prefers-color-scheme", "n 2, T 0.7, cap 512, seed 7", "Mixture", "Loss",
        "6 problems, 12 and 12 replies", "default-src 'none'", "<b>60 % fewer tokens</b>",
        "\xE2\x88\x92"
        "16.7 points"})
    EXPECT_NE(page.find(wanted), std::string::npos) << wanted;
  EXPECT_EQ(page, write_report(input));
}

// Without replies to look through there is no script at all.
TEST(Report, BrowseDecidesWhetherRepliesAreHeld) {
  ReportInput input;
  input.runs = {run_fixture()};
  input.browse = false;
  const std::string page = write_report(input);
  EXPECT_EQ(page.find("<script"), std::string::npos);
  expect_balanced(page);
}

TEST(Report, ALossOfAccuracyIsAmongTheExamples) {
  const RunData run = run_fixture();
  const RunData::Pair pair = run.before_and_after();
  const std::vector<ReplyPair> pairs = reply_pairs(*pair.before, *pair.after);
  const std::string html = paired_examples(pairs, {"before", "after"}, 3);
  EXPECT_NE(html.find("alert(3)"), std::string::npos);
  EXPECT_NE(html.find("<span class=\"tag wrong\">"), std::string::npos);
  EXPECT_NE(html.find("<span class=\"think\">&lt;think&gt;\nhm&lt;/think&gt;</span><span "
                      "class=\"answer\">\\boxed{7}"),
            std::string::npos)
      << html;
  EXPECT_EQ(paired_examples(pairs, {"before", "after"}, 0), "");
}

// The head's pair is right in both and saves about what all do, not most.
TEST(Report, TheHeadShowsATypicalPair) {
  SampleFile before, after;
  for (int i = 0; i < 5; ++i) {
    before.records.push_back(reply(i, 0, false));
    after.records.push_back(reply(i, 0, false));
    before.records.back().num_tokens = 100;
    after.records.back().num_tokens = 10 + 20 * i;  // ratios 0.1, 0.3, 0.5, 0.7, 0.9
  }
  after.records[2].verdict = "wrong";
  const std::vector<ReplyPair> pairs = reply_pairs(before, after);
  EXPECT_EQ(typical_pair(pairs, 0.45).after->num_tokens, 30);
  EXPECT_EQ(typical_pair(pairs, 0.5).after->num_tokens, 70);
  EXPECT_EQ(typical_pair({}, 0.5).before, nullptr);
}

// What thinks is told apart from what answers, however the tag is spelt.
TEST(Report, ThinkingEndsAtItsTag) {
  SampleRecord record;
  record.completion = "[THINK]a[/THINK]b";
  EXPECT_EQ(thinking_end(record), 16u);
  record.completion = "cut while thinking";
  EXPECT_EQ(thinking_end(record), 0u);
  record.num_thinking_tokens = 4;
  EXPECT_EQ(thinking_end(record), record.completion.size());
}

// The page starts with what it shows; a run's bounds on other problems are no part of its result.
TEST(Report, BoundsOfOtherProblemsRaiseNoAlarm) {
  ReportInput input;
  input.runs = {run_fixture()};
  for (auto& [name, file] : input.runs[0].samples)
    file.header["setting"]["problems_hash"] = name == "long-bound" ? "dev" : "test";
  const std::string page = write_report(input);
  EXPECT_EQ(page.find("class=\"warning\""), std::string::npos);
  EXPECT_EQ(report_systems(input.runs).names, (std::vector<std::string>{"before", "after"}));
  input.runs[0].samples["long-bound"].header["setting"]["problems_hash"] = "test";
  EXPECT_EQ(report_systems(input.runs).names.size(), 3u);
  const size_t title = page.find("<h1>"), tiles = page.find("class=\"tiles\""),
               band = page.find("class=\"band\""), arrow = page.find("class=\"arrow\""),
               pair = page.find("class=\"example\""), table = page.find("<table>"),
               settings = page.find("id=\"settings\"");
  EXPECT_LT(title, tiles);
  EXPECT_LT(tiles, band);
  EXPECT_LT(band, arrow);
  EXPECT_LT(arrow, pair);
  EXPECT_LT(pair, table);
  EXPECT_LT(table, settings);
  EXPECT_NE(settings, std::string::npos);
}

// Every link within the page leads somewhere, no id comes twice.
TEST(Report, AnchorsLeadSomewhere) {
  ReportInput input;
  input.runs = {run_fixture(), run_fixture()};
  const std::string page = write_report(input);
  std::set<std::string> ids;
  for (size_t at = page.find(" id=\""); at != std::string::npos; at = page.find(" id=\"", at + 1)) {
    const size_t begin = at + 5;
    EXPECT_TRUE(ids.insert(page.substr(begin, page.find('"', begin) - begin)).second)
        << page.substr(at, 40);
  }
  size_t num_links = 0;
  for (size_t at = page.find("href=\"#"); at != std::string::npos;
       at = page.find("href=\"#", at + 1), ++num_links) {
    const size_t begin = at + 7;
    EXPECT_TRUE(ids.count(page.substr(begin, page.find('"', begin) - begin)))
        << page.substr(at, 40);
  }
  EXPECT_GT(num_links, 10u);
}

// Whatever counts a file holds, the page is written: quickly, small, without an alarm of our own.
TEST(Report, AnyCountsMakeAPage) {
  for (const int64_t tokens :
       {int64_t{4611686018427387905}, int64_t{1} << 62, std::numeric_limits<int64_t>::max(),
        int64_t{-1}, std::numeric_limits<int64_t>::min(), int64_t{0}}) {
    ReportInput input;
    input.runs = {run_fixture()};
    for (auto& [name, file] : input.runs[0].samples) {
      file.records[3].num_tokens = tokens;
      file.records[4].num_thinking_tokens = tokens;
    }
    const std::string page = write_report(input);
    expect_balanced(page);
    EXPECT_LT(page.size(), size_t{1} << 20) << tokens;
    EXPECT_EQ(page.find("nan"), std::string::npos) << tokens;
    EXPECT_FALSE(report_markdown(input).empty());
    for (auto& [name, file] : input.runs[0].samples)
      for (SampleRecord& record : file.records) record.num_tokens = tokens;
    expect_balanced(write_report(input));
  }
}

// 20,000 difficulties and as many reasons: bounded tables and charts, and no quadratic time (a
// minute when each was looked for among all).
TEST(Report, ManyDifficultiesStaySmall) {
  ReportInput input;
  input.runs = {run_fixture()};
  for (auto& [name, file] : input.runs[0].samples) {
    for (int i = 0; i < 20000; ++i) {
      SampleRecord record = reply(i % 2, 0, false);
      record.id = "q" + std::to_string(i);
      record.problem = "short";
      record.difficulty = std::to_string(i) + "." + std::to_string(i % 7);
      record.reason = "reason-" + std::to_string(i);
      file.records.push_back(std::move(record));
    }
  }
  input.browse = false;
  const auto start = std::chrono::steady_clock::now();
  const std::string page = write_report(input);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  EXPECT_LT(page.size(), size_t{400} << 10);
  EXPECT_LT(seconds.count(), 30);  // about one; the machine may be busy
  EXPECT_NE(page.find("The 40 difficulties with the most replies."), std::string::npos);
}

TEST(Report, TableNamesTheNumbers) {
  ReportInput input;
  input.runs = {run_fixture()};
  const std::string table = report_table(input);
  EXPECT_NE(table.find("accuracy difference  -16.67 points"), std::string::npos) << table;
}

TEST(Report, ARunWithoutPairStillHasAPage) {
  RunData run = run_fixture();
  run.samples.clear();
  ReportInput input;
  input.runs = {run};
  expect_balanced(write_report(input));
  EXPECT_THROW(write_report(ReportInput{}), Error);
}

TEST(RunFolder, ReadsWhatIsThereAndDropsATornLine) {
  const std::string folder = testing::TempDir() + "/report-run";
  std::filesystem::create_directories(folder + "/samples");
  std::ofstream(folder + "/log.jsonl")
      << "{\"type\": \"step\", \"step\": 1, \"loss\": 2}\n"
         "{\"type\": \"eval\", \"step\": 32}\n{\"type\": \"eval\", \"step\": 64}\n{\"type\": \"st";
  SampleFile file;
  file.header = Json::object();
  file.records = {reply(1, 0, false)};
  write_sample_file(folder + "/samples/long-bound.jsonl", file);
  write_sample_file(folder + "/samples/step-000032.jsonl", file);
  std::ofstream(folder + "/choice.json") << "{\"step\": 32, \"explanation\": \"fewest <tokens>\"}";
  const RunData run = read_run(folder + "/");
  EXPECT_EQ(run.name, "report-run");
  EXPECT_EQ(run.steps.size(), 1u);
  EXPECT_EQ(run.evals.size(), 2u);
  EXPECT_NE(run.evals[0].find("chosen"), nullptr);
  EXPECT_EQ(run.evals[1].find("chosen"), nullptr);
  ReportInput input;
  input.runs = {run};
  const std::string page = write_report(input);
  expect_balanced(page);
  EXPECT_NE(page.find("Chosen checkpoint: fewest &lt;tokens&gt;."), std::string::npos);
  const RunData::Pair pair = run.before_and_after();
  ASSERT_TRUE(static_cast<bool>(pair));
  EXPECT_EQ(pair.after, run.find_samples("step-000032"));
  std::filesystem::remove_all(folder);
  EXPECT_THROW(read_run(folder), Error);
}

}  // namespace
}  // namespace laconic
