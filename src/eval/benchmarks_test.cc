// SPDX-License-Identifier: Apache-2.0
#include "eval/benchmarks.h"

#include <gtest/gtest.h>

#include <set>

#include "base/error.h"
#include "base/file.h"
#include "base/test_data.h"
#include "eval/verify.h"

namespace laconic {
namespace {

std::string message_of(const auto& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Benchmarks, NamesAreDistinctAndFoundByThemselves) {
  std::set<std::string> seen;
  for (const std::string& name : benchmark_names()) {
    EXPECT_TRUE(seen.insert(name).second) << name;
    EXPECT_EQ(find_benchmark(name).name, name);
  }
  EXPECT_EQ(seen.size(), 12u);
}

TEST(Benchmarks, SamplesFollowThePreset) {
  EXPECT_EQ(find_benchmark("gsm8k").samples(PresetName::kTldrPaper), 1);
  EXPECT_EQ(find_benchmark("math500").samples(PresetName::kTldrPaper), 1);
  EXPECT_EQ(find_benchmark("amc23").samples(PresetName::kTldrPaper), 8);
  EXPECT_EQ(find_benchmark("aime24").samples(PresetName::kTldrPaper), 8);
  EXPECT_EQ(find_benchmark("aime24").samples(PresetName::kR1), 16);
  EXPECT_EQ(find_benchmark("math500").samples(PresetName::kR1), 4);
  const SamplerPreset& paper = find_sampler_preset("tldr-paper");
  EXPECT_EQ(paper.temperature, 0.7);
  EXPECT_EQ(paper.top_p, 1.0);
  EXPECT_EQ(paper.max_new_tokens, 8192);
  const SamplerPreset& r1 = find_sampler_preset("r1");
  EXPECT_EQ(r1.temperature, 0.6);
  EXPECT_EQ(r1.top_p, 0.95);
  EXPECT_EQ(r1.max_new_tokens, 32768);
}

TEST(Benchmarks, ThePaperCountsABoxAnywhere) {
  const std::string_view reply = "<think>\\boxed{2}</think>so the final answer is 3";
  const auto verdict = [&](const char* benchmark, PresetName preset) {
    return judge("2", reply, find_benchmark(benchmark).rules(preset)).verdict;
  };
  EXPECT_EQ(verdict("math500", PresetName::kTldrPaper), Verdict::kRight);
  EXPECT_EQ(verdict("math500", PresetName::kR1), Verdict::kWrong);
  EXPECT_EQ(judge("3", reply, find_benchmark("gsm8k").rules(PresetName::kR1)).verdict,
            Verdict::kRight);
}

TEST(Benchmarks, UnknownNamesGiveTheNearest) {
  EXPECT_NE(message_of([] { find_benchmark("gsm8"); }).find("did you mean gsm8k?"),
            std::string::npos);
  EXPECT_NE(message_of([] { find_benchmark("humaneval"); }).find("--data"), std::string::npos);
  EXPECT_EQ(message_of([] { find_sampler_preset("r2"); }),
            "--preset: expected r1 or tldr-paper, got \"r2\"");
}

TEST(Benchmarks, AMissingFileNamesWhatWasLookedFor) {
  const std::string message =
      message_of([] { benchmark_file(find_benchmark("aime24"), "/nonexistent"); });
  EXPECT_EQ(message,
            "aime24: expected one of aime24.jsonl, aime24/test.jsonl, "
            "HuggingFaceH4/aime_2024/train.jsonl "
            "in /nonexistent, got none (--data-dir)");
}

TEST(Benchmarks, AnotherFileIsRefusedAndAnotherCountIsSaid) {
  Problem problem;
  problem.line = 3;
  problem.extra = Json::parse(R"({"question": "1 + 1?", "gold": "2"})", "row");
  const Benchmark& gsm8k = find_benchmark("gsm8k");
  EXPECT_EQ(message_of([&] {
              check_benchmark(gsm8k, "x.jsonl", {&problem, 1}, 0);
            }),
            "x.jsonl:3: expected the field answer of gsm8k, got a row without (another file goes "
            "by --data)");
  problem.extra["answer"] = "2";
  EXPECT_EQ(check_benchmark(gsm8k, "x.jsonl", {&problem, 1}, 0),
            "x.jsonl: gsm8k has 1319 problems, this file 1");
}

// Every benchmark of the shared data is found and complete.
TEST(Benchmarks, TheSharedFilesAreThePublishedOnes) {
  const std::string folder = shared_data_path("benchmarks");
  if (!folder_exists(folder)) GTEST_SKIP() << "no benchmarks in the shared data";
  for (const Benchmark& benchmark : benchmarks()) {
    const std::string path = benchmark_file(benchmark, folder);
    BadRows bad_rows(parse_bad_row_policy("skip"));  // gaokao2023en has two without answer
    const std::vector<Problem> problems = read_problems(path, bad_rows);
    EXPECT_EQ(check_benchmark(benchmark, path, problems, bad_rows.count()), "");
    EXPECT_EQ(bad_rows.count(), benchmark.name == "gaokao2023en" ? 2 : 0) << bad_rows.summary();
  }
}

}  // namespace
}  // namespace laconic
