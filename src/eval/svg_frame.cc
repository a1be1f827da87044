// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/error.h"
#include "eval/svg_parts.h"

namespace laconic::svg {
namespace {

constexpr double kPlotHeight = 196, kBelow = 42;
constexpr double kLegendRow = 18, kSwatch = 22, kLegendGap = 12;
constexpr size_t kMaxLegend = 12;

size_t num_characters(const std::string& text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

struct LegendPlace {
  double x, row;
};

// Left to right, then the next row.
std::vector<LegendPlace> legend_places(const std::vector<LegendEntry>& legend) {
  std::vector<LegendPlace> out;
  double x = 8, row = 0;
  for (size_t i = 0; i < std::min(legend.size(), kMaxLegend); ++i) {
    const double width = kSwatch + text_width(legend[i].name);
    if (x > 8 && x + width > kChartWidth - 4) {
      x = 8;
      ++row;
    }
    out.push_back({x, row});
    x += width + kLegendGap;
  }
  return out;
}

double legend_rows(const std::vector<LegendEntry>& legend) {
  if (legend.empty()) return 0;
  return legend_places(legend).back().row + 1 + (legend.size() > kMaxLegend ? 1 : 0);
}

std::string swatch(const LegendEntry& entry, double x, double y) {
  const std::string fill = colour(entry.colour);
  switch (entry.mark) {
    case LegendEntry::Mark::kDot:
      return dot(x + 8, y, entry.colour);
    case LegendEntry::Mark::kBar:
      return cat("<rect x=\"", number(x + 2), "\" y=\"", number(y - 5),
                 "\" width=\"12\" height=\"10\" rx=\"2\" fill=\"", fill, "\"/>");
    case LegendEntry::Mark::kLine:
    case LegendEntry::Mark::kDashes:
      break;
  }
  return line(x, y, x + 16, y,
              cat("stroke=\"", fill, "\" stroke-width=\"2.5\"",
                  entry.mark == LegendEntry::Mark::kDashes ? " stroke-dasharray=\"4 3\"" : ""));
}

std::string draw_legend(const std::vector<LegendEntry>& legend) {
  std::string out;
  const std::vector<LegendPlace> places = legend_places(legend);
  for (size_t i = 0; i < places.size(); ++i) {
    const double y = 38 + places[i].row * kLegendRow;
    out += swatch(legend[i], places[i].x, y - 4) +
           text_at(places[i].x + kSwatch, y, legend[i].name, "class=\"label\"");
  }
  if (legend.size() > kMaxLegend)
    out += text_at(8, 38 + (legend_rows(legend) - 1) * kLegendRow,
                   cat("and ", legend.size() - kMaxLegend, " more"), "class=\"label\"");
  return out;
}

std::string svg_element(double height, const std::string& title, const std::string& description,
                        bool can_focus) {
  return cat("<svg viewBox=\"0 0 ", number(kChartWidth), " ", number(height), "\" role=\"",
             can_focus ? "group" : "img", "\" aria-label=\"",
             escape_html(description.empty() ? title : title + ". " + description), "\">",
             text_at(8, 18, title, "class=\"chart-title\""));
}

std::string draw_x_names(const Frame& frame, const Axis& x, const std::vector<std::string>& names) {
  std::string out;
  const double space = (frame.right - frame.left) / static_cast<double>(names.size());
  double free_from = frame.left - space;
  for (size_t i = 0; i < names.size(); ++i) {
    const double at = x.at(static_cast<double>(i + 1)), width = text_width(names[i]);
    if (at - width / 2 < free_from) continue;  // no room beside the one before
    free_from = at + width / 2 + 4;
    out += text_at(at, frame.bottom + 17, names[i], "text-anchor=\"middle\" class=\"tick\"");
  }
  return out;
}

}  // namespace

double Axis::at(double value) const {
  const double share = log ? std::log(value / low) / std::log(high / low)
                           : (value / 2 - low / 2) / (high / 2 - low / 2);
  return from + std::clamp(share, -0.5, 1.5) * (to - from);
}

double text_width(const std::string& text) {
  return kCharacter * static_cast<double>(num_characters(text));
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", std::clamp(value, -1e6, 1e6));
  std::string out = text;
  while (out.back() == '0') out.pop_back();
  if (out.back() == '.') out.pop_back();
  return out == "-0" ? "0" : out;
}

std::string value_text(double value) {
  const double size = std::abs(value);
  char text[32];
  const auto scaled = [&](double unit, const char* name) {
    std::snprintf(text, sizeof text, "%.4g%s", value / unit, name);
  };
  if (size < 1e-12)
    return "0";
  else if (size < 1e4 || size >= 1e15 || !std::isfinite(value))
    std::snprintf(text, sizeof text, "%.4g", value);
  else if (size < 1e6)
    scaled(1e3, "k");
  else if (size < 1e9)
    scaled(1e6, "M");
  else if (size < 1e12)
    scaled(1e9, "G");
  else
    scaled(1e12, "T");
  return text;
}

std::string colour(int index) {
  return cat("var(--c", ((index % kNumColours) + kNumColours) % kNumColours, ")");
}

bool is_hollow(int colour) { return colour / kNumColours % 2 == 1; }

std::string line(double x1, double y1, double x2, double y2, const std::string& attributes) {
  return cat("<line x1=\"", number(x1), "\" y1=\"", number(y1), "\" x2=\"", number(x2), "\" y2=\"",
             number(y2), "\" ", attributes, "/>");
}

std::string text_at(double x, double y, const std::string& text, const std::string& attributes) {
  return cat("<text x=\"", number(x), "\" y=\"", number(y), "\" ", attributes, ">",
             escape_html(text), "</text>");
}

std::string dot(double x, double y, int colour_index) {
  const std::string paint = colour(colour_index);
  return cat("<circle cx=\"", number(x), "\" cy=\"", number(y), "\" r=\"4\" fill=\"",
             is_hollow(colour_index) ? "var(--card)" : paint, "\" stroke=\"", paint,
             "\" stroke-width=\"1.5\"/>");
}

Frame frame_of(const std::vector<LegendEntry>& legend) {
  Frame frame;
  frame.top = 52 + kLegendRow * legend_rows(legend);
  frame.bottom = frame.top + kPlotHeight;
  frame.height = frame.bottom + kBelow;
  return frame;
}

std::string open_chart(const Frame& frame, const std::string& title, const std::string& description,
                       const std::vector<LegendEntry>& legend, bool can_focus) {
  return svg_element(frame.height, title, description, can_focus) + draw_legend(legend);
}

std::string no_data(const std::string& title) {
  return svg_element(110, title, "no data", false) +
         text_at(kChartWidth / 2, 66, "no data", "text-anchor=\"middle\" class=\"label\"") +
         "</svg>";
}

// 1, 2, 5 of each decade, or the decades alone, every n-th of them so that about seven are left.
std::vector<double> log_ticks(double low, double high) {
  std::vector<double> out;
  const double decades = std::log10(high / low);
  const int first = static_cast<int>(std::floor(std::log10(low)));
  const int last = static_cast<int>(std::ceil(std::log10(high)));
  const int stride = std::max(1, static_cast<int>(std::ceil(decades / 7)));
  for (int power = first; power <= last; power += stride) {
    for (const double factor : {1.0, 2.0, 5.0}) {
      const double tick = factor * std::pow(10, power);
      const bool wanted = factor == 1 || decades < 2.6;
      if (wanted && tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9)) out.push_back(tick);
    }
  }
  return out;
}

std::string draw_axes(const Frame& frame, const Axis& x, const Axis& y, const Chart& chart) {
  std::string out;
  for (const double tick : round_ticks(y.low, y.high, 5)) {
    if (tick < y.low - 1e-9 || tick > y.high + 1e-9) continue;
    out += line(frame.left, y.at(tick), frame.right, y.at(tick), "class=\"grid\"");
    out += text_at(frame.left - 6, y.at(tick) + 4, value_text(tick),
                   "text-anchor=\"end\" class=\"tick\"");
  }
  if (!chart.x_names.empty()) {
    out += draw_x_names(frame, x, chart.x_names);
  } else {
    for (const double tick : x.log ? log_ticks(x.low, x.high) : round_ticks(x.low, x.high, 5)) {
      if (tick < x.low * (1 - 1e-9) || tick > x.high * (1 + 1e-9)) continue;
      out += line(x.at(tick), frame.bottom, x.at(tick), frame.bottom + 4, "class=\"axis\"");
      out += text_at(x.at(tick), frame.bottom + 17, value_text(tick),
                     "text-anchor=\"middle\" class=\"tick\"");
    }
  }
  out += line(frame.left, frame.bottom, frame.right, frame.bottom, "class=\"axis\"");
  out += text_at((frame.left + frame.right) / 2, frame.height - 7, chart.x_label,
                 "text-anchor=\"middle\" class=\"label\"");
  return out + text_at(8, frame.top - 10, chart.y_label, "class=\"label\"");
}

std::string tip(const Frame& frame, double x, double y, const std::vector<std::string>& lines) {
  double width = 0;
  for (const std::string& text : lines) width = std::max(width, text_width(text));
  width = std::min(width * 0.95 + 14, kChartWidth - 8);
  const double height = 10 + 16 * static_cast<double>(lines.size());
  const double left = x + 10 + width <= kChartWidth - 4 ? x + 10 : std::max(4.0, x - 10 - width);
  const double top = std::clamp(y - height - 6, 4.0, std::max(4.0, frame.bottom - height - 4));
  std::string out =
      cat("<g class=\"tip\"><rect x=\"", number(left), "\" y=\"", number(top), "\" width=\"",
          number(width), "\" height=\"", number(height), "\" rx=\"4\"/><text>");
  for (size_t i = 0; i < lines.size(); ++i)
    out += cat("<tspan x=\"", number(left + 7), "\" y=\"",
               number(top + 17 + 16 * static_cast<double>(i)), "\">", escape_html(lines[i]),
               "</tspan>");
  return out + "</text></g>";
}

std::string strip(const Frame& frame, double left, double right, double x,
                  const std::vector<std::string>& lines) {
  return cat("<g class=\"h\"><rect class=\"hit\" x=\"", number(left), "\" y=\"", number(frame.top),
             "\" width=\"", number(right - left), "\" height=\"", number(frame.bottom - frame.top),
             "\"/>", line(x, frame.top, x, frame.bottom, "class=\"rule\""),
             tip(frame, x, frame.top + 40, lines), "</g>");
}

}  // namespace laconic::svg
