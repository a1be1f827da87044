// SPDX-License-Identifier: Apache-2.0
#include "eval/svg.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/error.h"

namespace laconic {
namespace {

constexpr double kWidth = 480, kHeight = 300;
constexpr double kLeft = 54, kRight = 466, kTop = 52, kBottom = 256;

std::string unit_text(double value) {  // a position, two decimals at most
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", value);
  std::string out = text;
  while (out.back() == '0') out.pop_back();
  if (out.back() == '.') out.pop_back();
  return out == "-0" ? "0" : out;
}

std::string tick_text(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", std::abs(value) < 1e-12 ? 0.0 : value);
  return text;
}

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  void add(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  bool empty() const { return !(low <= high); }
  // A range of some width, a little wider than the points.
  void widen(double share) {
    const double width = high - low;
    const double by = width > 0 ? share * width : std::max(std::abs(high) * 0.1, 0.5);
    low -= by;
    high += by;
  }
};

struct Axis {
  double low, high, from, to;  // values, then positions
  double at(double value) const { return from + (value - low) / (high - low) * (to - from); }
};

// The ends of an error bar; the value twice where there is none.
Interval bar(double value, double error, const Interval& interval) {
  if (interval.low < interval.high && std::isfinite(interval.low) && std::isfinite(interval.high))
    return interval;
  const double half = std::isfinite(error) && error > 0 ? error : 0;
  return {value - half, value + half};
}

bool is_shown(const ChartPoint& point) { return std::isfinite(point.x) && std::isfinite(point.y); }

std::string line(double x1, double y1, double x2, double y2, const std::string& attributes) {
  return cat("<line x1=\"", unit_text(x1), "\" y1=\"", unit_text(y1), "\" x2=\"", unit_text(x2),
             "\" y2=\"", unit_text(y2), "\" ", attributes, "/>");
}

std::string text_at(double x, double y, const std::string& text, const std::string& attributes) {
  return cat("<text x=\"", unit_text(x), "\" y=\"", unit_text(y), "\" ", attributes, ">",
             escape_html(text), "</text>");
}

std::string colour(int index) {
  return cat("var(--c", ((index % kNumColours) + kNumColours) % kNumColours, ")");
}

std::string open_svg(const std::string& title) {
  return cat("<svg viewBox=\"0 0 480 300\" role=\"img\" aria-label=\"", escape_html(title),
             "\"><title>", escape_html(title), "</title>",
             text_at(8, 18, title, "class=\"chart-title\""));
}

std::string draw_axes(const Axis& x, const Axis& y, const std::string& x_label,
                      const std::string& y_label) {
  std::string out;
  for (const double tick : round_ticks(y.low, y.high, 6)) {
    if (tick < y.low - 1e-9 || tick > y.high + 1e-9) continue;
    out += line(kLeft, y.at(tick), kRight, y.at(tick), "class=\"grid\"");
    out +=
        text_at(kLeft - 6, y.at(tick) + 4, tick_text(tick), "text-anchor=\"end\" class=\"tick\"");
  }
  for (const double tick : round_ticks(x.low, x.high, 5)) {
    if (tick < x.low - 1e-9 || tick > x.high + 1e-9) continue;
    out += line(x.at(tick), kBottom, x.at(tick), kBottom + 4, "class=\"axis\"");
    out +=
        text_at(x.at(tick), kBottom + 17, tick_text(tick), "text-anchor=\"middle\" class=\"tick\"");
  }
  out += line(kLeft, kBottom, kRight, kBottom, "class=\"axis\"");
  out +=
      text_at((kLeft + kRight) / 2, kHeight - 8, x_label, "text-anchor=\"middle\" class=\"label\"");
  out += text_at(8, kTop - 16, y_label, "class=\"label\"");
  return out;
}

// Names of the series with their colours, above the plot on the right; one text, so that its width
// is the reader's font's.
std::string draw_legend(const std::vector<std::pair<std::string, int>>& names) {
  if (names.size() < 2) return "";
  std::string out = cat("<text x=\"", unit_text(kRight), "\" y=\"", unit_text(kTop - 16),
                        "\" text-anchor=\"end\" class=\"label\">");
  for (const auto& [name, index] : names)
    out += cat("<tspan style=\"fill:", colour(index), "\">\u00a0\u00a0\u25a0</tspan>\u00a0",
               escape_html(name));
  return out + "</text>";
}

std::string draw_point(const ChartPoint& point, const Axis& x, const Axis& y,
                       const std::string& fill, bool has_dot) {
  std::string out;
  const double px = x.at(point.x), py = y.at(point.y);
  const std::string stroke = "stroke=\"" + fill + "\" stroke-width=\"1.5\"";
  const auto inside = [](double value, double low, double high) {
    return std::clamp(value, low, high);
  };
  const Interval across = bar(point.x, point.x_error, point.x_interval),
                 along = bar(point.y, point.y_error, point.y_interval);
  if (along.low < along.high)
    out += line(px, inside(y.at(along.low), kTop, kBottom), px,
                inside(y.at(along.high), kTop, kBottom), stroke);
  if (across.low < across.high)
    out += line(inside(x.at(across.low), kLeft, kRight), py,
                inside(x.at(across.high), kLeft, kRight), py, stroke);
  if (point.ring)
    out += cat("<circle cx=\"", unit_text(px), "\" cy=\"", unit_text(py),
               "\" r=\"8\" fill=\"none\" ", stroke, "/>");
  if (has_dot)
    out += cat("<circle cx=\"", unit_text(px), "\" cy=\"", unit_text(py), "\" r=\"3.6\" fill=\"",
               fill, "\"><title>",
               escape_html(cat(point.label.empty() ? "" : point.label + ": ", tick_text(point.x),
                               ", ", tick_text(point.y))),
               "</title></circle>");
  if (!point.label.empty()) {
    const bool at_right_end = px > kRight - 90;
    out += text_at(at_right_end ? px - 8 : px + 8,
                   point.ring       ? py + 22
                   : py < kTop + 14 ? py + 15
                                    : py - 7,
                   point.label,
                   at_right_end ? "text-anchor=\"end\" class=\"note\"" : "class=\"note\"");
  }
  return out;
}

std::string draw_series(const ChartSeries& series, const Axis& x, const Axis& y) {
  const std::string stroke = colour(series.colour);
  std::string points, marks;
  for (const ChartPoint& point : series.points) {
    if (!is_shown(point)) continue;
    points += cat(points.empty() ? "" : " ", unit_text(x.at(point.x)), ",",
                  unit_text(std::clamp(y.at(point.y), kTop, kBottom)));
    marks += draw_point(point, x, y, stroke, series.has_dots);
  }
  if (!series.has_line || points.empty()) return marks;
  return cat("<polyline points=\"", points, "\" fill=\"none\" stroke=\"", stroke,
             "\" stroke-width=\"2\"", series.dashed ? " stroke-dasharray=\"5 4\"" : "",
             " stroke-linejoin=\"round\"/>", marks);
}

// A round width of 1, 2 or 5 times a power of ten, at least `width`.
double round_step(double width) {
  const double power = std::pow(10, std::floor(std::log10(width)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= width * (1 - 1e-9)) return factor * power;
  }
  return 10 * power;
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::vector<double> round_ticks(double low, double high, int count) {
  LACONIC_CHECK(low < high && std::isfinite(low) && std::isfinite(high), low, ", ", high);
  const double step = round_step((high - low) / count);
  std::vector<double> out;
  for (double i = std::ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; ++i)
    out.push_back(i * step);
  return out;
}

std::string draw_chart(const Chart& chart) {
  Range x_range, y_range;
  for (const ChartSeries& series : chart.series) {
    for (const ChartPoint& point : series.points) {
      if (!is_shown(point)) continue;
      const Interval across = bar(point.x, point.x_error, point.x_interval),
                     along = bar(point.y, point.y_error, point.y_interval);
      x_range.add(across.low);
      x_range.add(across.high);
      y_range.add(along.low);
      y_range.add(along.high);
    }
  }
  std::string out = open_svg(chart.title);
  if (x_range.empty())
    return out +
           text_at(kWidth / 2, kHeight / 2, "no data", "text-anchor=\"middle\" class=\"label\"") +
           "</svg>";
  x_range.widen(0.05);
  y_range.widen(0.08);
  if (chart.x_from_zero) x_range.low = 0;
  if (std::isfinite(chart.y_low)) y_range.low = chart.y_low;
  if (std::isfinite(chart.y_high)) y_range.high = chart.y_high;
  if (!(y_range.low < y_range.high)) y_range.high = y_range.low + 1;
  const Axis x = {x_range.low, x_range.high, kLeft, kRight};
  const Axis y = {y_range.low, y_range.high, kBottom, kTop};
  out += draw_axes(x, y, chart.x_label, chart.y_label);
  std::vector<std::pair<std::string, int>> names;
  for (const ChartSeries& series : chart.series) {
    out += draw_series(series, x, y);
    if (!series.name.empty()) names.emplace_back(series.name, series.colour);
  }
  return out + draw_legend(names) + "</svg>";
}

std::string draw_histogram(const Histogram& histogram) {
  double highest = 0;
  for (const auto& [name, values] : histogram.sets) {
    for (const double value : values) highest = std::max(highest, value);
  }
  std::string out = open_svg(histogram.title);
  if (highest <= 0)
    return out +
           text_at(kWidth / 2, kHeight / 2, "no data", "text-anchor=\"middle\" class=\"label\"") +
           "</svg>";
  const double step = round_step(highest / 30);
  const auto num_bins = static_cast<size_t>(std::floor(highest / step)) + 1;
  std::vector<std::vector<double>> shares;
  double tallest = 0;
  for (const auto& [name, values] : histogram.sets) {
    std::vector<double> bins(num_bins, 0.0);
    for (const double value : values)
      bins[static_cast<size_t>(value / step)] += 100.0 / static_cast<double>(values.size());
    for (const double bin : bins) tallest = std::max(tallest, bin);
    shares.push_back(bins);
  }
  const Axis x = {0, step * static_cast<double>(num_bins), kLeft, kRight};
  const Axis y = {0, std::max(tallest * 1.05, 1.0), kBottom, kTop};
  out += draw_axes(x, y, histogram.x_label, "% of replies");
  std::vector<std::pair<std::string, int>> names;
  for (size_t s = 0; s < shares.size(); ++s) {
    names.emplace_back(histogram.sets[s].first, static_cast<int>(s));
    for (size_t bin = 0; bin < num_bins; ++bin) {
      if (shares[s][bin] <= 0) continue;
      const double left = x.at(step * static_cast<double>(bin)), width = x.at(step) - x.at(0);
      const double part = width / static_cast<double>(shares.size());
      out +=
          cat("<rect x=\"", unit_text(left + part * static_cast<double>(s) + 0.5), "\" y=\"",
              unit_text(y.at(shares[s][bin])), "\" width=\"", unit_text(std::max(part - 0.8, 0.8)),
              "\" height=\"", unit_text(kBottom - y.at(shares[s][bin])), "\" fill=\"",
              colour(static_cast<int>(s)), "\"/>");
    }
  }
  return out + draw_legend(names) + "</svg>";
}

}  // namespace laconic
