// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>

#include "base/error.h"
#include "base/format.h"
#include "base/printable.h"
#include "eval/paired_tests.h"
#include "eval/summary.h"

namespace laconic {
namespace {

constexpr size_t kLabelWidth = 22;
constexpr size_t kCellWidth = 19;
constexpr size_t kLevelWidth = 12, kLevelCell = 17;  // two systems fit 80 columns

std::string padded(const std::string& text, size_t width, bool right = true) {
  if (text.size() >= width) return text;
  const std::string space(width - text.size(), ' ');
  return right ? space + text : text + space;
}

std::string with_error(const Estimate& value, double scale) {
  if (value.num_samples == 0) return "-";
  const std::string error = std::isfinite(value.se) ? fixed(scale * value.se, 1) : "?";
  return cat(fixed(scale * value.mean, 1), " +- ", error);
}

// The interval too where it fits into a cell.
std::string quantile_text(const LengthStatistics& lengths,
                          const QuantileEstimate LengthStatistics::*which) {
  if (lengths.mean.num_samples == 0) return "-";
  const QuantileEstimate& quantile = lengths.*which;
  const std::string text = interval_text(quantile.value, quantile.interval, 1, 0);
  return text.size() < kCellWidth ? text : fixed(quantile.value, 0);
}

struct Line {
  const char* label;
  std::function<std::string(const Summary&)> cell;
};

Line share_line(const char* label, Estimate Summary::*which) {
  return {label, [which](const Summary& s) { return percent_text(s.*which); }};
}

Line effort_line(const char* label, Estimate Overthinking::*which) {
  return {label, [which](const Summary& s) { return percent_text(s.overthinking.*which); }};
}

Line tokens_line(const char* label, LengthStatistics Summary::*which) {
  return {label, [which](const Summary& s) { return tokens_text((s.*which).mean); }};
}

Line quantile_line(const char* label, LengthStatistics Summary::*lengths,
                   QuantileEstimate LengthStatistics::*which) {
  return {label, [lengths, which](const Summary& s) { return quantile_text(s.*lengths, which); }};
}

std::vector<Line> accuracy_lines() {
  return {{"problems x samples",
           [](const Summary& s) {
             return cat(s.accuracy.num_problems, " / ", s.accuracy.num_samples);
           }},
          share_line("accuracy %", &Summary::accuracy),
          {"  95 % interval",
           [](const Summary& s) {
             return cat("[", fixed(100 * s.accuracy_interval.low, 1), ", ",
                        fixed(100 * s.accuracy_interval.high, 1), "]");
           }},
          {"k, samples a problem",
           [](const Summary& s) { return s.k < 2 ? std::string("-") : cat(s.k); }},
          share_line("avg@k %", &Summary::avg_at_k),
          share_line("pass@k %", &Summary::pass_at_k),
          share_line("maj@k %", &Summary::maj_at_k),
          share_line("undecided %", &Summary::undecided)};
}

std::vector<Line> length_lines() {
  constexpr auto kMedian = &LengthStatistics::median, kP90 = &LengthStatistics::p90;
  return {tokens_line("tokens, all", &Summary::all),
          quantile_line("  median", &Summary::all, kMedian),
          quantile_line("  90th percentile", &Summary::all, kP90),
          tokens_line("tokens, finished", &Summary::finished),
          quantile_line("  median", &Summary::finished, kMedian),
          quantile_line("  90th percentile", &Summary::finished, kP90),
          tokens_line("tokens, truncated", &Summary::truncated_lengths),
          tokens_line("thinking tokens", &Summary::thinking),
          quantile_line("  median", &Summary::thinking, kMedian),
          quantile_line("  90th percentile", &Summary::thinking, kP90),
          tokens_line("answer tokens", &Summary::answer),
          quantile_line("  median", &Summary::answer, kMedian),
          quantile_line("  90th percentile", &Summary::answer, kP90),
          share_line("truncated %", &Summary::truncated),
          share_line("empty think span %", &Summary::empty_think)};
}

std::vector<Line> effort_lines() {
  return {effort_line("outcome efficiency %", &Overthinking::outcome_efficiency),
          effort_line("process efficiency %", &Overthinking::process_efficiency),
          effort_line("first solution right %", &Overthinking::first_right),
          {"solutions a reply",
           [](const Summary& s) { return with_error(s.overthinking.solutions, 1); }},
          effort_line("unused thinking %", &Overthinking::unused_thinking),
          effort_line("loops at the end %", &Overthinking::loops)};
}

std::string range_text(const Interval& interval, double scale, int digits) {
  return std::isfinite(interval.low) && std::isfinite(interval.high)
             ? cat("[", fixed(scale * interval.low, digits), ", ",
                   fixed(scale * interval.high, digits), "]")
             : std::string("unknown with one problem");
}

std::string p_text(double p) { return p < 1e-4 ? std::string("p < 0.0001") : "p = " + fixed(p, 4); }

// A name that does not fit keeps its end, which is what tells models of one folder apart.
std::string fitted(const std::string& name, size_t width) {
  return name.size() <= width ? name : ".." + name.substr(name.size() - (width - 2));
}

std::string needed_text(const PairedDifference& accuracy, double margin) {
  const double sd = accuracy.se * std::sqrt(static_cast<double>(accuracy.num_problems));
  const std::optional<int64_t> needed = problems_needed(sd, margin);
  return needed ? cat("to show it, were accuracy equal: ", *needed,
                      " problems like these for a power of 80 %\n")
                : std::string();
}

}  // namespace

std::string interval_text(double value, const Interval& interval, double scale, int digits) {
  const auto end = [&](double bound) {
    return std::isfinite(bound) ? fixed(scale * bound, digits) : std::string("?");
  };
  return cat(fixed(scale * value, digits), " [", end(interval.low), ", ", end(interval.high), "]");
}

std::string percent_text(const Estimate& share) { return with_error(share, 100); }
std::string tokens_text(const Estimate& tokens) { return with_error(tokens, 1); }

Table summary_measures(std::span<const Summary> summaries) {
  Table table;
  table.header.emplace_back("");
  for (const Summary& summary : summaries) table.header.push_back(summary.name);
  for (const std::vector<Line>& lines : {accuracy_lines(), length_lines(), effort_lines()}) {
    for (const Line& line : lines) {
      std::vector<std::string> row = {line.label};
      for (const Summary& summary : summaries) row.push_back(line.cell(summary));
      const bool any = std::any_of(row.begin() + 1, row.end(),
                                   [](const std::string& cell) { return cell != "-"; });
      if (any) table.rows.push_back(std::move(row));
    }
  }
  return table;
}

std::string summary_table(std::span<const Summary> summaries) {
  const Table table = summary_measures(summaries);
  std::string out;
  const auto add = [&](const std::vector<std::string>& row, size_t most) {
    out += padded(row[0], kLabelWidth, false);
    for (size_t i = 1; i < row.size(); ++i) out += padded(fitted(row[i], most), kCellWidth);
    out += "\n";
  };
  std::vector<std::string> header = table.header;
  for (std::string& name : header) name = printable(name);
  add(header, kCellWidth - 1);
  for (const auto& row : table.rows) add(row, std::string::npos);
  return out;
}

std::string difficulty_table(std::span<const std::string> names,
                             std::span<const std::vector<GroupSummary>> sets) {
  std::vector<std::string> levels;
  for (const auto& set : sets) {
    for (const GroupSummary& group : set) levels.push_back(group.difficulty);
  }
  if (levels.empty()) return "";
  std::sort(levels.begin(), levels.end(), difficulty_before);
  levels.erase(std::unique(levels.begin(), levels.end()), levels.end());
  std::string out = padded("difficulty", kLevelWidth, false);
  for (const std::string& name : names)
    out +=
        padded(fitted(printable(name), 10) + " acc %", kLevelCell) + padded("tokens", kLevelCell);
  out += "\n";
  for (const std::string& level : levels) {
    out += padded(printable(level), kLevelWidth, false);
    for (const auto& set : sets) {
      const auto found = std::find_if(set.begin(), set.end(),
                                      [&](const GroupSummary& g) { return g.difficulty == level; });
      out += padded(found == set.end() ? "-" : percent_text(found->summary.accuracy), kLevelCell);
      out += padded(found == set.end() ? "-" : tokens_text(found->summary.tokens), kLevelCell);
    }
    out += "\n";
  }
  return out;
}

std::string comparison_text(const Comparison& comparison, double margin) {
  const PairedDifference& accuracy = comparison.accuracy;
  const bool equal = comparison.within_margin(margin);
  const MarginVerdict verdict = judge_margin(accuracy.interval, margin);
  const PermutationTest test = permutation_test(comparison.accuracy_differences);
  std::string out =
      cat(margin_verdict_name(verdict), ": the interval's lower end ",
          equal ? "clears" : "does not clear", " the margin of ", fixed(100 * margin, 1),
          " points, ", p_text(non_inferiority_p(accuracy, margin)), "\n");
  if (verdict == MarginVerdict::kUndecided) out += needed_text(accuracy, margin);
  return out + cat("accuracy difference  ", fixed(100 * accuracy.mean, 2), " points, 95 % ",
                   range_text(accuracy.interval, 100, 2), ", paired over ", accuracy.num_problems,
                   " problems\n  bootstrap          95 % ",
                   range_text(bootstrap_interval(comparison.accuracy_differences), 100, 2),
                   "\n  permutation test   ", p_text(test.p), " for no difference (", test.method,
                   ")\ntokens difference    ", fixed(comparison.tokens.mean, 1), ", 95 % ",
                   range_text(comparison.tokens.interval, 1, 1), "\ntokens ratio         ",
                   fixed(comparison.token_ratio.ratio, 3), ", 95 % ",
                   range_text(comparison.token_ratio.interval, 1, 3), "\n");
}

}  // namespace laconic
