// Filters of one value: text, numbers, JSON.
// SPDX-License-Identifier: Apache-2.0
#include "text/jinja_filters.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <stdexcept>

#include "base/error.h"
#include "text/jinja_utf8.h"

namespace laconic::jinja {
namespace {

constexpr size_t kMaxStringBytes = size_t{64} << 20;

std::string text_of(Run& run, const Value& value) {
  run.spend(value.weight());
  std::string text = value.str();
  run.spend_bytes(text.size());
  return text;
}

template <std::string (*kMap)(std::string_view)>
Value mapped(Run& run, Arguments& arguments) {
  return kMap(text_of(run, Bound(run, arguments, {"value"})[0]));
}

Value trim(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"value", "chars"});
  const bool has_set = bound.has(1) && !bound[1].is_none();
  const std::string text = text_of(run, bound[0]);
  return std::string(strip(text, has_set ? &bound.string(1) : nullptr, true, true));
}

// Python's str.replace.
std::string replace_all(Run& run, const std::string& text, const std::string& from,
                        const std::string& to, int64_t max_count) {
  std::string out;
  size_t at = 0;
  const auto put = [&](std::string_view kept) {
    out += kept;
    out += to;
    run.spend_bytes(to.size() + 1);
    if (out.size() > kMaxStringBytes)
      run.fail(cat("expected at most ", kMaxStringBytes, " bytes of text, got more"));
  };
  if (from.empty()) {  // in front of each character, and at the end
    int64_t left = max_count < 0 ? INT64_MAX : max_count;
    for (const std::string_view c : characters(text)) {
      if (left-- <= 0) break;
      put({});
      out += c;
      at += c.size();
    }
    if (left > 0) put({});
    return out.append(text, at, std::string::npos);
  }
  for (int64_t done = 0; max_count < 0 || done < max_count; ++done) {
    const size_t found = text.find(from, at);
    if (found == std::string::npos) break;
    put(std::string_view(text).substr(at, found - at));
    at = found + from.size();
  }
  return out.append(text, at, std::string::npos);
}

Value replace(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"s", "old", "new", "count"});
  if (bound[0].is_string() && !(bound.has(1) && bound.has(2)))
    run.fail("replace: expected what to replace and with what, got less");
  const int64_t count = bound.has(3) && !bound[3].is_none() ? bound.integer(3, -1) : -1;
  const std::string text = text_of(run, bound[0]);
  return replace_all(run, text, bound.string(1), bound.string(2), count);
}

Value indent(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"s", "width", "first", "blank"});
  std::string margin = "    ";
  if (bound.has(1) && bound[1].is_string()) {
    margin = bound[1].string();
  } else {
    const int64_t width = bound.integer(1, 4);
    if (width > 1000) run.fail(cat("indent: expected at most 1000 blanks, got ", width));
    margin.assign(static_cast<size_t>(std::max<int64_t>(width, 0)), ' ');
  }
  const bool indents_blank = bound.flag(3, false);
  const std::vector<std::string> lines = split_lines(text_of(run, bound[0]) + "\n", false);
  std::string out;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) out += '\n';
    const bool wanted = i > 0 ? indents_blank || !lines[i].empty() : bound.flag(2, false);
    if (wanted) out += margin;
    out += lines[i];
  }
  run.spend_bytes(out.size());
  return out;
}

Value escape(Run& run, Arguments& arguments) {
  std::string out;
  for (const char c : text_of(run, Bound(run, arguments, {"s"})[0])) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&#34;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

Value to_string(Run& run, Arguments& arguments) {
  return text_of(run, Bound(run, arguments, {"value"})[0]);
}

Value word_count(Run& run, Arguments& arguments) {
  const std::string text = text_of(run, Bound(run, arguments, {"s"})[0]);
  return static_cast<int64_t>(split_space(text, -1).size());
}

Value absolute(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"x"});
  const Value& value = bound[0];
  if (!value.is_number()) run.fail(cat("abs: expected a number, got ", value.kind_name()));
  if (!value.is_integral()) return std::fabs(value.real());
  if (value.integer() == INT64_MIN)
    run.fail("abs: expected a result that fits 64 bits, got a larger one");
  return std::abs(value.integer());
}

template <typename Number>
std::optional<Number> parse_number(const std::string& text) {
  std::string_view body = strip(text, nullptr, true, true);
  if (body.size() > 1 && body[0] == '+' && body[1] != '-') body.remove_prefix(1);
  Number number{};
  const auto read = std::from_chars(body.data(), body.data() + body.size(), number);
  if (read.ec != std::errc{} || read.ptr != body.data() + body.size()) return std::nullopt;
  return number;
}

// int(value), 0 or the given default where that is not possible.
Value to_integer(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"value", "default", "base"});
  if (bound.integer(2, 10) != 10) run.fail("int: expected base 10, got another");
  const Value& value = bound[0];
  std::optional<double> real;
  if (value.is_integral()) return value.integer();
  if (value.is_string()) {
    if (const auto whole = parse_number<int64_t>(value.string())) return *whole;
    real = parse_number<double>(value.string());
  } else if (value.is_number()) {
    real = value.real();
  }
  if (real && std::fabs(*real) < 9e18) return static_cast<int64_t>(*real);
  return bound.has(1) ? bound[1] : Value(int64_t{0});
}

Value to_real(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"value", "default"});
  const Value& value = bound[0];
  if (value.is_number()) return value.real();
  if (value.is_string()) {
    if (const auto real = parse_number<double>(value.string())) return *real;
  }
  return bound.has(1) ? bound[1] : Value(0.0);
}

Value round(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"value", "precision", "method"});
  if (!bound[0].is_number()) run.fail(cat("round: expected a number, got ", bound[0].kind_name()));
  const std::string method = bound.has(2) ? bound.string(2) : "common";
  const double scale = std::pow(10.0, static_cast<double>(bound.integer(1, 0)));
  const double scaled = bound[0].real() * scale;
  if (method == "ceil") return std::ceil(scaled) / scale;
  if (method == "floor") return std::floor(scaled) / scale;
  if (method != "common")
    run.fail(cat("round: expected common, ceil or floor, got \"", method, "\""));
  return std::nearbyint(scaled) / scale;  // halves to even, as Python
}

Value otherwise(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"value", "default_value", "boolean"});
  const bool is_missing = bound[0].is_undefined() || (bound.flag(2, false) && !bound[0].truthy());
  if (!is_missing) return bound[0];
  return bound.has(1) ? bound[1] : Value(std::string());
}

// transformers' tojson: json.dumps(x, ensure_ascii, indent, separators, sort_keys).
Value to_json(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"x", "ensure_ascii", "indent", "separators", "sort_keys"});
  JsonStyle style;
  style.ascii = bound.flag(1, false);
  style.sort_keys = bound.flag(4, false);
  if (bound.has(2) && !bound[2].is_none()) {
    style.indent = static_cast<int>(std::clamp<int64_t>(bound.integer(2, 0), 0, 64));
    style.item_separator = ",";
  }
  if (bound.has(3) && !bound[3].is_none()) {
    const Value& separators = bound[3];
    if (!separators.is_sequence() || separators.items().size() != 2 ||
        !separators.items()[0].is_string() || !separators.items()[1].is_string())
      run.fail("tojson: expected two strings as separators, got something else");
    style.item_separator = separators.items()[0].string();
    style.key_separator = separators.items()[1].string();
  }
  run.spend(bound[0].weight());
  std::string text;
  try {
    text = to_json_text(bound[0], style);
  } catch (const std::invalid_argument& fault) {
    run.fail(cat("tojson: expected a value that JSON can hold, got ", fault.what()));
  }
  run.spend_bytes(text.size());
  return text;
}

constexpr BuiltinEntry kFilters[] = {
    {"abs", absolute},
    {"capitalize", mapped<capitalize>},
    {"d", otherwise},
    {"default", otherwise},
    {"e", escape},
    {"escape", escape},
    {"float", to_real},
    {"indent", indent},
    {"int", to_integer},
    {"lower", mapped<lower>},
    {"replace", replace},
    {"round", round},
    {"safe", to_string},
    {"string", to_string},
    {"title", mapped<title>},
    {"tojson", to_json},
    {"trim", trim},
    {"upper", mapped<upper>},
    {"wordcount", word_count},
};

}  // namespace

std::span<const BuiltinEntry> text_filters() { return kFilters; }

Builtin find_filter(std::string_view name) {
  for (const auto filters : {text_filters(), sequence_filters(), more_filters()}) {
    for (const BuiltinEntry& entry : filters) {
      if (entry.name == name) return entry.call;
    }
  }
  return nullptr;
}

}  // namespace laconic::jinja
