// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>

#include "base/error.h"
#include "eval/budget.h"
#include "eval/report_parts.h"
#include "eval/report_tables.h"

namespace laconic {
namespace {

constexpr int kGrey = kNumColours - 1;  // of the line along the frontier

std::vector<int> dots_of(const ReportGroup& group) {
  std::vector<int> out;
  for (const ReportSet& set : group.sets) out.push_back(chart_colour(set.system));
  return out;
}

std::string figure(const std::string& svg, const std::string& caption) {
  return "<figure>" + svg + "<figcaption>" + escape_html(caption) + "</figcaption></figure>\n";
}

ChartPoint frontier_point(const ReportSet& set) {
  ChartPoint point;
  point.x = set.summary.tokens.mean;
  point.y = 100 * set.summary.accuracy.mean;
  point.x_interval = set.summary.all.mean_interval;
  point.y_interval = {100 * set.summary.accuracy_interval.low,
                      100 * set.summary.accuracy_interval.high};
  point.label = cut_text(set.name, 24);
  point.ring = set.on_frontier;
  return point;
}

std::string on(const std::string& title, const ReportGroup& group) {
  return group.benchmark.empty() ? title : title + ", " + group.benchmark;
}

// Under every budget up to the longest reply that any system gave.
Chart budget_chart(const ReportGroup& group) {
  Chart chart;
  chart.title = on("Accuracy under a token budget", group);
  chart.x_label = "budget, tokens a reply";
  chart.y_label = "accuracy, %";
  chart.x_from_zero = true;
  chart.y_low = 0;
  int64_t longest = 0;
  for (const ReportSet& set : group.sets)
    for (const SampleRecord& record : set.file->records)
      longest = std::max(longest, record.num_tokens);
  for (const ReportSet& set : group.sets) {
    ChartSeries series = {
        .name = "", .colour = chart_colour(set.system), .points = {}, .has_dots = false};
    std::vector<int64_t> budgets = budget_grid(set.file->records);
    if (budgets.back() < longest) budgets.push_back(longest);
    for (const BudgetPoint& at : budget_curve(set.file->records, budgets))
      series.points.push_back(
          {.x = static_cast<double>(at.budget_tokens), .y = 100 * at.accuracy.mean, .label = ""});
    chart.series.push_back(series);
  }
  return chart;
}

// The settings that the numbers stand for, each with the systems sampled under it.
std::string settings_html(const ReportGroup& group) {
  std::map<std::string, std::string> names_by_setting;
  for (const ReportSet& set : group.sets) {
    const std::string setting = setting_text(set.file->header);
    if (setting.empty()) continue;
    std::string& names = names_by_setting[setting];
    const Json* model = set.file->header.find("model");
    names += (names.empty() ? "" : ", ") + set.name;
    if (model && model->is_string()) names += " (" + model->as_string("") + ")";
  }
  std::string out;
  for (const auto& [setting, names] : names_by_setting)
    out += cat("<p class=\"muted\">", escape_html(names), ": ", escape_html(setting), "</p>\n");
  return out;
}

std::string group_html(const ReportGroup& group, double margin) {
  std::string out = table_html(comparison_table(group, margin), dots_of(group));
  out += settings_html(group);
  for (const std::string& warning : setting_warnings(group))
    out += "<p class=\"warning\">" + escape_html(warning) + "</p>\n";
  out += "<div class=\"figures\">\n";
  out +=
      figure(draw_chart(systems_chart(group)),
             "Bars: 95 % intervals, clustered by problem. Rings and the dashed line: the frontier, "
             "systems that no other beats in both.");
  out += figure(draw_chart(budget_chart(group)),
                "What a smaller cap would have given: a longer reply is cut and counts as wrong. "
                "Colours as in the table.");
  out += "</div>\n";
  const Table difficulty = difficulty_table(group);
  if (!difficulty.rows.empty()) out += table_html(difficulty);
  return out + "<details><summary>All measures and verdict reasons</summary>\n" +
         table_html(budget_table(group)) + table_html(measures_table(group)) +
         table_html(reasons_table(group)) + "</details>\n";
}

}  // namespace

int chart_colour(size_t system) { return static_cast<int>(system % (kNumColours - 1)); }

Chart systems_chart(const ReportGroup& group) {
  Chart chart;
  chart.title = on("Accuracy against length", group);
  chart.x_label = "mean tokens a reply";
  chart.y_label = "accuracy, %";
  chart.x_from_zero = true;
  ChartSeries frontier = {
      .name = "", .colour = kGrey, .points = {}, .has_dots = false, .dashed = true};
  for (const ReportSet& set : group.sets) {
    if (!set.on_frontier) continue;
    ChartPoint corner;
    corner.x = set.summary.tokens.mean;
    corner.y = 100 * set.summary.accuracy.mean;
    frontier.points.push_back(corner);
  }
  std::sort(frontier.points.begin(), frontier.points.end(),
            [](const ChartPoint& a, const ChartPoint& b) { return a.x < b.x; });
  chart.series.push_back(frontier);
  for (const ReportSet& set : group.sets)
    chart.series.push_back({.name = "",
                            .colour = chart_colour(set.system),
                            .points = {frontier_point(set)},
                            .has_line = false});
  return chart;
}

std::string comparison_section(const ReportSystems& systems, double margin) {
  std::string out = "<section>";
  if (systems.groups.size() > 1) {
    std::vector<int> dots;
    for (size_t i = 0; i < systems.names.size(); ++i) dots.push_back(chart_colour(i));
    out += table_html(benchmark_table(systems), dots);
  }
  for (const ReportGroup& group : systems.groups) out += group_html(group, margin);
  return out + "</section>\n";
}

}  // namespace laconic
