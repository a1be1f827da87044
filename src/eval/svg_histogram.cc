// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/format.h"
#include "eval/svg_parts.h"

namespace laconic {
namespace {

using namespace svg;

constexpr double kBins = 32;
constexpr double kFar =
    1.6;  // the longest against the 99th percentile: from there on the axis ends early

struct Bins {
  double step = 1;
  size_t count = 1;
  bool cut = false;                         // the last bin holds all that is longer
  std::vector<std::vector<double>> shares;  // percent, by set
  double tallest = 0;
};

std::vector<double> finite_of(const HistogramSet& set) {
  std::vector<double> out;
  for (const double value : set.values)
    if (std::isfinite(value)) out.push_back(value);
  return out;
}

double end_of(const Histogram& histogram, bool& cut) {
  double longest = 0, percentile = 0;
  for (const HistogramSet& set : histogram.sets) {
    const std::vector<double> values = finite_of(set);
    if (values.empty()) continue;
    longest = std::max(longest, *std::max_element(values.begin(), values.end()));
    percentile = std::max(percentile, quantile(values, 0.99));
  }
  cut = percentile > 0 && longest > kFar * percentile;
  return cut ? percentile : longest;
}

Bins bins_of(const Histogram& histogram) {
  Bins out;
  const double end = end_of(histogram, out.cut);
  if (!(end > 0)) return out;
  const std::vector<double> ticks = round_ticks(0, end, static_cast<int>(kBins));
  out.step = ticks.size() > 1 ? ticks[1] - ticks[0] : end;
  out.count = static_cast<size_t>(end / out.step) + (out.cut ? 2 : 1);
  for (const HistogramSet& set : histogram.sets) {
    std::vector<double> bins(out.count, 0.0);
    for (const double value : set.values) {
      if (std::isnan(value)) continue;
      const double bin = std::clamp(value / out.step, 0.0, static_cast<double>(out.count - 1));
      bins[static_cast<size_t>(bin)] += 100.0 / static_cast<double>(set.values.size());
    }
    out.tallest = std::max(out.tallest, *std::max_element(bins.begin(), bins.end()));
    out.shares.push_back(std::move(bins));
  }
  return out;
}

// An outline of steps, filled so that what is behind shows through.
std::string outline(const Bins& bins, size_t set, const Axis& x, const Axis& y, int colour_index) {
  const std::vector<double>& shares = bins.shares[set];
  std::string points = cat(number(x.at(0)), ",", number(y.at(0)));
  for (size_t bin = 0; bin < bins.count; ++bin) {
    const std::string height = number(y.at(shares[bin]));
    const double left = bins.step * static_cast<double>(bin);
    points +=
        cat(" ", number(x.at(left)), ",", height, " ", number(x.at(left + bins.step)), ",", height);
  }
  points += cat(" ", number(x.high > 0 ? x.to : x.from), ",", number(y.at(0)));
  const std::string paint = colour(colour_index);
  return cat("<polygon points=\"", points, "\" fill=\"", paint,
             "\" fill-opacity=\"0.22\" stroke=\"", paint,
             "\" stroke-width=\"1.6\" stroke-linejoin=\"round\"",
             is_hollow(colour_index) ? " stroke-dasharray=\"5 4\"" : "", "/>");
}

std::string draw_strips(const Histogram& histogram, const Bins& bins, const Frame& frame,
                        const Axis& x) {
  std::string out;
  for (size_t bin = 0; bin < bins.count; ++bin) {
    const double left = bins.step * static_cast<double>(bin), right = left + bins.step;
    const bool last = bins.cut && bin + 1 == bins.count;
    std::vector<std::string> lines = {
        last ? cat(value_text(left), " and more ", histogram.x_label)
             : cat(value_text(left), " to ", value_text(right), " ", histogram.x_label)};
    for (size_t set = 0; set < bins.shares.size() && set < 10; ++set)
      lines.push_back(cat(histogram.sets[set].name, " ", fixed(bins.shares[set][bin], 1), " %"));
    out += strip(frame, x.at(left), x.at(right), x.at(left + bins.step / 2), lines);
  }
  return out;
}

}  // namespace

std::string draw_histogram(const Histogram& histogram) {
  const Bins bins = bins_of(histogram);
  if (bins.shares.empty()) return no_data(histogram.title);
  std::vector<LegendEntry> legend;
  for (const HistogramSet& set : histogram.sets)
    legend.push_back({set.name, set.colour, LegendEntry::Mark::kBar});
  const Frame frame = frame_of(legend);
  const Axis x = {0, bins.step * static_cast<double>(bins.count), frame.left, frame.right};
  const Axis y = {0, std::max(bins.tallest * 1.05, 1.0), frame.bottom, frame.top};
  Chart labels;
  labels.x_label =
      bins.cut ? cat(histogram.x_label, "; the last bar: all that is longer") : histogram.x_label;
  labels.y_label = "% of replies";
  std::string description = "shares of replies by " + histogram.x_label;
  for (const HistogramSet& set : histogram.sets)
    if (std::vector<double> values = finite_of(set); !values.empty() && description.size() < 600)
      description += cat("; ", set.name, " median ", value_text(quantile(std::move(values), 0.5)));
  std::string out = open_chart(frame, histogram.title, description, legend, false) +
                    draw_axes(frame, x, y, labels);
  for (size_t set = 0; set < bins.shares.size(); ++set)
    out += outline(bins, set, x, y, histogram.sets[set].colour);
  return out + draw_strips(histogram, bins, frame, x) + "</svg>";
}

}  // namespace laconic
