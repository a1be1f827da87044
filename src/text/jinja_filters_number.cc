// Filters to numbers and of numbers.
// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "base/error.h"
#include "base/format.h"
#include "text/jinja_case.h"
#include "text/jinja_eval.h"
#include "text/jinja_filters.h"
#include "text/jinja_integer.h"
#include "text/jinja_number_format.h"
#include "text/jinja_utf8.h"

namespace laconic::jinja {
namespace {

void refuse_undefined(Run& run, const Value& value) {
  if (value.is_undefined())
    run.fail(cat("expected a number, got ", value.undefined_name(), ", which is undefined"));
}

// float(text): underscores stand between digits only.
std::optional<double> parse_real(std::string_view text) {
  text = strip(text, nullptr, true, true);
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      plain += text[i];
    } else if (i == 0 || i + 1 == text.size() || !is_digit(text[i - 1]) || !is_digit(text[i + 1])) {
      return std::nullopt;
    }
  }
  const std::string word = lower(plain);
  double value = 0;
  if (word == "inf" || word == "infinity") {
    value = std::numeric_limits<double>::infinity();
  } else if (word == "nan") {
    value = std::numeric_limits<double>::quiet_NaN();
  } else {
    if (plain.empty() || !(is_digit(plain[0]) || plain[0] == '.')) return std::nullopt;
    const auto read = std::from_chars(plain.data(), plain.data() + plain.size(), value);
    if (read.ptr != plain.data() + plain.size()) return std::nullopt;
    if (read.ec == std::errc::result_out_of_range) {
      value = std::strtod(plain.c_str(), nullptr);  // infinite or nearly nothing, as in Python
    } else if (read.ec != std::errc{}) {
      return std::nullopt;
    }
  }
  return negative ? -value : value;
}

// int(value, base), the given default (0) where that is not possible.
Value to_integer(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"value", "default", "base"});
  const int64_t base = bound.integer(2, 10);
  const Value& value = bound[0];
  const Value otherwise = bound.has(1) ? bound[1] : Value(int64_t{0});
  refuse_undefined(run, value);
  if (value.is_integral()) return value.is_boolean() ? Value(value.integer()) : value;
  std::optional<double> real;
  if (value.is_string()) {
    run.spend_bytes(value.string().size());
    const bool is_base = base == 0 || (base >= 2 && base <= 36);
    const auto whole =
        is_base ? parse_integer(value.string(), static_cast<int>(base)) : std::nullopt;
    if (whole) {
      run.spend(whole->weight() * whole->weight() / 8);
      return *whole;
    }
    real = parse_real(value.string());
  } else if (value.is_number()) {
    real = value.real();
    if (std::isinf(*real)) run.fail("int: expected a finite number, got an infinite one");
  }
  const auto whole = real ? real_to_integer(*real) : std::nullopt;
  return whole ? *whole : otherwise;
}

Value to_real(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"value", "default"});
  const Value& value = bound[0];
  refuse_undefined(run, value);
  if (value.is_big() && std::isinf(value.real()))
    run.fail("float: expected an integer that a float can hold, got a larger one");
  if (value.is_number()) return value.real();
  if (value.is_string()) {
    run.spend_bytes(value.string().size());
    if (const auto real = parse_real(value.string())) return *real;
  }
  return bound.has(1) ? bound[1] : Value(0.0);
}

Value absolute(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"/x"});
  const Value& value = bound[0];
  if (!value.is_number()) run.fail(cat("abs: expected a number, got ", value.kind_name()));
  if (!value.is_integral()) return std::fabs(value.real());
  if (value.is_boolean()) return value.integer();
  return is_negative(value) ? negate(run, value) : value;
}

// Python's round of an integer to tens, hundreds, ...: halves to even.
Value round_integer(Run& run, const Value& value, int64_t precision) {
  if (precision >= 0) return value.is_boolean() ? Value(value.integer()) : value;
  if (precision < -400) return int64_t{0};
  const Value unit = compute(run, "**", Value(int64_t{10}), Value(-precision));
  const Value rest = compute(run, "%", value, unit);
  const Value down = compute(run, "-", value, rest);
  const int half = compare_numbers(compute(run, "*", rest, Value(int64_t{2})), unit);
  const Value number = compute(run, "//", down, unit);
  const bool is_odd = compute(run, "%", number, Value(int64_t{2})).truthy();
  return half > 0 || (half == 0 && is_odd) ? compute(run, "+", down, unit) : down;
}

// To the nearest decimal of the exact value, as Python does it.
double round_real(Run& run, double value, int64_t precision) {
  if (!std::isfinite(value) || precision > 323) return value;
  if (precision < -308) return std::copysign(0.0, value);
  if (precision < 0) {
    const double unit = std::pow(10.0, static_cast<double>(-precision));
    return std::nearbyint(value / unit) * unit;
  }
  const std::string digits =
      number_digits(run, Value(value), {'f', false, static_cast<int>(precision), 0});
  double rounded = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), rounded);
  return std::copysign(rounded, value);
}

Value round(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"value", "precision", "method"});
  const Value& value = bound[0];
  const std::string method = bound.has(2) ? bound.string(2) : "common";
  if (method != "common" && method != "ceil" && method != "floor")
    run.fail(cat("round: expected common, ceil or floor, got \"", method, "\""));
  if (!value.is_number()) run.fail(cat("round: expected a number, got ", value.kind_name()));
  const int64_t precision = bound.integer(1, 0);
  if (method == "common") {
    if (value.is_integral()) return round_integer(run, value, precision);
    return round_real(run, value.real(), precision);
  }
  const Value scale = compute(run, "**", Value(int64_t{10}), Value(precision));
  const Value scaled = compute(run, "*", value, scale);
  if (scaled.is_integral()) return compute(run, "/", scaled, scale);
  const auto whole =
      real_to_integer(method == "ceil" ? std::ceil(scaled.real()) : std::floor(scaled.real()));
  if (!whole) run.fail("round: expected a finite number, got another");
  return compute(run, "/", *whole, scale);
}

Value file_size(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"value", "binary"});
  const bool is_binary = bound.flag(1, false);
  const std::optional<double> bytes = bound[0].is_number()   ? bound[0].real()
                                      : bound[0].is_string() ? parse_real(bound[0].string())
                                                             : std::nullopt;
  if (!bytes) run.fail(cat("filesizeformat: expected a number, got ", bound[0].kind_name()));
  const double base = is_binary ? 1024 : 1000;
  if (*bytes == 1) return std::string("1 Byte");
  if (*bytes < base) {
    const auto whole = real_to_integer(*bytes);
    if (!whole) run.fail("filesizeformat: expected a finite number, got another");
    return integer_text(*whole, 10) + " Bytes";
  }
  static constexpr std::string_view kPrefixes = "kMGTPEZY";
  double unit = base;
  size_t i = 0;
  for (; i < kPrefixes.size(); ++i) {
    unit *= base;
    if (*bytes < unit || i + 1 == kPrefixes.size()) break;
  }
  const std::string prefix(1, is_binary && i == 0 ? 'K' : kPrefixes[i]);
  return number_digits(run, Value(base * *bytes / unit), {'f', false, 1, 0}) + " " + prefix +
         (is_binary ? "iB" : "B");
}

constexpr BuiltinEntry kFilters[] = {
    {"abs", absolute}, {"filesizeformat", file_size}, {"float", to_real}, {"int", to_integer},
    {"round", round},
};

}  // namespace

std::span<const BuiltinEntry> number_filters() { return kFilters; }

}  // namespace laconic::jinja
