// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/error.h"
#include "base/format.h"
#include "eval/budget.h"
#include "eval/report_parts.h"
#include "eval/report_tables.h"

namespace laconic {
namespace {

constexpr int kGrey = kNumColours - 1;  // of the line along the frontier
constexpr size_t kMaxDrawn = 14;        // systems in one chart of lines
constexpr size_t kMaxNamedLevels = 14;  // difficulties with a place and a name each on an axis

std::vector<int> dots_of(const ReportGroup& group) {
  std::vector<int> out;
  for (const ReportSet& set : group.sets) out.push_back(chart_colour(set.system) % kNumColours);
  return out;
}

std::string on(const std::string& title, const ReportGroup& group) {
  return group.benchmark.empty() ? title : title + ", " + cut_text(group.benchmark, 24);
}

std::string short_name(const ReportSet& set) { return cut_text(set.name, 28); }

ChartPoint frontier_point(const ReportSet& set) {
  ChartPoint point;
  point.x = set.summary.tokens.mean;
  point.y = 100 * set.summary.accuracy.mean;
  point.x_interval = set.summary.all.mean_interval;
  point.y_interval = {100 * set.summary.accuracy_interval.low,
                      100 * set.summary.accuracy_interval.high};
  point.label = short_name(set);
  point.ring = set.on_frontier;
  return point;
}

// Systems of a chart of lines or areas, which more than a few would fill.
std::vector<const ReportSet*> drawn_sets(const ReportGroup& group) {
  std::vector<const ReportSet*> out;
  for (const ReportSet& set : group.sets)
    if (out.size() < kMaxDrawn) out.push_back(&set);
  return out;
}

std::string group_html(const ReportGroup& group, const ReportInput& input) {
  const std::string id = slug(group.benchmark);
  std::string out = cat(
      "<section>", heading(2, id.empty() ? "result" : id, id.empty() ? "Result" : group.benchmark));
  out += lead_section(group, input) +
         table_html(comparison_table(group, input.margin), dots_of(group));
  out += "<div class=\"figures\">\n" +
         figure_html(
             draw_chart(budget_chart(group)),
             "What a smaller cap would have given: a longer reply is cut and counts as wrong.");
  for (const Chart& chart : difficulty_charts(group))
    out += figure_html(draw_chart(chart), "Bars: one standard error, clustered by problem.");
  out += "</div>\n";
  const Table difficulty = difficulty_table(group);
  if (!difficulty.rows.empty()) out += table_html(difficulty);
  return out + "<details><summary>All measures, budgets and verdict reasons</summary>\n" +
         table_html(budget_table(group)) + table_html(measures_table(group)) +
         table_html(reasons_table(group)) + "</details></section>\n";
}

bool is_number(const std::string& text, double& value) {
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  return result.ec == std::errc() && result.ptr == text.data() + text.size();
}

}  // namespace

int chart_colour(size_t system) {
  const size_t round = system / (kNumColours - 1), place = system % (kNumColours - 1);
  return static_cast<int>(round % 2 * kNumColours + place);
}

std::string figure_html(const std::string& svg, const std::string& caption) {
  return "<figure>" + svg + "<figcaption>" + escape_html(caption) + "</figcaption></figure>\n";
}

Chart systems_chart(const ReportGroup& group, double margin) {
  Chart chart;
  chart.title = on("Accuracy against length", group);
  chart.x_label = "tokens a reply";
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
    chart.series.push_back({.name = short_name(set),
                            .colour = chart_colour(set.system),
                            .points = {frontier_point(set)},
                            .has_line = false});
  const ReportSet* after = after_of(group, margin);
  if (!after) return chart;
  const Summary &first = group.sets.front().summary, &last = after->summary;
  chart.band = {100 * (first.accuracy.mean - margin), 100 * first.accuracy.mean,
                cat("equal: within ", fixed(100 * margin, 1), " points")};
  const double saved = 100 * (1 - after->to_first->token_ratio.ratio);
  chart.arrow = {first.tokens.mean, 100 * first.accuracy.mean, last.tokens.mean,
                 100 * last.accuracy.mean,
                 std::isfinite(saved)
                     ? cat(saved >= 0 ? "\u2212" : "+", fixed(std::abs(saved), 0), " % tokens")
                     : std::string()};
  return chart;
}

// From half the first percentile of lengths on, in equal ratios: the axis is a logarithm.
Chart budget_chart(const ReportGroup& group) {
  Chart chart;
  chart.title = on("Accuracy under a token budget", group);
  chart.x_label = "budget, tokens a reply";
  chart.y_label = "accuracy, %";
  chart.x_log = true;
  chart.y_low = 0;
  int64_t longest = 1;
  double least = 1e18;
  for (const ReportSet* set : drawn_sets(group)) {
    longest = std::max(longest, longest_reply(set->file->records));
    std::vector<double> lengths;
    for (const SampleRecord& record : set->file->records)
      lengths.push_back(static_cast<double>(record.num_tokens));
    least = std::min(least, quantile(std::move(lengths), 0.01) / 2);
  }
  const auto low =
      static_cast<int64_t>(std::clamp(least, 1.0, static_cast<double>(longest) / 2 + 1));
  const std::vector<int64_t> budgets = budget_grid(std::min(low, longest), longest);
  for (const ReportSet* set : drawn_sets(group)) {
    ChartSeries series = {.name = short_name(*set),
                          .colour = chart_colour(set->system),
                          .points = {},
                          .has_dots = false};
    for (const BudgetPoint& at : budget_curve(set->file->records, budgets))
      series.points.push_back(
          {.x = static_cast<double>(at.budget_tokens), .y = 100 * at.accuracy.mean, .label = ""});
    chart.series.push_back(series);
  }
  return chart;
}

Histogram length_histogram(const ReportGroup& group) {
  Histogram out;
  out.title = on("Length of replies", group);
  out.x_label = "tokens";
  for (const ReportSet* set : drawn_sets(group)) {
    HistogramSet one = {short_name(*set), chart_colour(set->system), {}};
    for (const SampleRecord& record : set->file->records)
      one.values.push_back(static_cast<double>(record.num_tokens));
    out.sets.push_back(std::move(one));
  }
  return out;
}

std::vector<Chart> difficulty_charts(const ReportGroup& group) {
  const std::vector<std::string> levels = levels_of(group);
  if (levels.empty()) return {};
  double unused = 0;
  const bool by_number = levels.size() > kMaxNamedLevels &&
                         std::all_of(levels.begin(), levels.end(),
                                     [&](const auto& l) { return is_number(l, unused); });
  Chart tokens, accuracy;
  tokens.title = on("Tokens by difficulty", group);
  tokens.y_label = "tokens a reply";
  accuracy.title = on("Accuracy by difficulty", group);
  accuracy.y_label = "accuracy, %";
  tokens.x_label = accuracy.x_label = "difficulty";
  if (!by_number)
    for (const std::string& level : levels) tokens.x_names.push_back(cut_text(level, 14));
  accuracy.x_names = tokens.x_names;
  for (const ReportSet* set : drawn_sets(group)) {
    ChartSeries lengths = {
        .name = short_name(*set), .colour = chart_colour(set->system), .points = {}};
    ChartSeries rates = lengths;
    for (const GroupSummary& level : set->levels) {
      const auto at =
          std::lower_bound(levels.begin(), levels.end(), level.difficulty, difficulty_before);
      double x = static_cast<double>(at - levels.begin()) + 1;
      if (by_number) is_number(level.difficulty, x);
      const Summary& s = level.summary;
      lengths.points.push_back({x, s.tokens.mean, 0, s.tokens.se, ""});
      rates.points.push_back({x, 100 * s.accuracy.mean, 0, 100 * s.accuracy.se, ""});
    }
    tokens.series.push_back(std::move(lengths));
    accuracy.series.push_back(std::move(rates));
  }
  return {tokens, accuracy};
}

std::string comparison_section(const ReportSystems& systems, const ReportInput& input) {
  std::string out;
  if (systems.groups.size() > 1) {
    std::vector<int> dots;
    for (size_t i = 0; i < systems.names.size(); ++i) dots.push_back(chart_colour(i) % kNumColours);
    out += table_html(benchmark_table(systems), dots);
  }
  for (const ReportGroup& group : systems.groups) out += group_html(group, input);
  return out;
}

}  // namespace laconic
