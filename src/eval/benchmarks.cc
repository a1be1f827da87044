// SPDX-License-Identifier: Apache-2.0
#include "eval/benchmarks.h"

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "base/nearest.h"

namespace laconic {
namespace {

constexpr SamplerPreset kPresets[] = {
    {PresetName::kR1, "r1", 0.6, 0.95, 32768},
    {PresetName::kTldrPaper, "tldr-paper", 0.7, 1.0, 8192},
};

// Samples: of the papers where they say (AIME24 and AMC23 8, GSM8K and MATH-500 1 in TL;DR; AIME 16
// or more, AMC 8, MATH-500 4 for R1 distills), else by size: 16 below 100 problems, 4 up to 500, 1
// above. Files: as the TL;DR and Qwen2.5-Math repositories and Hugging Face data sets name them.
const std::vector<Benchmark> kBenchmarks = {
    {.name = "gsm8k",
     .files = {"gsm8k-test.jsonl", "gsm8k.jsonl", "gsm8k/test.jsonl", "openai/gsm8k/test.jsonl"},
     .question_fields = {"question"},
     .answer_fields = {"answer"},
     .num_problems = 1319,
     .answer_sources = {AnswerSource::kBox, AnswerSource::kHashes, AnswerSource::kPhrase}},
    {.name = "math500",
     .files = {"math500.jsonl", "math500/test.jsonl", "HuggingFaceH4/MATH-500/test.jsonl"},
     .question_fields = {"problem"},
     .answer_fields = {"answer"},
     .num_problems = 500,
     .samples_r1 = 4},
    {.name = "aime24",
     .files = {"aime24.jsonl", "aime24/test.jsonl", "HuggingFaceH4/aime_2024/train.jsonl"},
     .question_fields = {"problem", "question"},
     .answer_fields = {"answer"},
     .num_problems = 30,
     .samples_r1 = 16,
     .samples_tldr_paper = 8},
    {.name = "aime25",
     .files = {"aime25.jsonl", "aime25/test.jsonl", "math-ai/aime25/test.jsonl"},
     .question_fields = {"problem", "question"},
     .answer_fields = {"expected_answer", "answer"},
     .num_problems = 30,
     .samples_r1 = 16,
     .samples_tldr_paper = 8},
    {.name = "amc23",
     .files = {"amc23.jsonl", "amc23/test.jsonl", "math-ai/amc23/test.jsonl"},
     .question_fields = {"problem", "question"},
     .answer_fields = {"answer"},
     .num_problems = 40,
     .samples_r1 = 8,
     .samples_tldr_paper = 8},
    {.name = "minerva",
     .files = {"minerva.jsonl", "minerva_math/test.jsonl", "math-ai/minervamath/test.jsonl"},
     .question_fields = {"question", "problem"},
     .answer_fields = {"answer", "solution"},
     .num_problems = 272,
     .samples_r1 = 4},
    {.name = "olympiadbench",
     .files = {"olympiadbench.jsonl", "olympiadbench/test.jsonl",
               "math-ai/olympiadbench/test.jsonl"},
     .question_fields = {"question"},
     .answer_fields = {"answer", "final_answer"},
     .num_problems = 675},
    {.name = "asdiv",
     .files = {"asdiv.jsonl", "asdiv/test.jsonl", "EleutherAI/asdiv/validation.jsonl"},
     .question_fields = {"question"},
     .answer_fields = {"answer"},
     .num_problems = 2215},
    {.name = "svamp",
     .files = {"svamp.jsonl", "svamp/test.jsonl", "ChilleD/SVAMP/test.jsonl"},
     .question_fields = {"Question"},
     .answer_fields = {"Answer"},
     .num_problems = 1000},
    {.name = "gaokao2023en",
     .files = {"gaokao2023en.jsonl", "gaokao2023en/test.jsonl"},
     .question_fields = {"question"},
     .answer_fields = {"answer"},
     .num_problems = 385,
     .samples_r1 = 4},
    {.name = "college_math",
     .files = {"college_math.jsonl", "college_math/test.jsonl"},
     .question_fields = {"question"},
     .answer_fields = {"answer"},
     .num_problems = 2818},
    {.name = "aime83-23",
     .files = {"aime83-23.jsonl", "aime83-23/test.jsonl"},
     .question_fields = {"query", "problem", "question"},
     .answer_fields = {"ref_answer", "answer"},
     .num_problems = 919},
};

bool has_any(const Json& row, const std::vector<std::string_view>& names) {
  return std::any_of(names.begin(), names.end(),
                     [&](std::string_view name) { return row.find(name) != nullptr; });
}

}  // namespace

std::span<const SamplerPreset> sampler_presets() { return kPresets; }

const SamplerPreset& find_sampler_preset(const std::string& name) {
  std::vector<std::string> names;
  for (const SamplerPreset& preset : kPresets) {
    if (preset.name == name) return preset;
    names.emplace_back(preset.name);
  }
  fail(ErrorKind::kUsage, "--preset: expected r1 or tldr-paper, got \"", name, "\"");
}

std::span<const Benchmark> benchmarks() { return kBenchmarks; }

std::vector<std::string> benchmark_names() {
  std::vector<std::string> names;
  for (const Benchmark& benchmark : kBenchmarks) names.emplace_back(benchmark.name);
  return names;
}

const Benchmark& find_benchmark(const std::string& name) {
  std::string known;
  for (const Benchmark& benchmark : kBenchmarks) {
    if (benchmark.name == name) return benchmark;
    known += cat(known.empty() ? "" : ", ", benchmark.name);
  }
  const std::string near = nearest(name, benchmark_names());
  fail(ErrorKind::kUsage, "--bench: expected one of ", known, ", got \"", name, "\" (",
       near.empty() ? "any other JSONL file: --data" : "did you mean " + near + "?", ")");
}

std::string benchmark_file(const Benchmark& benchmark, const std::string& data_dir) {
  std::string tried;
  for (const std::string_view name : benchmark.files) {
    const std::string path = join_path(data_dir, name);
    if (file_exists(path)) return path;
    tried += cat(tried.empty() ? "" : ", ", name);
  }
  fail(ErrorKind::kUsage, benchmark.name, ": expected one of ", tried, " in ", data_dir,
       ", got none (--data-dir)");
}

std::string check_benchmark(const Benchmark& benchmark, const std::string& path,
                            std::span<const Problem> problems, int64_t num_bad_rows) {
  for (const Problem& problem : problems) {
    for (const auto* fields : {&benchmark.question_fields, &benchmark.answer_fields})
      require(has_any(problem.extra, *fields), ErrorKind::kData, path, ":", problem.line,
              ": expected the field ", fields->front(), " of ", benchmark.name,
              ", got a row without (another file goes by --data)");
  }
  const int64_t count = static_cast<int64_t>(problems.size()) + num_bad_rows;
  if (count == benchmark.num_problems) return "";
  return cat(path, ": ", benchmark.name, " has ", benchmark.num_problems, " problems, this file ",
             count);
}

}  // namespace laconic
