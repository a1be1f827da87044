// SPDX-License-Identifier: Apache-2.0
#include "eval/report_sets.h"

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "data/decompress.h"
#include "eval/budget.h"
#include "eval/report.h"
#include "eval/report_fixture.h"
#include "eval/report_parts.h"
#include "eval/report_tables.h"

namespace laconic {
namespace {

SampleFile file_of(const std::string& header, std::vector<SampleRecord> records) {
  return {Json::parse(header, "header"), std::move(records)};
}

std::vector<SampleRecord> replies(int num_problems, int tokens, int num_right) {
  std::vector<SampleRecord> out;
  for (int i = 0; i < num_problems; ++i) {
    out.push_back(reply(i, 0, false));
    out.back().num_tokens = tokens + i;
    out.back().verdict = i < num_right ? "right" : "wrong";
    out.back().reason = "a-reason";
  }
  return out;
}

SampleRecord record_of(const std::string& id) {
  SampleRecord out = reply(0, 0, false);
  out.id = id;
  return out;
}

RunData file_run(const std::string& name, SampleFile file) {
  RunData run;
  run.name = name;
  run.samples[name] = std::move(file);
  return run;
}

TEST(ReportSets, RunsAndFilesBecomeSystems) {
  const std::vector<RunData> runs = {run_fixture(),
                                     file_run("base", file_of("{}", replies(6, 50, 3)))};
  const ReportSystems got = report_systems(runs);
  ASSERT_EQ(got.groups.size(), 1u);
  EXPECT_EQ(got.names, (std::vector<std::string>{"run <1> before", "run <1> after",
                                                 "run <1> long bound", "base"}));
  EXPECT_FALSE(got.groups[0].sets[0].to_first);
  EXPECT_EQ(got.groups[0].sets[3].to_first->accuracy.num_problems, 6);
}

TEST(ReportSets, FilesOfOneNameOnSeveralBenchmarksAreOneSystem) {
  RunData run;
  run.name = "eval";
  for (const char* benchmark : {"gsm8k", "math500"})
    for (const char* model : {"first", "second"})
      run.samples[cat(benchmark, "/", model)] =
          file_of(cat(R"({"benchmark": ")", benchmark, "\"}"), replies(4, 50, 3));
  const ReportSystems got = report_systems({run});
  EXPECT_EQ(got.names, (std::vector<std::string>{"eval first", "eval second"}));
  ASSERT_EQ(got.groups.size(), 2u);
  EXPECT_EQ(got.groups[1].benchmark, "math500");
  EXPECT_EQ(got.groups[1].sets[1].system, 1u);
  EXPECT_EQ(benchmark_table(got).rows[1][6], "52");  // the plain mean of 51.5 and 51.5
}

RunData folder_run(const std::string& name, const std::vector<std::string>& files,
                   const std::string& header_of_benchmark = "") {
  RunData run;
  run.name = name;
  for (const std::string& file : files) {
    std::vector<SampleRecord> rows = replies(4, 50, 3);
    // Problems of the benchmark whose name is in the path.
    const std::string of = (name + file).find("math") != std::string::npos ? "math" : "gsm8k";
    for (SampleRecord& row : rows) row.problem = of + row.id;
    const std::string header = cat(R"({"benchmark": ")", of, "\"}");
    run.samples[file] = file_of(header_of_benchmark.empty() ? "{}" : header, rows);
  }
  return run;
}

// MODEL/BENCHMARK and BENCHMARK/MODEL alike, in one folder or in several, named in headers or not.
TEST(ReportSets, FoldersOfModelsOrOfBenchmarks) {
  for (const char* header : {"", "named"}) {
    const std::vector<std::vector<RunData>> layouts = {
        {folder_run("e", {"gsm8k/long", "gsm8k/short", "math/long", "math/short"}, header)},
        {folder_run("e", {"long/gsm8k", "long/math", "short/gsm8k", "short/math"}, header)}};
    for (const auto& runs : layouts) {
      const ReportSystems got = report_systems(runs);
      ASSERT_EQ(got.groups.size(), 2u) << header;
      EXPECT_EQ(got.names, (std::vector<std::string>{"e long", "e short"})) << header;
      EXPECT_EQ(got.groups[0].benchmark, "gsm8k");
      EXPECT_EQ(got.groups[1].benchmark, "math");
      EXPECT_EQ(got.groups[1].sets.size(), 2u);
    }
    const std::vector<RunData> models = {folder_run("long", {"gsm8k", "math"}, header),
                                         folder_run("short", {"gsm8k", "math"}, header)};
    EXPECT_EQ(report_systems(models).names, (std::vector<std::string>{"long", "short"})) << header;
    EXPECT_EQ(report_systems(models).groups.size(), 2u);
    const std::vector<RunData> benchmarks = {folder_run("gsm8k", {"long", "short"}, header),
                                             folder_run("math", {"long", "short"}, header)};
    EXPECT_EQ(report_systems(benchmarks).names, (std::vector<std::string>{"long", "short"}));
    EXPECT_EQ(report_systems(benchmarks).groups[1].benchmark, "math");
  }
}

// Two outputs of `laconic eval` on the same problems: two systems of one task.
TEST(ReportSets, TwoEvaluationsAreTwoSystems) {
  const std::vector<RunData> runs = {folder_run("EVAL1", {"first"}),
                                     folder_run("EVAL2", {"first"})};
  const ReportSystems got = report_systems(runs);
  EXPECT_EQ(got.names, (std::vector<std::string>{"EVAL1", "EVAL2"}));
  ASSERT_EQ(got.groups.size(), 1u);
  EXPECT_EQ(got.groups[0].benchmark, "");
  EXPECT_EQ(after_of(got.groups[0], 0.02)->name, "EVAL2");
}

// Files of one name, given one by one: their folders tell them apart.
TEST(ReportSets, LooseFilesOfOneNameAreNamedByTheirFolders) {
  std::vector<RunData> runs = {folder_run("gsm8k", {"gsm8k"}, "named"),
                               folder_run("gsm8k", {"gsm8k"}, "named")};
  runs[0].parent = "long";
  runs[1].parent = "short";
  EXPECT_EQ(report_systems(runs).names, (std::vector<std::string>{"long", "short"}));
}

// The head shows the shortest system at equal accuracy; without one the shortest.
TEST(ReportSets, TheHeadComparesWithTheShortestEqual) {
  const std::vector<RunData> runs = {file_run("long", file_of("{}", replies(40, 500, 40))),
                                     file_run("half", file_of("{}", replies(40, 250, 40))),
                                     file_run("lost", file_of("{}", replies(40, 50, 10))),
                                     file_run("more", file_of("{}", replies(40, 300, 40)))};
  EXPECT_EQ(after_of(report_systems(runs).groups[0], 0.02)->name, "half");
  const std::vector<RunData> worse = {runs[0], runs[2]};
  EXPECT_EQ(after_of(report_systems(worse).groups[0], 0.02)->name, "lost");
  const std::vector<RunData> alone = {runs[0]};
  EXPECT_EQ(after_of(report_systems(alone).groups[0], 0.02), nullptr);
}

TEST(ReportSets, TheSameWeightsAndSettingAreShownOnce) {
  const std::string header = R"({"weight_hash": "ab", "setting": {"seed": 1}})";
  const SampleFile file = file_of(header, replies(3, 5, 1));
  EXPECT_EQ(report_systems({file_run("a", file), file_run("b", file)}).names.size(), 1u);
  const SampleFile other =
      file_of(R"({"weight_hash": "ab", "setting": {"seed": 2}})", replies(3, 5, 1));
  EXPECT_EQ(report_systems({file_run("a", file), file_run("a", other)}).names,
            (std::vector<std::string>{"a", "a (2)"}));
}

TEST(ReportSets, FrontierAndCommonProblems) {
  const std::vector<RunData> runs = {file_run("long", file_of("{}", replies(10, 500, 8))),
                                     file_run("short", file_of("{}", replies(10, 100, 6))),
                                     file_run("bad", file_of("{}", replies(8, 300, 1))),
                                     file_run("other", file_of("{}", {record_of("elsewhere")}))};
  const ReportGroup group = report_systems(runs).groups[0];
  EXPECT_TRUE(group.sets[0].on_frontier);
  EXPECT_TRUE(group.sets[1].on_frontier);
  EXPECT_FALSE(group.sets[2].on_frontier);
  EXPECT_EQ(group.sets[2].to_first->accuracy.num_problems, 8);
  EXPECT_FALSE(group.sets[3].to_first);  // of other problems: neither on it nor beating others
  EXPECT_FALSE(group.sets[3].on_frontier);
}

TEST(ReportSets, DifferentCapsAreSaid) {
  const std::vector<RunData> runs = {
      file_run("a", file_of(R"({"setting": {"max_new_tokens": 8192}})", replies(2, 9, 1))),
      file_run("b", file_of(R"({"setting": {"max_new_tokens": 32000}})", replies(2, 9, 1)))};
  const auto warnings = setting_warnings(report_systems(runs).groups[0]);
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_TRUE(warnings[0].starts_with("These sets have different caps: 8192, 32000."))
      << warnings[0];
}

TEST(ReportForms, MarkdownAndLatexHoldTheSameNumbers) {
  ReportInput input;
  input.runs = {file_run("long", file_of("{}", replies(10, 500, 8))),
                file_run("short", file_of("{}", replies(10, 100, 6)))};
  for (const std::string& text :
       {report_markdown(input), report_latex(input), report_table(input), write_report(input)}) {
    EXPECT_NE(text.find("80.0 [44.4, 97.5]"), std::string::npos) << text;
    EXPECT_NE(text.find("0.21 [0.20, 0.21]"), std::string::npos);
  }
  EXPECT_NE(report_latex(input).find("\\midrule"), std::string::npos);
  EXPECT_NE(report_markdown(input).find("| short \\*"), std::string::npos);
  const std::string table = report_table(input);
  for (size_t at = 0, end = 0; at < table.size(); at = end + 1) {
    end = table.find('\n', at);
    EXPECT_LE(end - at, 100u) << table.substr(at, end - at);
  }
  EXPECT_NE(write_report(input).find("<th scope=\"row\">wrong: a-reason</th><td>2</td><td>4</td>"),
            std::string::npos);
}

TEST(ReportForms, BudgetsDoubleUpToTheLongestReply) {
  const Table table =
      budget_table(report_systems({file_run("a", file_of("{}", replies(10, 500, 8)))}).groups[0]);
  EXPECT_EQ(table.rows.back(), (std::vector<std::string>{"512", "80.0 +- 13.3"}));
  EXPECT_EQ(table.rows[table.rows.size() - 2][1], "0.0 +- 0.0");
  EXPECT_EQ(table.rows.front()[0], "64");
}

TEST(ReportForms, BudgetsEndAtTheLargestCount) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  const std::vector<int64_t> budgets = doubling_budgets((int64_t{1} << 62) + 1);
  EXPECT_EQ(budgets.size(), 8u);
  EXPECT_EQ(budgets.back(), kMost);
  EXPECT_EQ(doubling_budgets(0), std::vector<int64_t>{64});
  for (const int64_t high : {int64_t{1}, int64_t{100}, kMost}) {
    const std::vector<int64_t> grid = budget_grid(1, high);
    EXPECT_TRUE(std::is_sorted(grid.begin(), grid.end()));
    EXPECT_EQ(grid.front(), 1);
    EXPECT_EQ(grid.back(), high);
    EXPECT_LE(grid.size(), 48u);
  }
}

// What the page says in words is in the file that it holds, too.
TEST(ReportForms, NumbersAsJson) {
  const std::vector<RunData> runs = {file_run("long", file_of("{}", replies(10, 500, 8))),
                                     file_run("short", file_of("{}", replies(10, 100, 6)))};
  const Json json = Json::parse(numbers_json(report_systems(runs), 0.02), "json");
  const Json& second = json.at("systems", "").as_array("")[1];
  EXPECT_EQ(second.at("system", "").as_string(""), "short");
  EXPECT_NEAR(second.at("to_first", "").at("token_ratio", "").as_number(""), 104.5 / 504.5, 1e-12);
  EXPECT_NEAR(second.at("summary", "").at("accuracy", "").at("mean", "").as_number(""), 0.6, 1e-12);
}

std::string from_base64(std::string_view text) {
  static constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  unsigned bits = 0, num_bits = 0;
  for (const char c : text) {
    if (c == '=') break;
    bits = bits << 6 | static_cast<unsigned>(kDigits.find(c));
    num_bits += 6;
    if (num_bits < 8) continue;
    num_bits -= 8;
    out += static_cast<char>(bits >> num_bits & 255);
  }
  return out;
}

TEST(ReportForms, SettingsNameTheModel) {
  ReportInput input;
  input.runs = {file_run(
      "a", file_of(R"({"model": "m/<x>", "setting": {"temperature": 0.7}})", replies(4, 50, 3)))};
  EXPECT_NE(write_report(input).find("</th><td>m/&lt;x&gt;</td><td>-</td><td>-</td><td>T 0.7</td>"),
            std::string::npos);
}

// Reads the JSON of an element back, packed or not.
Json element(const std::string& html, const std::string& id) {
  const std::string open = cat("id=\"", id, "\">");
  const size_t begin = html.find(open) + open.size();
  std::string text = html.substr(begin, html.find("</script>", begin) - begin);
  if (!text.starts_with('{')) {
    const std::string packed = from_base64(text);
    text.clear();
    decompress(Compression::kGzip, packed, id, [&](std::string_view part) { text += part; });
  }
  return Json::parse(text, id);
}

TEST(ReportBrowser, RepliesComeBackAsTheyWere) {
  std::vector<SampleRecord> rows = replies(70, 20, 70);
  const std::string hostile = "</script><!-- <script> \u2028\u2029 \\u003c \" \x01";
  rows[65].completion = hostile;
  rows[65].finish_reason = "length";
  const std::vector<RunData> runs = {file_run("a", file_of("{}", rows)),
                                     file_run("b", file_of("{}", replies(70, 5, 0)))};
  const ReportSystems systems = report_systems(runs);
  const std::string html = browser_section(systems, 1000);
  EXPECT_EQ(html.find("<!--"), std::string::npos);
  EXPECT_EQ(html.find("\u2028"), std::string::npos);
  const Json index = element(html, "index");
  EXPECT_EQ(index.at("rows", "").at("problem", "").size(), 140u);
  EXPECT_EQ(element(html, "r1").as_array("")[1].as_array("")[0].as_string(""), hostile);
  EXPECT_EQ(index.at("rows", "").at("flags", "").as_array("")[65].as_integer(""), 1);
  EXPECT_TRUE(index.at("rows", "").at("saved", "").as_array("")[65].is_null());
  EXPECT_EQ(index.at("rows", "").at("saved", "").as_array("")[70].as_integer(""), 15);
  EXPECT_EQ(index.at("rows", "").at("verdict", "").as_array("")[70].as_integer(""), 1);
}

TEST(ReportBrowser, LongRepliesKeepTheirEnds) {
  std::vector<SampleRecord> rows = replies(1, 20, 1);
  rows[0].completion = "begin " + std::string(5000, 'x') + "\u00e9\u00e9\u00e9 end";
  const std::string html =
      browser_section(report_systems({file_run("a", file_of("{}", rows))}), 100);
  const Json cell = element(html, "r0").as_array("")[0].as_array("")[0];
  const std::string text = cell.as_string("");
  EXPECT_LT(text.size(), 150u);
  EXPECT_TRUE(text.starts_with("begin ") && text.ends_with("\u00e9 end")) << text;
  EXPECT_NE(text.find("bytes left out"), std::string::npos);
  EXPECT_EQ(cut_text("a\u00e9b", 2), "a\u2026");
}

}  // namespace
}  // namespace laconic
