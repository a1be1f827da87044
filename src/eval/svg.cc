// SPDX-License-Identifier: Apache-2.0
#include "eval/svg.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.h"
#include "eval/svg_parts.h"

namespace laconic {
namespace {

using namespace svg;

// Of what is drawn, so that sums, products and ratios are finite; the least is of logarithms.
constexpr double kLargest = 1e100, kLeast = 1e-30;
constexpr size_t kMaxStrips = 32, kMaxTipLines = 10;

bool is_shown(const Chart& chart, const ChartPoint& point) {
  return std::abs(point.x) < kLargest && std::abs(point.y) < kLargest &&
         (!chart.x_log || point.x >= kLeast);
}

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  void add(double value) {
    if (!(std::abs(value) < kLargest)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  bool empty() const { return !(low <= high); }
  // A range of some width, a little wider than the points.
  void widen(double share) {
    const double width = high - low, size = std::max(std::abs(low), std::abs(high));
    const double by = width > 1e-9 * size ? share * width : std::max(0.1 * size, 0.5);
    low -= by;
    high += by;
  }
};

// The ends of an error bar; the value twice where there is none.
Interval bar(double value, double error, const Interval& interval) {
  if (interval.low < interval.high && std::abs(interval.low) < kLargest &&
      std::abs(interval.high) < kLargest)
    return interval;
  const double half = error > 0 && error < kLargest ? error : 0;
  return {value - half, value + half};
}

Interval across(const ChartPoint& point) { return bar(point.x, point.x_error, point.x_interval); }
Interval along(const ChartPoint& point) { return bar(point.y, point.y_error, point.y_interval); }

struct Plot {
  const Chart& chart;
  Frame frame;
  Axis x, y;
  double inside_x(double value) const { return std::clamp(x.at(value), frame.left, frame.right); }
  double inside_y(double value) const { return std::clamp(y.at(value), frame.top, frame.bottom); }
};

Axis x_axis(const Chart& chart, const Frame& frame, Range range) {
  if (chart.x_log) {
    const double by = std::pow(range.high / range.low, 0.03) * (range.high > range.low ? 1 : 2);
    return {range.low / by, range.high * by, frame.left, frame.right, true};
  }
  range.widen(0.06);
  if (!chart.x_names.empty())
    range = {0.5, static_cast<double>(chart.x_names.size()) + 0.5};
  else if (chart.x_from_zero && range.high > 0)
    range.low = 0;
  return {range.low, range.high, frame.left, frame.right};
}

Axis y_axis(const Chart& chart, const Frame& frame, Range range) {
  range.add(chart.band.low);
  range.add(chart.band.high);
  range.widen(0.1);
  if (std::isfinite(chart.y_low)) range.low = chart.y_low;
  if (std::isfinite(chart.y_high)) range.high = chart.y_high;
  if (!(range.low < range.high)) range.high = range.low + 1;
  return {range.low, range.high, frame.bottom, frame.top};
}

std::string interval_line(double value, const Interval& ends) {
  std::string out = value_text(value);
  return ends.low < ends.high
             ? cat(out, " [", value_text(ends.low), ", ", value_text(ends.high), "]")
             : out;
}

std::string draw_band(const Plot& plot, LabelPlacer& labels) {
  const ChartBand& band = plot.chart.band;
  if (!std::isfinite(band.low) || !std::isfinite(band.high)) return "";
  const double top = plot.inside_y(band.high), bottom = plot.inside_y(band.low);
  std::string out = cat("<rect class=\"band\" x=\"", number(plot.frame.left), "\" y=\"",
                        number(top), "\" width=\"", number(plot.frame.right - plot.frame.left),
                        "\" height=\"", number(std::max(bottom - top, 1.0)), "\"/>");
  return out + labels.beside(plot.frame.left + 2, (top + bottom) / 2, 4, band.label);
}

// From one point to another, clear of both, with a head; labels keep off its line. The label's own
// place is found when those of the points have theirs.
struct Arrow {
  std::string svg;
  double middle_x = 0, middle_y = 0;
};

Arrow draw_arrow(const Plot& plot, LabelPlacer& labels) {
  const ChartArrow& arrow = plot.chart.arrow;
  const double from_x = plot.x.at(arrow.from_x), from_y = plot.y.at(arrow.from_y),
               to_x = plot.x.at(arrow.to_x), to_y = plot.y.at(arrow.to_y);
  const double length = std::hypot(to_x - from_x, to_y - from_y);
  constexpr double kClear = 12, kHead = 9;
  if (!(length > 2 * kClear + kHead)) return {};
  const double ux = (to_x - from_x) / length, uy = (to_y - from_y) / length;
  const double end_x = to_x - kClear * ux, end_y = to_y - kClear * uy;
  const double neck_x = end_x - kHead * ux, neck_y = end_y - kHead * uy;
  const auto corner = [&](double side) {
    return number(neck_x - side * uy) + "," + number(neck_y + side * ux);
  };
  constexpr int kSteps = 24;
  for (int i = 0; i <= kSteps; ++i) {
    const double x = from_x + ux * length * i / kSteps, y = from_y + uy * length * i / kSteps;
    const double wide = std::abs(to_x - from_x) / kSteps / 2 + 1,
                 tall = std::abs(to_y - from_y) / kSteps / 2 + 1;
    labels.avoid({x - wide, y - tall, x + wide, y + tall});
  }
  return {cat(line(from_x + kClear * ux, from_y + kClear * uy, neck_x, neck_y, "class=\"arrow\""),
              "<polygon class=\"arrow-head\" points=\"", number(end_x), ",", number(end_y), " ",
              corner(4.5), " ", corner(-4.5), "\"/>"),
          (from_x + to_x) / 2, (from_y + to_y) / 2};
}

std::string draw_bars(const Plot& plot, const ChartSeries& series, LabelPlacer& labels) {
  const std::string stroke = cat("stroke=\"", colour(series.colour), "\" stroke-width=\"1.5\"");
  std::string out;
  for (const ChartPoint& point : series.points) {
    if (!is_shown(plot.chart, point)) continue;
    const double x = plot.inside_x(point.x), y = plot.inside_y(point.y);
    const Interval wide = across(point), tall = along(point);
    if (tall.low < tall.high) {
      const double low = plot.inside_y(tall.low), high = plot.inside_y(tall.high);
      out += line(x, low, x, high, stroke);
      labels.rather_avoid({x - 2, high, x + 2, low});
    }
    if (wide.low < wide.high && !(plot.chart.x_log && wide.low < kLeast)) {
      const double low = plot.inside_x(wide.low), high = plot.inside_x(wide.high);
      out += line(low, y, high, y, stroke);
      labels.rather_avoid({low, y - 2, high, y + 2});
    }
    if (point.ring)
      out += cat("<circle cx=\"", number(x), "\" cy=\"", number(y), "\" r=\"8\" fill=\"none\" ",
                 stroke, "/>");
    const double reach = point.ring ? 9 : 5;
    if (series.has_dots) labels.avoid({x - reach, y - reach, x + reach, y + reach});
  }
  return out;
}

std::string draw_line(const Plot& plot, const ChartSeries& series) {
  std::string points;
  for (const ChartPoint& point : series.points) {
    if (!is_shown(plot.chart, point)) continue;
    points += cat(points.empty() ? "" : " ", number(plot.x.at(point.x)), ",",
                  number(plot.inside_y(point.y)));
  }
  if (!series.has_line || points.empty()) return "";
  const bool dashed = series.dashed || is_hollow(series.colour);
  return cat("<polyline points=\"", points, "\" fill=\"none\" stroke=\"", colour(series.colour),
             "\" stroke-width=\"2\"", dashed ? " stroke-dasharray=\"5 4\"" : "",
             " stroke-linejoin=\"round\"/>");
}

// Points of a chart without lines show their own values and can take the focus.
std::string draw_dots(const Plot& plot, const ChartSeries& series) {
  std::string out;
  if (!series.has_dots) return out;
  for (const ChartPoint& point : series.points) {
    if (!is_shown(plot.chart, point)) continue;
    const double x = plot.inside_x(point.x), y = plot.inside_y(point.y);
    if (series.has_line) {
      out += dot(x, y, series.colour);
      continue;
    }
    std::vector<std::string> lines = {
        plot.chart.y_label + " " + interval_line(point.y, along(point)),
        plot.chart.x_label + " " + interval_line(point.x, across(point))};
    const std::string& name = point.label.empty() ? series.name : point.label;
    if (!name.empty()) lines.insert(lines.begin(), name);
    out += cat("<g class=\"h\" tabindex=\"0\" role=\"img\" aria-label=\"",
               escape_html(name + ": " + lines[lines.size() - 2] + "; " + lines.back()),
               "\"><circle class=\"hit\" cx=\"", number(x), "\" cy=\"", number(y), "\" r=\"13\"/>",
               dot(x, y, series.colour), tip(plot.frame, x, y, lines), "</g>");
  }
  return out;
}

// What each line has at or nearest to a position.
std::vector<std::string> lines_at(const Chart& chart, double x) {
  std::vector<std::string> lines;
  const bool named =
      !chart.x_names.empty() && x >= 1 && x <= static_cast<double>(chart.x_names.size());
  lines.push_back(chart.x_label + " " +
                  (named ? chart.x_names[static_cast<size_t>(x) - 1] : value_text(x)));
  for (const ChartSeries& series : chart.series) {
    if (lines.size() > kMaxTipLines) break;
    const ChartPoint* nearest = nullptr;
    for (const ChartPoint& point : series.points)
      if (is_shown(chart, point) && (!nearest || std::abs(point.x - x) < std::abs(nearest->x - x)))
        nearest = &point;
    if (!nearest || !series.has_line || (series.name.empty() && chart.series.size() > 1)) continue;
    lines.push_back((series.name.empty() ? chart.y_label : series.name) + " " +
                    value_text(nearest->y));
  }
  return lines;
}

// Strips around some of the positions that the lines have points at.
std::string draw_strips(const Plot& plot) {
  std::set<double> positions;
  for (const ChartSeries& series : plot.chart.series)
    for (const ChartPoint& point : series.points)
      if (series.has_line && is_shown(plot.chart, point)) positions.insert(point.x);
  std::vector<double> at;
  const size_t stride = (positions.size() + kMaxStrips - 1) / kMaxStrips;
  size_t i = 0;
  for (const double x : positions)
    if (i++ % stride == 0) at.push_back(x);
  std::string out;
  for (size_t k = 0; k < at.size(); ++k) {
    const auto between = [&](size_t a, size_t b) {
      return (plot.inside_x(at[a]) + plot.inside_x(at[b])) / 2;
    };
    const double left = k == 0 ? plot.frame.left : between(k - 1, k);
    const double right = k + 1 == at.size() ? plot.frame.right : between(k, k + 1);
    if (right - left < 0.01) continue;
    out += strip(plot.frame, left, right, plot.inside_x(at[k]), lines_at(plot.chart, at[k]));
  }
  return out;
}

std::vector<LegendEntry> legend_of(const Chart& chart) {
  std::vector<LegendEntry> out;
  for (const ChartSeries& series : chart.series) {
    if (series.name.empty()) continue;
    const bool dashed = series.dashed || is_hollow(series.colour);
    out.push_back({series.name, series.colour,
                   !series.has_line ? LegendEntry::Mark::kDot
                   : dashed         ? LegendEntry::Mark::kDashes
                                    : LegendEntry::Mark::kLine});
  }
  return out;
}

// First and last value of each line, each point alone.
std::string description_of(const Chart& chart) {
  std::string out = chart.y_label + " by " + chart.x_label;
  for (const ChartSeries& series : chart.series) {
    if (out.size() > 600) return out + "; ...";
    std::vector<const ChartPoint*> shown;
    for (const ChartPoint& point : series.points)
      if (is_shown(chart, point)) shown.push_back(&point);
    if (shown.empty() || (series.name.empty() && chart.series.size() > 1)) continue;
    out += cat("; ", series.name, series.name.empty() ? "" : " ", value_text(shown.front()->y),
               " at ", value_text(shown.front()->x));
    if (shown.size() > 1)
      out += cat(" to ", value_text(shown.back()->y), " at ", value_text(shown.back()->x));
  }
  return out;
}

std::string draw_labels(const Plot& plot, LabelPlacer& labels) {
  std::string out;
  for (const ChartSeries& series : plot.chart.series)
    for (const ChartPoint& point : series.points)
      if (is_shown(plot.chart, point) && !point.label.empty())
        out += labels.beside(plot.inside_x(point.x), plot.inside_y(point.y), point.ring ? 12 : 9,
                             point.label);
  return out;
}

}  // namespace

std::vector<double> round_ticks(double low, double high, int count) {
  LACONIC_CHECK(low < high && std::isfinite(low) && std::isfinite(high), low, ", ", high);
  const double width = (high / 2 - low / 2) / count * 2;
  const double power = std::pow(10, std::floor(std::log10(width)));
  double step = 10 * power;
  for (const double factor : {5.0, 2.0, 1.0})
    if (factor * power >= width * (1 - 1e-9)) step = factor * power;
  std::vector<double> out;
  const double first = std::ceil(low / step - 1e-9);
  for (int i = 0; i <= 2 * count + 2; ++i) {  // an end even where adding one changes nothing
    const double tick = (first + i) * step;
    if (!(tick <= high + 1e-9 * step)) break;
    out.push_back(tick);
  }
  return out;
}

std::string draw_chart(const Chart& chart) {
  Range x_range, y_range;
  bool has_line = false, can_focus = false;
  for (const ChartSeries& series : chart.series) {
    for (const ChartPoint& point : series.points) {
      if (!is_shown(chart, point)) continue;
      const Interval wide = across(point), tall = along(point);
      for (const double x : {wide.low, wide.high, point.x})
        if (!chart.x_log || x >= kLeast) x_range.add(x);
      for (const double y : {tall.low, tall.high}) y_range.add(y);
      (series.has_line ? has_line : can_focus) = true;
    }
  }
  if (x_range.empty()) return no_data(chart.title);
  const std::vector<LegendEntry> legend = legend_of(chart);
  const Frame frame = frame_of(legend);
  const Plot plot = {chart, frame, x_axis(chart, frame, x_range), y_axis(chart, frame, y_range)};
  LabelPlacer labels(frame);
  std::string lines, bars, dots;
  for (const ChartSeries& series : chart.series) {
    lines += draw_line(plot, series);
    bars += draw_bars(plot, series, labels);
    dots += draw_dots(plot, series);
  }
  const Arrow arrow = draw_arrow(plot, labels);
  std::string names = draw_labels(plot, labels);
  if (!arrow.svg.empty())
    names += labels.beside(arrow.middle_x, arrow.middle_y, 9, chart.arrow.label);
  const std::string band = draw_band(plot, labels);
  return open_chart(frame, chart.title, description_of(chart), legend, can_focus) + band +
         draw_axes(frame, plot.x, plot.y, chart) + lines + arrow.svg + bars + names +
         (has_line && !can_focus ? dots + draw_strips(plot) : dots) + "</svg>";
}

}  // namespace laconic
