// Times of day: "3:30 PM", "12:00", "15:30", "noon".
//
// "12:30" may be a ratio as well; what tells is a marker (AM, PM, noon) or minutes that no ratio in
// lowest terms would have ("4:00", "9:05"). Two times without markers that are twelve hours apart
// are not decided, nor are two that would be equal as ratios.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "eval/verdict.h"

namespace laconic {

struct ClockTime {
  int hour = 0, minute = 0, second = 0;  // as written: 0 to 24, 0 to 59, 0 to 59
  bool has_marker = false;               // AM or PM, or more than twelve hours with minutes
  bool is_afternoon = false;             // the marker is PM
  bool is_surely_time = false;           // no ratio: a marker, or minutes below ten
};

// Of a canonical answer (eval/normalise.h) that is nothing else.
std::optional<ClockTime> parse_clock(std::string_view canonical);

Outcome compare_clocks(const ClockTime& gold, const ClockTime& answer);

}  // namespace laconic
