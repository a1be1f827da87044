// SPDX-License-Identifier: Apache-2.0
#include "eval/report_tables.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>

#include "base/error.h"
#include "base/format.h"
#include "eval/budget.h"
#include "eval/paired_tests.h"

namespace laconic {
namespace {

std::string in(const std::string& benchmark) {
  return benchmark.empty() ? "" : cat(" on ", benchmark);
}

std::string tokens_interval(const Summary& summary) {
  return interval_text(summary.tokens.mean, summary.all.mean_interval, 1, 0);
}

std::string accuracy_interval(const Summary& summary) {
  return interval_text(summary.accuracy.mean, summary.accuracy_interval, 100, 1);
}

const char* short_verdict(MarginVerdict verdict) {
  switch (verdict) {
    case MarginVerdict::kNotInferior:
      return "yes";
    case MarginVerdict::kInferior:
      return "no, lost";
    case MarginVerdict::kUndecided:
      break;
  }
  return "not shown";
}

std::vector<std::string> levels_of(const std::vector<std::vector<GroupSummary>>& sets) {
  std::vector<std::string> levels;
  for (const auto& set : sets)
    for (const GroupSummary& group : set) levels.push_back(group.difficulty);
  std::sort(levels.begin(), levels.end(), difficulty_before);
  levels.erase(std::unique(levels.begin(), levels.end()), levels.end());
  return levels;
}

}  // namespace

Table comparison_table(const ReportGroup& group, double margin) {
  Table table;
  table.title = cat("Side by side", in(group.benchmark));
  table.header = {"system",      "accuracy %", "difference, points", "tokens",
                  "token ratio", "median",     "truncated %",        "equal accuracy"};
  for (const ReportSet& set : group.sets) {
    const Summary& s = set.summary;
    std::vector<std::string> row = {set.name + (set.on_frontier ? " *" : ""), accuracy_interval(s)};
    const Comparison* c = set.to_first ? &*set.to_first : nullptr;
    row.push_back(c ? interval_text(c->accuracy.mean, c->accuracy.interval, 100, 1) : "-");
    row.push_back(tokens_interval(s));
    row.push_back(c ? interval_text(c->token_ratio.ratio, c->token_ratio.interval, 1, 2) : "-");
    row.push_back(fixed(s.median_tokens, 0));
    row.push_back(fixed(100 * s.truncated.mean, 1));
    row.push_back(c ? short_verdict(judge_margin(c->accuracy.interval, margin)) : "-");
    table.rows.push_back(row);
  }
  const Summary& first = group.sets.front().summary;
  table.note = cat(first.accuracy.num_problems, " problems, ", first.accuracy.num_samples,
                   " replies of the first system. Brackets: 95 % intervals, clustered by problem. ",
                   "Difference and ratio: to the first system, in pairs over the same problems; ",
                   "equal accuracy: at a margin of ", fixed(100 * margin, 1), " points. ",
                   "*: no other is as right with fewer tokens.");
  return table;
}

Table benchmark_table(const ReportSystems& systems) {
  Table table;
  table.title = "By benchmark";
  table.header = {"system"};
  for (const ReportGroup& group : systems.groups) {
    table.header.push_back((group.benchmark.empty() ? "other" : group.benchmark) + " %");
    table.header.push_back("tokens");
  }
  table.header.insert(table.header.end(), {"mean %", "tokens"});
  for (size_t system = 0; system < systems.names.size(); ++system) {
    std::vector<std::string> row = {systems.names[system]};
    double accuracy = 0, tokens = 0;
    size_t count = 0;
    for (const ReportGroup& group : systems.groups) {
      const auto set = std::find_if(group.sets.begin(), group.sets.end(),
                                    [&](const ReportSet& s) { return s.system == system; });
      const bool there = set != group.sets.end();
      row.push_back(there ? percent_text(set->summary.accuracy) : "-");
      row.push_back(there ? fixed(set->summary.tokens.mean, 0) : "-");
      if (!there) continue;
      accuracy += set->summary.accuracy.mean;
      tokens += set->summary.tokens.mean;
      ++count;
    }
    const bool whole = count == systems.groups.size();
    row.push_back(whole ? fixed(100 * accuracy / static_cast<double>(count), 1) : "-");
    row.push_back(whole ? fixed(tokens / static_cast<double>(count), 0) : "-");
    table.rows.push_back(row);
  }
  table.note =
      "+- is one standard error, clustered by problem; the mean weighs benchmarks equally.";
  return table;
}

Table difficulty_table(const ReportGroup& group) {
  Table table;
  table.title = cat("By difficulty", in(group.benchmark));
  table.header = {"difficulty"};
  std::vector<std::vector<GroupSummary>> sets;
  for (const ReportSet& set : group.sets) {
    sets.push_back(summarise_by_difficulty(set.file->records));
    table.header.push_back(set.name + " %");
    table.header.push_back("tokens");
  }
  for (const std::string& level : levels_of(sets)) {
    std::vector<std::string> row = {level};
    for (const auto& set : sets) {
      const auto found = std::find_if(set.begin(), set.end(),
                                      [&](const GroupSummary& g) { return g.difficulty == level; });
      row.push_back(found == set.end() ? "-" : percent_text(found->summary.accuracy));
      row.push_back(found == set.end() ? "-" : tokens_text(found->summary.tokens));
    }
    table.rows.push_back(row);
  }
  table.note = "+- is one standard error, clustered by problem.";
  return table;
}

Table budget_table(const ReportGroup& group) {
  constexpr int64_t kLeast = 64, kRows = 8;
  int64_t longest = 0;
  for (const ReportSet& set : group.sets)
    for (const SampleRecord& record : set.file->records)
      longest = std::max(longest, record.num_tokens);
  int64_t last = kLeast;
  while (last < longest) last *= 2;
  std::vector<int64_t> budgets;
  for (int64_t budget = std::max(kLeast, last >> (kRows - 1)); budget <= last; budget *= 2)
    budgets.push_back(budget);
  Table table;
  table.title = cat("Accuracy under a token budget", in(group.benchmark));
  table.header = {"budget, tokens"};
  for (const int64_t budget : budgets) table.rows.push_back({cat(budget)});
  for (const ReportSet& set : group.sets) {
    table.header.push_back(set.name + " %");
    const std::vector<BudgetPoint> curve = budget_curve(set.file->records, budgets);
    for (size_t i = 0; i < curve.size(); ++i)
      table.rows[i].push_back(percent_text(curve[i].accuracy));
  }
  table.note =
      "A reply longer than the budget is cut and counts as wrong. +- is one standard error, "
      "clustered "
      "by problem.";
  return table;
}

Table measures_table(const ReportGroup& group) {
  std::vector<Summary> summaries;
  for (const ReportSet& set : group.sets) summaries.push_back(set.summary);
  Table table = summary_measures(summaries);
  table.title = cat("All measures", in(group.benchmark));
  table.note = "+- is one standard error, clustered by problem; brackets are 95 % intervals.";
  return table;
}

Table reasons_table(const ReportGroup& group) {
  Table table;
  table.title = cat("Verdict reasons", in(group.benchmark));
  table.header = {"verdict: reason"};
  std::map<std::string, std::vector<int64_t>> counts;
  for (size_t i = 0; i < group.sets.size(); ++i) {
    table.header.push_back(group.sets[i].name);
    for (const SampleRecord& record : group.sets[i].file->records) {
      std::vector<int64_t>& row = counts[cat(record.verdict, ": ", record.reason)];
      row.resize(group.sets.size());
      ++row[i];
    }
  }
  for (const auto& [reason, numbers] : counts) {
    std::vector<std::string> row = {reason};
    for (const int64_t number : numbers) row.push_back(cat(number));
    table.rows.push_back(row);
  }
  table.note = "Replies, as counted.";
  return table;
}

}  // namespace laconic
