// What charts are put together from. Internal to svg*.cc.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "eval/html.h"
#include "eval/svg.h"

namespace laconic::svg {

struct Axis {
  double low = 0, high = 1;  // values; both > 0 where log
  double from = 0, to = 1;   // positions
  bool log = false;
  double at(double value) const;
};

struct Box {
  double left, top, right, bottom;
  bool overlaps(const Box& other) const {
    return left < other.right && other.left < right && top < other.bottom && other.top < bottom;
  }
};

// Where the plot lies in the view box; the legend's rows are above it.
struct Frame {
  double left = 46, right = kChartWidth - 14, top = 0, bottom = 0, height = 0;
};

struct LegendEntry {
  std::string name;
  int colour = 0;
  enum class Mark { kLine, kDashes, kDot, kBar } mark = Mark::kLine;
};

inline constexpr double kCharacter = 6.9;  // of a label of 12.5 units, on the wide side
double text_width(const std::string& text);

std::string number(double value);      // a position, two decimals at most
std::string value_text(double value);  // for readers: 6 digits, k and M from 10,000 on
std::string colour(int index);
bool is_hollow(int colour);
std::string line(double x1, double y1, double x2, double y2, const std::string& attributes);
std::string text_at(double x, double y, const std::string& text, const std::string& attributes);
std::string dot(double x, double y, int colour_index);

// The frame for a chart with this legend.
Frame frame_of(const std::vector<LegendEntry>& legend);
// From <svg> to the legend. `description` is for readers of screens.
std::string open_chart(const Frame& frame, const std::string& title, const std::string& description,
                       const std::vector<LegendEntry>& legend, bool can_focus);
std::string no_data(const std::string& title);

std::vector<double> log_ticks(double low, double high);
std::string draw_axes(const Frame& frame, const Axis& x, const Axis& y, const Chart& chart);

// A box of lines, near a position and within the frame; hidden until its parent is looked at.
std::string tip(const Frame& frame, double x, double y, const std::vector<std::string>& lines);
// A strip of the plot that shows a rule and a tip where the pointer rests on it.
std::string strip(const Frame& frame, double left, double right, double x,
                  const std::vector<std::string>& lines);

// Keeps labels clear of what is drawn and of each other.
class LabelPlacer {
 public:
  explicit LabelPlacer(const Frame& frame) : frame_(frame) {}
  void avoid(const Box& box) { hard_.push_back(box); }         // never covered
  void rather_avoid(const Box& box) { soft_.push_back(box); }  // covered where nothing else is free
  // A label beside a point, `gap` away from it; "" where there is no room.
  std::string beside(double x, double y, double gap, const std::string& text);

 private:
  bool is_free(const Box& box, bool strictly) const;
  Frame frame_;
  std::vector<Box> hard_, soft_;
};

}  // namespace laconic::svg
