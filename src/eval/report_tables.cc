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

constexpr size_t kMaxReasons = 60;  // rows of a table; the verifier knows fewer

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

}  // namespace

Table comparison_table(const ReportGroup& group, double margin) {
  Table table;
  table.title = cat("Side by side", in(group.benchmark));
  table.header = {"system", "equal accuracy", "accuracy %", "difference, points",
                  "tokens", "token ratio",    "median",     "truncated %"};
  for (const ReportSet& set : group.sets) {
    const Summary& s = set.summary;
    const Comparison* c = set.to_first ? &*set.to_first : nullptr;
    table.rows.push_back(
        {set.name + (set.on_frontier ? " *" : ""),
         c ? short_verdict(judge_margin(c->accuracy.interval, margin)) : "-", accuracy_interval(s),
         c ? interval_text(c->accuracy.mean, c->accuracy.interval, 100, 1) : "-",
         tokens_interval(s),
         c ? interval_text(c->token_ratio.ratio, c->token_ratio.interval, 1, 2) : "-",
         fixed(s.median_tokens, 0), fixed(100 * s.truncated.mean, 1)});
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
  std::vector<std::vector<const ReportSet*>> sets_of;  // by group and system
  for (const ReportGroup& group : systems.groups) {
    sets_of.emplace_back(systems.names.size(), nullptr);
    for (const ReportSet& set : group.sets) sets_of.back()[set.system] = &set;
  }
  for (size_t system = 0; system < systems.names.size(); ++system) {
    std::vector<std::string> row = {systems.names[system]};
    double accuracy = 0, tokens = 0;
    size_t count = 0;
    for (const auto& sets : sets_of) {
      const ReportSet* set = sets[system];
      const bool there = set != nullptr;
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
  bool is_cut = false;
  for (const ReportSet& set : group.sets) {
    table.header.push_back(set.name + " %");
    table.header.push_back("tokens");
    is_cut = is_cut || set.levels.size() == kMaxLevels;
  }
  const std::vector<std::string> levels = levels_of(group);
  for (const std::string& level : levels) table.rows.push_back({level});
  for (const ReportSet& set : group.sets) {
    size_t row = 0;
    for (const GroupSummary& level : set.levels) {  // in the order of the rows
      for (; levels[row] != level.difficulty; ++row)
        table.rows[row].insert(table.rows[row].end(), {"-", "-"});
      table.rows[row].push_back(percent_text(level.summary.accuracy));
      table.rows[row++].push_back(tokens_text(level.summary.tokens));
    }
    for (; row < levels.size(); ++row) table.rows[row].insert(table.rows[row].end(), {"-", "-"});
  }
  table.note = "+- is one standard error, clustered by problem.";
  if (is_cut) table.note += cat(" The ", kMaxLevels, " difficulties with the most replies.");
  return table;
}

Table budget_table(const ReportGroup& group) {
  int64_t longest = 0;
  for (const ReportSet& set : group.sets)
    longest = std::max(longest, longest_reply(set.file->records));
  const std::vector<int64_t> budgets = doubling_budgets(longest);
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
    if (table.rows.size() == kMaxReasons) break;
    std::vector<std::string> row = {reason};
    for (const int64_t number : numbers) row.push_back(cat(number));
    table.rows.push_back(row);
  }
  table.note = "Replies, as counted.";
  if (counts.size() > kMaxReasons)
    table.note += cat(" The first ", kMaxReasons, " of ", counts.size(), " reasons.");
  return table;
}

}  // namespace laconic
