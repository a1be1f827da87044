// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <tuple>

#include "base/error.h"
#include "eval/report_parts.h"
#include "eval/statistics.h"

namespace laconic {
namespace {

constexpr size_t kMaxLinePoints = 600;  // longer logs are drawn as means of neighbouring rows

ChartPoint point_of(const Measurement& measured, std::string label) {
  return {measured.tokens, 100 * measured.accuracy, measured.tokens_se, 100 * measured.accuracy_se,
          std::move(label)};
}

bool is_chosen(const Json& eval) {
  const Json* chosen = eval.find("chosen");
  return chosen && chosen->is_boolean() && chosen->as_boolean("");
}

// `y` of each row against its step.
ChartSeries series_of(const std::vector<Json>& rows, const std::string& field,
                      const std::string& name, int colour) {
  ChartSeries out = {.name = name, .colour = colour, .points = {}};
  const size_t stride = (rows.size() + kMaxLinePoints - 1) / kMaxLinePoints;
  for (size_t i = 0; i < rows.size(); i += stride) {
    ChartPoint point;
    double count = 0;
    for (size_t j = i; j < std::min(i + stride, rows.size()); ++j) {
      const double y = number_at(rows[j], field);
      if (!std::isfinite(y)) continue;
      point.x += number_at(rows[j], "step");
      point.y += y;
      ++count;
    }
    point.x /= count;  // no row with a number: not finite, left out
    point.y /= count;
    out.points.push_back(point);
  }
  out.has_dots = rows.size() <= 60;
  return out;
}

void add_errors(ChartSeries& series, const std::vector<Json>& rows, const std::string& field) {
  if (series.points.size() != rows.size()) return;
  for (size_t i = 0; i < rows.size(); ++i) series.points[i].y_error = number_at(rows[i], field);
}

bool has_points(const Chart& chart) {
  for (const ChartSeries& series : chart.series) {
    for (const ChartPoint& point : series.points) {
      if (std::isfinite(point.x) && std::isfinite(point.y)) return true;
    }
  }
  return false;
}

std::string chart_figure(const Chart& chart, const std::string& caption) {
  return has_points(chart) ? figure_html(draw_chart(chart), caption) : "";
}

Chart step_chart(const std::string& title, const std::string& y_label,
                 std::vector<ChartSeries> series) {
  Chart chart;
  chart.title = title;
  chart.x_label = "step";
  chart.y_label = y_label;
  chart.series = std::move(series);
  chart.x_from_zero = true;
  return chart;
}

std::string training_figures(const RunData& run) {
  std::string out;
  Chart loss =
      step_chart("Loss", "nats per target token", {series_of(run.steps, "loss", "loss", 0)});
  out += chart_figure(loss, "Mean negative log-likelihood of the step's target tokens.");
  Chart norm = step_chart("Gradient norm", "norm before clipping",
                          {series_of(run.steps, "gradient_norm", "norm", 2)});
  return out + chart_figure(norm, "Euclidean norm over all parameters.");
}

std::string mixture_figures(const RunData& run) {
  Chart mixture = step_chart("Mixture", "probability of the next row",
                             {series_of(run.mixture, "alpha.short", "short", 1),
                              series_of(run.mixture, "alpha.long", "long", 0)});
  mixture.y_low = 0;
  mixture.y_high = 1;
  std::vector<ChartSeries> gains = {series_of(run.mixture, "gain_raw.short", "short", 1),
                                    series_of(run.mixture, "gain_raw.long", "long", 0)};
  add_errors(gains[0], run.mixture, "gain_se.short");
  add_errors(gains[1], run.mixture, "gain_se.long");
  for (const auto& [field, name, colour] : {std::tuple("gain_used.short", "short, as used", 1),
                                            std::tuple("gain_used.long", "long, as used", 0)}) {
    ChartSeries used = series_of(run.mixture, field, name, colour);
    used.dashed = true;
    used.has_dots = false;
    gains.push_back(used);
  }
  return chart_figure(mixture, "Weights of the two domains after each evaluation.") +
         chart_figure(step_chart("Gains", "gain", gains),
                      "Solid: raw, with one standard error; dashed: as used by the update. Short: "
                      "length still to save; "
                      "long: accuracy to win back.");
}

std::string evaluation_figures(const RunData& run) {
  ChartSeries accuracy = series_of(run.evals, "accuracy", "accuracy", 0),
              tokens = series_of(run.evals, "tokens", "tokens", 1);
  ChartSeries truncated = series_of(run.evals, "truncated_share", "truncated", 2);
  add_errors(accuracy, run.evals, "accuracy_se");
  add_errors(tokens, run.evals, "tokens_se");
  for (ChartSeries* series : {&accuracy, &tokens}) {
    for (size_t i = 0; i < run.evals.size() && i < series->points.size(); ++i)
      series->points[i].ring = is_chosen(run.evals[i]);
  }
  for (ChartPoint& point : accuracy.points) {
    point.y *= 100;
    point.y_error *= 100;
  }
  for (ChartPoint& point : truncated.points) point.y *= 100;
  Chart cut = step_chart("Truncated replies", "%", {truncated});
  cut.y_low = 0;
  return chart_figure(step_chart("Accuracy on the development set", "%", {accuracy}),
                      "Bars: one standard error; ring: the chosen checkpoint.") +
         chart_figure(step_chart("Tokens on the development set", "tokens a reply", {tokens}),
                      "Bars: one standard error; ring: the chosen checkpoint.") +
         chart_figure(cut, "Share of replies that ran into the cap.");
}

}  // namespace

double number_at(const Json& row, const std::string& path) {
  const size_t dot = path.find('.');
  const Json* value = row.find(path.substr(0, dot));
  if (value && dot != std::string::npos) value = value->find(path.substr(dot + 1));
  return value && value->is_number() ? value->as_number("") : kNone;
}

Chart frontier_chart(const RunData& run) {
  Chart chart;
  chart.title = "Development set: accuracy against length";
  chart.x_label = "tokens a reply";
  chart.y_label = "accuracy, %";
  ChartSeries path = {.name = "in training", .colour = 1, .points = {}};
  for (const Json& eval : run.evals) {
    ChartPoint point = {number_at(eval, "tokens"), 100 * number_at(eval, "accuracy"),
                        number_at(eval, "tokens_se"), 100 * number_at(eval, "accuracy_se"), ""};
    point.ring = is_chosen(eval);
    if (point.ring) point.label = cat("step ", static_cast<int64_t>(number_at(eval, "step")));
    path.points.push_back(point);
  }
  chart.series = {path};
  for (const auto& [file, label, colour] :
       {std::tuple("long-bound", "long model", 0), std::tuple("short-bound", "short model", 2)}) {
    if (const SampleFile* samples = run.find_samples(file))
      chart.series.push_back({.name = label,
                              .colour = colour,
                              .points = {point_of(measure(samples->records), label)},
                              .has_line = false});
  }
  chart.x_from_zero = true;
  return chart;
}

std::string run_figures(const RunData& run) {
  std::string out = chart_figure(frontier_chart(run),
                                 "Development set. Bars: one standard error, clustered by problem; "
                                 "ring: the chosen checkpoint.");
  out += mixture_figures(run);
  out += evaluation_figures(run);
  out += training_figures(run);
  return out;
}

}  // namespace laconic
