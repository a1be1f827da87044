// One set of judged replies in numbers: accuracy, length, truncation, thinking; as text table and
// JSON.
//
// Always together (design 5): accuracy with its s.e. clustered by problem and its exact interval;
// avg@k, pass@k and maj@k where problems have several samples; tokens of all, finished and
// truncated replies, thinking and answer apart, each with mean, median and 90th percentile;
// truncation rate; share of empty think spans; overthinking (overthinking.h); and the sampler
// setting of the header. Files: summary.cc (numbers), summary_text.cc (tables).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "data/records.h"
#include "eval/intervals.h"
#include "eval/overthinking.h"
#include "eval/statistics.h"
#include "eval/table.h"

namespace laconic {

struct Summary {
  std::string name;
  Estimate accuracy;
  Estimate undecided;  // shares of replies
  Estimate truncated;
  Estimate empty_think;
  Estimate tokens, finished_tokens, truncated_tokens;
  Estimate thinking_tokens, answer_tokens;
  double median_tokens = 0;
  double p90_tokens = 0;
  Interval accuracy_interval;  // share_interval
  // The same tokens with intervals of mean, median and 90th percentile.
  LengthStatistics all, finished, truncated_lengths, thinking, answer;
  int64_t k = 0;  // samples of the problem that has the fewest
  Estimate avg_at_k, pass_at_k, maj_at_k;
  Overthinking overthinking;
};

// Error(kData) without records.
Summary summarise(const std::string& name, std::span<const SampleRecord> records);

struct GroupSummary {
  std::string difficulty;
  Summary summary;
};
inline constexpr size_t kMaxLevels = 40;
// By difficulty; numbers ascending, then other names. Empty when no record has a difficulty. Of
// more than kMaxLevels difficulties those with the most replies (then the first by name).
std::vector<GroupSummary> summarise_by_difficulty(std::span<const SampleRecord> records);

// Numbers before names, numbers by value.
bool difficulty_before(const std::string& a, const std::string& b);

// "82.5 [80.1, 84.7]" with the numbers scaled and cut to `digits`; "?" for what is unknown.
std::string interval_text(double value, const Interval& interval, double scale, int digits);
// "82.5 +- 1.2" (percent) and "431.2 +- 5.0"; "-" where there is nothing to show.
std::string percent_text(const Estimate& share);
std::string tokens_text(const Estimate& tokens);

// Rows of measures, a column for each summary; at most 100 columns wide for up to four summaries.
// Lines that have nothing to show in any of them are left out.
std::string summary_table(std::span<const Summary> summaries);
// The same as a table: a row a measure.
Table summary_measures(std::span<const Summary> summaries);
// A line for each difficulty found in any set, accuracy and tokens of each set.
std::string difficulty_table(std::span<const std::string> names,
                             std::span<const std::vector<GroupSummary>> sets);
// The verdict at the margin, then difference, tests and token ratio, in at most 100 columns.
std::string comparison_text(const Comparison& comparison, double margin);
// The sampler setting in one line: "n 4, T 0.7, top_p 0.95, cap 512, template 1f..., seed 7".
// Absent fields are left out.
std::string setting_text(const Json& header);

Json summary_to_json(const Summary& summary);
Json comparison_to_json(const Comparison& comparison);

}  // namespace laconic
