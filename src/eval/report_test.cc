// SPDX-License-Identifier: Apache-2.0
#include "eval/report.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

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
        "6 problems, 12 and 12 replies", "default-src 'none'",
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
  const std::string html = paired_examples(run.before_and_after(), 3);
  EXPECT_NE(html.find("alert(3)"), std::string::npos);
  EXPECT_NE(html.find("<span class=\"tag wrong\">"), std::string::npos);
  EXPECT_EQ(paired_examples(run.before_and_after(), 0), "");
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

TEST(Svg, TicksAreRoundAndCover) {
  EXPECT_EQ(round_ticks(0, 10, 5), (std::vector<double>{0, 2, 4, 6, 8, 10}));
  const auto ticks = round_ticks(0.93, 0.97, 5);
  ASSERT_EQ(ticks.size(), 5u);
  EXPECT_NEAR(ticks[0], 0.93, 1e-12);
}

TEST(Svg, ChartsWithoutDataSayNoData) {
  EXPECT_NE(draw_chart({}).find("no data"), std::string::npos);
  EXPECT_NE(draw_histogram({}).find("no data"), std::string::npos);
  Chart one;
  one.series = {{.name = "a",
                 .colour = 0,
                 .points = {{.x = 5, .y = 5, .label = ""}, {.x = kNone, .y = 1, .label = ""}}}};
  EXPECT_EQ(draw_chart(one).find("nan"), std::string::npos);
}

}  // namespace
}  // namespace laconic
