// Which sampled replies become training rows: per problem the shortest, longest or a random right
// one, whole or cut after a right solution, within bounds of difficulty and length.
//
// Source: "Do NOT Think That Much for 2+3=?" (arXiv 2412.21187), section 3: drop wrong samples,
// take the shortest over the samples, whole (shortest), cut after the first right solution (FCS) or
// after the second one (FCS + reflection). Departure: solutions are found by rule
// (eval/solutions.h), not by a language model. What it is not: no file is read, nothing is
// tokenized; tokens of a cut reply are its share of the bytes unless `count` is given.
//
// A problem's pass rate is right / all samples, truncated ones too; a truncated reply is never
// taken. Its baseline, what a strategy saves against, is the mean tokens of its right replies.
// Problems keep the order of their first candidate. Deterministic: random draws are Philox keyed by
// (seed, id).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace laconic {

struct SampledReply {
  std::string id;  // of the problem
  int64_t sample_idx = 0;
  std::string gold;
  std::string completion;
  int64_t num_tokens = 0;
  bool right = false;
  bool truncated = false;
};

enum class Keep { kShortest, kLongest, kRandom };
enum class Cut { kNone, kFirstSolution, kSecondSolution };

struct ValueRange {
  double low = 0, high = 0;  // both belong to it
};

struct SelectOptions {
  Keep keep = Keep::kShortest;
  Cut cut = Cut::kNone;
  int64_t per_problem = 1;
  uint64_t seed = 1;
  ValueRange pass_rate = {0, 1};
  ValueRange difficulty_percentiles = {0,
                                       100};  // of problems, 0 the one with the highest pass rate
  ValueRange length_percentiles = {0, 100};   // of the chosen rows, by tokens
  std::function<int64_t(std::string_view)> count;  // tokens of a text; may be empty
};

struct SelectedRow {
  size_t candidate_idx = 0;
  std::string completion;
  int64_t num_tokens = 0;
  bool is_cut = false;
  double pass_rate = 0;
};

struct Selection {
  std::vector<SelectedRow> rows;
  int64_t num_problems = 0;  // in the candidates
  int64_t num_kept = 0;      // problems with a row
  // Problems lost, by the first reason that holds.
  int64_t lost_none_right = 0, lost_pass_rate = 0, lost_difficulty = 0, lost_length = 0;
  double num_tokens = 0;       // of the rows
  double baseline_tokens = 0;  // of as many rows at the baseline of their problem
};

Selection select_rows(std::span<const SampledReply> candidates, const SelectOptions& options);

// The reply up to the end of its first (second) right solution, with the think span closed and the
// answer behind it kept; the reply as it is where that is not there or would not be judged right.
std::string cut_after_solution(std::string_view completion, std::string_view gold, Cut cut);

// One line a strategy, the chosen one marked: problems kept, rows, tokens, what is saved per
// problem and in all. `chosen` says the filters too.
std::string what_if_table(std::span<const SampledReply> candidates, const SelectOptions& chosen);

Keep parse_keep(const std::string& name);  // "shortest", "longest", "random"
Cut parse_cut(const std::string& name);    // "none", "first-solution", "second-solution"
// "10-90": Error(kUsage) naming `option` unless 0 <= low <= high <= limit.
ValueRange parse_range(const std::string& text, double limit, const std::string& option);

}  // namespace laconic
