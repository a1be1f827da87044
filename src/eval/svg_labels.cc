// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "eval/svg_parts.h"

namespace laconic::svg {
namespace {

constexpr double kAscent = 10, kDescent = 4;

// Ways to go from a point: right, left, and on which side of the label's line the point is.
struct Way {
  double across, along;  // in gaps
  const char* anchor;
};
constexpr std::array<Way, 8> kWays = {{{1, -0.6, "start"},
                                       {1, 0.5, "start"},
                                       {1, 1.4, "start"},
                                       {-1, -0.6, "end"},
                                       {-1, 0.5, "end"},
                                       {-1, 1.4, "end"},
                                       {0, -1, "middle"},
                                       {0, 2, "middle"}}};

Box box_of(double x, double y, const std::string& text, std::string_view anchor) {
  const double width = text_width(text);
  const double left = anchor == "start" ? x : anchor == "end" ? x - width : x - width / 2;
  return {left, y - kAscent, left + width, y + kDescent};
}

}  // namespace

bool LabelPlacer::is_free(const Box& box, bool strictly) const {
  if (box.left < frame_.left || box.right > kChartWidth || box.top < frame_.top - 4 ||
      box.bottom > frame_.bottom)
    return false;
  const auto covers = [&](const Box& other) { return box.overlaps(other); };
  return std::none_of(hard_.begin(), hard_.end(), covers) &&
         (!strictly || std::none_of(soft_.begin(), soft_.end(), covers));
}

std::string LabelPlacer::beside(double x, double y, double gap, const std::string& text) {
  for (const bool strictly : {true, false}) {
    for (const double scale : {1.0, 1.8, 2.8}) {
      for (const Way& way : kWays) {
        const double at_x = x + way.across * gap * scale, at_y = y + way.along * gap * scale;
        const Box box = box_of(at_x, at_y, text, way.anchor);
        if (!is_free(box, strictly)) continue;
        avoid(box);
        return text_at(at_x, at_y, text,
                       std::string("class=\"note\" text-anchor=\"") + way.anchor + "\"");
      }
    }
  }
  return "";
}

}  // namespace laconic::svg
