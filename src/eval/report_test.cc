// SPDX-License-Identifier: Apache-2.0
#include "eval/report.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "eval/report_parts.h"

namespace laconic {
namespace {

SampleRecord reply(int problem, int sample, bool is_after) {
  SampleRecord out;
  out.id = "p" + std::to_string(problem);
  out.sample_idx = sample;
  out.problem = "What is <script>alert(" + std::to_string(problem) + ")</script> & \"more\"?";
  out.gold = "7";
  out.num_tokens = is_after ? 40 + problem : 100 + 3 * problem;
  out.num_thinking_tokens = out.num_tokens - 5;
  out.num_answer_tokens = 5;
  out.completion = "<think>\nhm</think>\\boxed{7}";
  out.finish_reason = "stop";
  out.think_state = "closed";
  out.verdict = problem == 3 && is_after ? "wrong" : "right";
  out.difficulty = std::to_string(problem % 2 + 1);
  return out;
}

RunData run_fixture() {
  RunData run;
  run.name = "run <1>";
  run.config = "eta: 4 # <b>\n";
  run.run = Json::parse(R"({"version": "0.1.0", "machine": "a <b> c"})", "run.json");
  const Json header =
      Json::parse(R"({"n": 2, "temperature": 0.7, "max_new_tokens": 512, "seed": 7})", "h");
  for (const char* name : {"before", "after", "long-bound"}) {
    SampleFile& file = run.samples[name];
    file.header = header;
    for (int i = 0; i < 12; ++i)
      file.records.push_back(reply(i / 2, i % 2, std::string(name) == "after"));
  }
  for (int step = 1; step <= 1500; ++step)
    run.steps.push_back(Json::parse("{\"type\": \"step\", \"step\": " + std::to_string(step) +
                                        ", \"loss\": 1.5, \"gradient_norm\": null}",
                                    "log"));
  run.evals.push_back(
      Json::parse(R"({"step": 32, "accuracy": 0.9, "tokens": 60, "chosen": true})", "log"));
  run.mixture.push_back(
      Json::parse(R"({"step": 32, "alpha": {"short": 0.3, "long": 0.7}})", "mixture"));
  return run;
}

// Opening and closing tags match; attributes hold no raw brackets.
void expect_balanced(const std::string& page) {
  std::vector<std::string> open;
  for (size_t at = page.find('<'); at != std::string::npos; at = page.find('<', at + 1)) {
    const size_t end = page.find('>', at);
    ASSERT_NE(end, std::string::npos);
    const std::string tag = page.substr(at + 1, end - at - 1);
    const std::string name = tag.substr(0, tag.find_first_of(" />", 1));
    if (tag[0] == '!' || name == "meta" || tag.back() == '/') continue;
    if (tag[0] == '/') {
      ASSERT_FALSE(open.empty()) << tag;
      ASSERT_EQ("/" + open.back(), tag);
      open.pop_back();
    } else {
      open.push_back(name);
    }
  }
  EXPECT_TRUE(open.empty());
}

TEST(Report, PageIsSelfContainedBalancedAndEscaped) {
  ReportInput input;
  input.runs = {run_fixture(), run_fixture()};
  const std::string page = write_report(input);
  expect_balanced(page);
  for (const char* bad : {"<script", "http:", "https:", "src=", "url(", "nan", "inf\"", "<b> c"})
    EXPECT_EQ(page.find(bad), std::string::npos) << bad;
  for (const char* wanted : {"&lt;script&gt;alert(0)&lt;/script&gt; &amp; &quot;more&quot;?",
                             "run &lt;1&gt;", "prefers-color-scheme", "n 2, T 0.7, cap 512, seed 7",
                             "Mixture", "Loss", "6 problems, 12 and 12 replies",
                             "\xE2\x88\x92"
                             "16.7 points"})
    EXPECT_NE(page.find(wanted), std::string::npos) << wanted;
  EXPECT_EQ(page, write_report(input));
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
  one.series = {{.name = "a", .colour = 0, .points = {{5, 5, 0, 0, ""}, {kNone, 1, 0, 0, ""}}}};
  EXPECT_EQ(draw_chart(one).find("nan"), std::string::npos);
}

}  // namespace
}  // namespace laconic
