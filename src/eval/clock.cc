// SPDX-License-Identifier: Apache-2.0
#include "eval/clock.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/format.h"

namespace laconic {
namespace {

constexpr size_t kMaxClockBytes = 64;
constexpr int kHalfDaySeconds = 12 * 3600;

// Lower case, without \\text, braces, spaces and the points of "p.m.".
std::string bare(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    if (text.starts_with("\\text{")) {
      text.remove_prefix(6);
      continue;
    }
    const char c = text[0];
    const bool dropped =
        c == ' ' || c == '{' || c == '}' || (c == '.' && !out.empty() && is_letter(out.back()));
    if (!dropped) out += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    text.remove_prefix(1);
  }
  return out;
}

// The number that `text` starts with, of so many digits at most; -1: none.
int take_number(std::string_view& text, size_t min_digits, size_t max_digits) {
  size_t digits = 0;
  int out = 0;
  while (digits < text.size() && digits < max_digits && is_digit(text[digits]))
    out = out * 10 + (text[digits++] - '0');
  if (digits < min_digits || (digits < text.size() && is_digit(text[digits]))) return -1;
  text.remove_prefix(digits);
  return out;
}

int seconds_of(const ClockTime& time) {
  int hour = time.hour;
  if (time.has_marker && hour <= 12) hour = hour % 12 + (time.is_afternoon ? 12 : 0);
  return hour * 3600 + time.minute * 60 + time.second;
}

}  // namespace

std::optional<ClockTime> parse_clock(std::string_view canonical) {
  if (canonical.size() > kMaxClockBytes) return std::nullopt;
  const std::string plain = bare(canonical);
  std::string_view rest = plain;
  if (rest == "noon" || rest == "midnight") return ClockTime{12, 0, 0, true, rest == "noon", true};
  ClockTime out;
  out.hour = take_number(rest, 1, 2);
  if (out.hour < 0 || out.hour > 24) return std::nullopt;
  const bool has_minutes = rest.starts_with(':');
  for (int* part : {&out.minute, &out.second}) {
    if (!rest.starts_with(':')) break;
    rest.remove_prefix(1);
    *part = take_number(rest, 2, 2);
    if (*part < 0 || *part > 59) return std::nullopt;
  }
  if (rest == "am" || rest == "pm" || rest == "noon" || rest == "midnight" ||
      rest == "inthemorning" || rest == "intheafternoon" || rest == "intheevening") {
    out.has_marker = out.is_surely_time = true;
    out.is_afternoon = rest != "am" && rest != "midnight" && rest != "inthemorning";
    return out;
  }
  if (!has_minutes || !(rest.empty() || rest == "hours" || rest == "hrs" || rest == "o'clock"))
    return std::nullopt;
  out.has_marker = out.hour > 12;
  out.is_surely_time = !rest.empty() || out.minute < 10;
  return out;
}

Outcome compare_clocks(const ClockTime& gold, const ClockTime& answer) {
  const int a = seconds_of(gold), b = seconds_of(answer);
  const bool same_face = a % kHalfDaySeconds == b % kHalfDaySeconds;
  if (a == b || (same_face && gold.has_marker != answer.has_marker && gold.hour % 24 <= 12 &&
                 answer.hour % 24 <= 12))
    return {Verdict::kRight, "equal-time"};
  const bool both_known = gold.has_marker && answer.has_marker;
  if (same_face && !both_known) return {Verdict::kUndecided, "ratio-or-time"};
  // 12:30 and 6:15 are one ratio.
  const bool may_be_ratios = !gold.is_surely_time && !answer.is_surely_time;
  if (may_be_ratios && gold.hour * answer.minute == answer.hour * gold.minute)
    return {Verdict::kUndecided, "ratio-or-time"};
  return {Verdict::kWrong, "different-time"};
}

}  // namespace laconic
