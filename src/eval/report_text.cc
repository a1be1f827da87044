// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/printable.h"
#include "eval/report.h"
#include "eval/report_parts.h"
#include "eval/report_tables.h"

namespace laconic {
namespace {

constexpr size_t kMaxNameBytes = 30;  // so that a text table of a hundred columns holds it

std::vector<Summary> summaries_of(const RunData& run) {
  std::vector<Summary> out;
  for (const char* name : {"long-bound", "short-bound"}) {
    if (const SampleFile* file = run.find_samples(name))
      out.push_back(summarise(name, file->records));
  }
  if (const RunData::Pair pair = run.before_and_after()) {
    if (pair.before != run.find_samples("long-bound"))
      out.push_back(summarise("before", pair.before->records));
    out.push_back(summarise("after", pair.after->records));
  }
  if (!out.empty()) return out;
  for (const auto& [name, file] : run.samples) {
    if (out.size() < 4 && !file.records.empty()) out.push_back(summarise(name, file.records));
  }
  return out;
}

std::string difficulty_text(const RunData::Pair& pair) {
  const std::vector<std::string> names = {"before", "after"};
  const std::vector<std::vector<GroupSummary>> sets = {
      summarise_by_difficulty(pair.before->records), summarise_by_difficulty(pair.after->records)};
  return difficulty_table(names, sets);
}

std::string run_text(const RunData& run, double margin) {
  const RunData::Pair pair = run.before_and_after();
  std::string out = printable(run.name) + "\n" + summary_table(summaries_of(run));
  const std::string difficulty = difficulty_text(pair);
  if (!difficulty.empty()) out += "\n" + difficulty;
  return out + "\n" +
         comparison_text(compare_samples(pair.before->records, pair.after->records), margin) + "\n";
}

Table columns_of(const Table& table, const std::vector<size_t>& columns) {
  Table out;
  const auto pick = [&](const std::vector<std::string>& row) {
    std::vector<std::string> cells;
    for (const size_t column : columns)
      cells.push_back(column == 0 ? cut_text(row[0], kMaxNameBytes) : row[column]);
    return cells;
  };
  out.header = pick(table.header);
  for (const auto& row : table.rows) out.rows.push_back(pick(row));
  return out;
}

// The comparison in two tables, as one would be wider than a terminal.
std::string group_text(const ReportGroup& group, double margin) {
  const Table table = comparison_table(group, margin);
  return cat(table.title, "\n", table_text(columns_of(table, {0, 1, 2, 3})), "\n",
             table_text(columns_of(table, {0, 4, 5, 6, 7})), "\n");
}

std::vector<Table> all_tables(const ReportInput& input) {
  const ReportSystems systems = report_systems(input.runs);
  std::vector<Table> out;
  if (systems.groups.size() > 1) out.push_back(benchmark_table(systems));
  for (const ReportGroup& group : systems.groups) {
    out.push_back(comparison_table(group, input.margin));
    if (Table table = difficulty_table(group); !table.rows.empty()) out.push_back(std::move(table));
    out.push_back(budget_table(group));
    out.push_back(measures_table(group));
  }
  return out;
}

}  // namespace

std::string report_table(const ReportInput& input) {
  std::string out;
  bool all_pairs = true;
  for (const RunData& run : input.runs) {
    if (run.before_and_after())
      out += run_text(run, input.margin);
    else
      all_pairs = false;
  }
  if (all_pairs && input.runs.size() == 1) return out;
  const ReportSystems systems = report_systems(input.runs);
  if (systems.groups.size() > 1) out += table_text(benchmark_table(systems)) + "\n";
  for (const ReportGroup& group : systems.groups) out += group_text(group, input.margin);
  return out +
         "Brackets: 95 % intervals; difference and ratio to the first, in pairs; *: on the "
         "frontier.\n";
}

std::string report_markdown(const ReportInput& input) {
  std::string out;
  for (const Table& table : all_tables(input))
    out += (out.empty() ? "" : "\n") + table_markdown(table);
  return out;
}

std::string report_latex(const ReportInput& input) {
  std::string out;
  for (const Table& table : all_tables(input))
    out += (out.empty() ? "" : "\n") + table_latex(table);
  return out;
}

}  // namespace laconic
