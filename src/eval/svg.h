// Charts as inline SVG: lines or dots with error bars, and histograms.
//
// What it is not: a general plotting library. Colours are CSS variables (--c0 .. --c7, --ink,
// --muted, --grid) that the page defines for light and dark; sizes are in units of a 480 x 300 view
// box that scales with its column. All text is escaped. Deterministic: the same chart gives the
// same bytes.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "eval/statistics.h"  // Interval

namespace laconic {

// For text and for attribute values in double quotes.
std::string escape_html(std::string_view text);

inline constexpr int kNumColours = 8;
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
  std::string name;
  int colour = 0;  // 0 .. kNumColours - 1
  std::vector<ChartPoint> points;
  bool has_line = true;
  bool has_dots = true;
  bool dashed = false;
};

struct Chart {
  std::string title;
  std::string x_label, y_label;
  std::vector<ChartSeries> series;
  double y_low = kNone, y_high = kNone;  // kNone: from the points
  bool x_from_zero = false;
};

// Points that are not finite are left out; a chart without any says "no data".
std::string draw_chart(const Chart& chart);

struct Histogram {
  std::string title;
  std::string x_label;
  std::vector<std::pair<std::string, std::vector<double>>>
      sets;  // name, values >= 0; colours in order
};

// Shares of each set in common bins of round width.
std::string draw_histogram(const Histogram& histogram);

// Round tick positions that cover [low, high] with about `count` steps. REQUIRES: low < high,
// finite.
std::vector<double> round_ticks(double low, double high, int count);

}  // namespace laconic
