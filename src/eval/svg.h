// Charts as inline SVG: lines or dots with error bars, and histograms.
//
// What it is not: a general plotting library. Colours are CSS variables (--c0 .. --c7, --ink,
// --muted, --grid, --card, --good) that the page defines for light and dark; sizes are in units of
// a view box kChartWidth wide that scales with its column. Every chart has a legend, a title and a
// description for readers of screens; its values show where a pointer rests (style sheet alone: the
// class "h" and, within it, "tip"), points can take the focus. Labels keep clear of each other, of
// points and of bars, or are left out. All text is escaped. Any double is drawn or left out: no
// value makes a chart slow, large or wrong. Deterministic: the same chart gives the same bytes.
// Files: svg.cc (charts), svg_frame.cc (axes, legend, tips), svg_labels.cc (where labels go),
// svg_histogram.cc. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "eval/statistics.h"  // Interval

namespace laconic {

inline constexpr int kNumColours = 8;
inline constexpr double kChartWidth = 440;
inline constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

struct ChartPoint {
  double x = 0, y = 0;
  double x_error = 0, y_error = 0;  // half lengths of the error bars; 0 or not finite: none
  std::string label;                // beside the point; empty: none
  bool ring = false;                // drawn with a ring around it
  Interval x_interval = {},
           y_interval = {};  // error bars with ends of their own; instead where low < high
};

struct ChartSeries {
  std::string name;  // in the legend; empty: not there
  int colour = 0;    // 0 .. kNumColours - 1 are the colours; from there on they come again, hollow
  std::vector<ChartPoint> points;
  bool has_line = true;
  bool has_dots = true;
  bool dashed = false;
};

struct ChartBand {  // across the plot, between two values of y
  double low = kNone, high = kNone;
  std::string label;
};

struct ChartArrow {  // from one point to another
  double from_x = kNone, from_y = kNone, to_x = kNone, to_y = kNone;
  std::string label;
};

struct Chart {
  std::string title;
  std::string x_label, y_label;
  std::vector<ChartSeries> series;
  double y_low = kNone, y_high = kNone;  // kNone: from the points
  bool x_from_zero = false;
  bool x_log = false;                // decades; points at x <= 0 are left out
  std::vector<std::string> x_names;  // of the positions 1, 2, ... instead of numbers
  ChartBand band;
  ChartArrow arrow;
};

// Points that are not finite are left out; a chart without any says "no data".
std::string draw_chart(const Chart& chart);

struct HistogramSet {
  std::string name;
  int colour = 0;
  std::vector<double> values;  // below 0 counts as 0
};

struct Histogram {
  std::string title;
  std::string x_label;
  std::vector<HistogramSet> sets;
};

// Shares of each set in common bins of round width. Where the longest values are far out, the axis
// ends at the 99th percentile, and its last bin holds all that is longer.
std::string draw_histogram(const Histogram& histogram);

// Round tick positions that cover [low, high] with about `count` steps. REQUIRES: low < high,
// finite.
std::vector<double> round_ticks(double low, double high, int count);

}  // namespace laconic
