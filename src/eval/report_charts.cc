// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "eval/report_parts.h"
#include "eval/statistics.h"
#include "eval/summary.h"

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

std::string figure(const std::string& svg, const std::string& caption) {
  return "<figure>" + svg + "<figcaption>" + escape_html(caption) + "</figcaption></figure>\n";
}

std::string chart_figure(const Chart& chart, const std::string& caption) {
  return has_points(chart) ? figure(draw_chart(chart), caption) : "";
}

std::vector<double> token_counts(const SampleFile& file) {
  std::vector<double> out;
  for (const SampleRecord& record : file.records)
    out.push_back(static_cast<double>(record.num_tokens));
  return out;
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

// One point a difficulty, at 1, 2, ... where the difficulties are names.
std::string difficulty_figures(const RunData::Pair& pair) {
  Chart tokens, accuracy;
  tokens.title = "Tokens by difficulty";
  tokens.y_label = "mean tokens";
  accuracy.title = "Accuracy by difficulty";
  accuracy.y_label = "accuracy, %";
  tokens.x_label = accuracy.x_label = "difficulty";
  std::string order;
  int colour = 0;
  for (const SampleFile* file : {pair.before, pair.after}) {
    const char* name = file == pair.before ? "before" : "after";
    ChartSeries lengths = {.name = name, .colour = colour, .points = {}}, rates = lengths;
    double place = 0;
    for (const GroupSummary& group : summarise_by_difficulty(file->records)) {
      char* end = nullptr;
      const double number = std::strtod(group.difficulty.c_str(), &end);
      const double x = *end == '\0' ? number : ++place;
      if (*end != '\0' && colour == 0) order += (order.empty() ? "" : ", ") + group.difficulty;
      const Summary& s = group.summary;
      lengths.points.push_back({x, s.tokens.mean, 0, s.tokens.se, ""});
      rates.points.push_back({x, 100 * s.accuracy.mean, 0, 100 * s.accuracy.se, ""});
    }
    tokens.series.push_back(lengths);
    accuracy.series.push_back(rates);
    ++colour;
  }
  const std::string caption = "Bars: one standard error, clustered by problem." +
                              (order.empty() ? "" : " In order: " + order + ".");
  return chart_figure(tokens, caption) + chart_figure(accuracy, caption);
}

std::string training_figures(const RunData& run) {
  std::string out;
  Chart loss = step_chart("Loss", "nats per target token", {series_of(run.steps, "loss", "", 0)});
  out += chart_figure(loss, "Mean negative log-likelihood of the step's target tokens.");
  Chart norm = step_chart("Gradient norm", "norm before clipping",
                          {series_of(run.steps, "gradient_norm", "", 2)});
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
  for (const auto& [field, colour] :
       {std::pair("gain_used.short", 1), std::pair("gain_used.long", 0)}) {
    ChartSeries used = series_of(run.mixture, field, "", colour);
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
  ChartSeries accuracy = series_of(run.evals, "accuracy", "", 0),
              tokens = series_of(run.evals, "tokens", "", 1);
  ChartSeries truncated = series_of(run.evals, "truncated_share", "", 2);
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
         chart_figure(step_chart("Tokens on the development set", "mean tokens a reply", {tokens}),
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
  chart.title = "Accuracy against length";
  chart.x_label = "mean tokens a reply";
  chart.y_label = "accuracy, %";
  ChartSeries path = {.name = "in training", .colour = 1, .points = {}};
  for (const Json& eval : run.evals) {
    ChartPoint point = {number_at(eval, "tokens"), 100 * number_at(eval, "accuracy"),
                        number_at(eval, "tokens_se"), 100 * number_at(eval, "accuracy_se"), ""};
    point.ring = is_chosen(eval);
    if (point.ring) point.label = cat("step ", static_cast<int64_t>(number_at(eval, "step")));
    path.points.push_back(point);
  }
  ChartSeries bounds = {.name = "bounds", .colour = 0, .points = {}, .has_line = false};
  for (const auto& [file, label] :
       {std::pair("long-bound", "long"), std::pair("short-bound", "short")}) {
    if (const SampleFile* samples = run.find_samples(file))
      bounds.points.push_back(point_of(measure(samples->records), label));
  }
  chart.series = {path, bounds};
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
  if (const RunData::Pair pair = run.before_and_after()) {
    Histogram tokens;
    tokens.title = "Length of replies";
    tokens.x_label = "tokens";
    tokens.sets = {{"before", token_counts(*pair.before)}, {"after", token_counts(*pair.after)}};
    out += figure(draw_histogram(tokens), "All replies, the truncated ones too.") +
           difficulty_figures(pair);
  }
  return out;
}

}  // namespace laconic
