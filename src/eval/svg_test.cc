// SPDX-License-Identifier: Apache-2.0
#include "eval/svg.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "eval/html.h"
#include "eval/svg_parts.h"

namespace laconic {
namespace {

size_t count_of(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(Svg, TicksAreRoundAndCover) {
  EXPECT_EQ(round_ticks(0, 10, 5), (std::vector<double>{0, 2, 4, 6, 8, 10}));
  const auto ticks = round_ticks(0.93, 0.97, 5);
  ASSERT_EQ(ticks.size(), 5u);
  EXPECT_NEAR(ticks[0], 0.93, 1e-12);
  EXPECT_EQ(svg::log_ticks(40, 600), (std::vector<double>{50, 100, 200, 500}));
  EXPECT_LE(svg::log_ticks(1, 9e18).size(), 8u);
}

// From 2^53 on adding one to a count changes nothing: the loop must end all the same.
TEST(Svg, TicksEndForAnyRange) {
  for (const auto& [low, high] : {std::pair(1e17, 1e17 + 16), std::pair(-1e300, 1e300),
                                  std::pair(1e99, std::nextafter(1e99, 2e99))})
    EXPECT_LE(round_ticks(low, high, 5).size(), 13u) << low;
}

TEST(Svg, ChartsWithoutDataSayNoData) {
  EXPECT_NE(draw_chart({}).find("no data"), std::string::npos);
  EXPECT_NE(draw_histogram({}).find("no data"), std::string::npos);
  Chart one;
  one.series = {{.name = "a",
                 .colour = 0,
                 .points = {{.x = 5, .y = 5, .label = ""}, {.x = kNone, .y = 1, .label = ""}}}};
  EXPECT_EQ(draw_chart(one).find("nan"), std::string::npos);
}

TEST(Svg, AnyNumberIsDrawnOrLeftOut) {
  const double numbers[] = {0, -1, 9.3e18, -9.3e18, 1e-300, 1e99, 1e300, INFINITY, kNone};
  for (const bool log : {false, true}) {
    Chart chart;
    chart.x_log = log;
    chart.series = {{.name = "a", .colour = 0, .points = {}}};
    for (const double x : numbers)
      for (const double y : numbers)
        chart.series[0].points.push_back(
            {.x = x, .y = y, .x_error = y, .y_error = x, .label = "l"});
    const std::string svg = draw_chart(chart);
    EXPECT_EQ(svg.find("nan"), std::string::npos);
    EXPECT_EQ(svg.find("inf"), std::string::npos);
    EXPECT_LT(svg.size(), 200000u);
  }
  Histogram histogram;
  histogram.sets = {{"a", 0, {-5, 0, 9.3e18, 1e300, INFINITY, kNone, 3}}};
  const std::string svg = draw_histogram(histogram);
  EXPECT_EQ(svg.find("nan"), std::string::npos);
  EXPECT_LT(svg.size(), 100000u);
}

// A few replies far out do not press the others into one bar.
TEST(Svg, LongTailsAreCut) {
  Histogram histogram;
  histogram.x_label = "tokens";
  histogram.sets = {{"a", 0, {}}};
  for (int i = 0; i < 1000; ++i) histogram.sets[0].values.push_back(i % 100);
  EXPECT_EQ(draw_histogram(histogram).find("all that is longer"), std::string::npos);
  histogram.sets[0].values.push_back(1e6);
  const std::string svg = draw_histogram(histogram);
  EXPECT_NE(svg.find("all that is longer"), std::string::npos);
  EXPECT_NE(svg.find(">100 and more tokens<"), std::string::npos) << svg;
  EXPECT_GT(count_of(svg, "class=\"h\""), 15u);
}

TEST(Svg, EverySeriesIsInTheLegendInAColourOfItsOwn) {
  Chart chart;
  for (int i = 0; i < 14; ++i)
    chart.series.push_back({.name = "series " + std::to_string(i),
                            .colour = i,
                            .points = {{.x = 1, .y = 1.0 * i, .label = ""}},
                            .has_line = false});
  const std::string svg = draw_chart(chart);
  for (int i = 0; i < 12; ++i)
    EXPECT_NE(svg.find("class=\"label\">series " + std::to_string(i) + "<"), std::string::npos);
  EXPECT_NE(svg.find("and 2 more"), std::string::npos);
  EXPECT_GT(count_of(svg, "fill=\"var(--card)\""), 0u);  // the colours that come again are hollow
}

// Labels of points on one spot go to different places, and are left out where there is no room.
TEST(Svg, LabelsKeepClearOfEachOther) {
  svg::Frame frame = svg::frame_of({});
  svg::LabelPlacer labels(frame);
  std::set<std::string> places;
  int num_placed = 0;
  for (int i = 0; i < 200; ++i) {
    const std::string text = labels.beside(200, 150, 9, "label");
    if (text.empty()) continue;
    ++num_placed;
    places.insert(text);
  }
  EXPECT_GE(num_placed, 6);
  EXPECT_LE(num_placed, 24);
  EXPECT_EQ(places.size(), static_cast<size_t>(num_placed));
}

TEST(Html, TextIsEscapedAndControlsArePictures) {
  EXPECT_EQ(escape_html("<a b='\"'>&\n\x1b[0m\x7f\x01"),
            "&lt;a b=&#39;&quot;&#39;&gt;&amp;\n\u241b[0m\u2421\u2401");
  EXPECT_EQ(escape_html(std::string(1, '\0')), "\u2400");
  EXPECT_EQ(slug("Side by side, GSM8K!"), "side-by-side-gsm8k");
  EXPECT_EQ(base64("\xff\xfe"), "//4=");
}

}  // namespace
}  // namespace laconic
