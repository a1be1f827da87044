// Named benchmarks and named sampler settings: what `laconic eval --bench gsm8k --preset r1` means.
//
// A benchmark says where its file is expected below a data folder, which fields hold question and
// answer, the line that is put after each question, where the answer of a reply stands, and how
// many samples each preset draws. It is not the reader (data/rows.h) and holds no problem. Sources:
// the file names of the repositories and Hugging Face data sets that the table names; sampler
// settings as users of R1 distills expect them (DeepSeek-R1's model card) and as the TL;DR
// repository's evaluation scripts have them. Counts are of problems in the published split. Errors:
// Error(kUsage) for an unknown name, with the nearest one; Error(kFailure) for a file that is not
// there; Error(kData) for a row without the fields. Another number of problems is a sentence for
// the log, not an error.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "data/rows.h"  // Problem
#include "eval/answer_rules.h"

namespace laconic {

enum class PresetName { kR1, kTldrPaper };

struct SamplerPreset {
  PresetName id;
  std::string_view name;  // as on the command line
  double temperature;
  double top_p;
  int64_t max_new_tokens;
};

std::span<const SamplerPreset> sampler_presets();
const SamplerPreset& find_sampler_preset(const std::string& name);

inline constexpr std::string_view kBoxedInstruction =
    "Please reason step by step, and put your final answer within \\boxed{}.";

struct Benchmark {
  std::string_view name;
  std::vector<std::string_view> files;  // below the data folder, the first that is there
  std::vector<std::string_view> question_fields, answer_fields;  // any one of each
  std::string_view instruction = kBoxedInstruction;
  int64_t num_problems = 0;
  int64_t samples_r1 = 1;
  int64_t samples_tldr_paper = 1;

  std::vector<AnswerSource> answer_sources = {AnswerSource::kBox, AnswerSource::kHashes};

  // TL;DR's harness takes a box wherever it stands, in the thinking too; r1 looks behind it.
  AnswerRules rules(PresetName preset) const {
    AnswerRules rules;
    rules.sources = answer_sources;
    rules.count_thinking = preset == PresetName::kTldrPaper;
    return rules;
  }
  int64_t samples(PresetName preset) const {
    return preset == PresetName::kR1 ? samples_r1 : samples_tldr_paper;
  }
};

std::span<const Benchmark> benchmarks();
const Benchmark& find_benchmark(const std::string& name);
std::vector<std::string> benchmark_names();

// The first of the benchmark's files that is in `data_dir`.
std::string benchmark_file(const Benchmark& benchmark, const std::string& data_dir);

// Checks that every problem has the benchmark's fields. Returns a sentence for the log where the
// number of problems, with `num_bad_rows` that could not be read, is not the published one, else
// "".
std::string check_benchmark(const Benchmark& benchmark, const std::string& path,
                            std::span<const Problem> problems, int64_t num_bad_rows);

}  // namespace laconic
