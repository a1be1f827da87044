// Filters of one value as text.
// SPDX-License-Identifier: Apache-2.0
#include "text/jinja_filters.h"

#include <algorithm>
#include <stdexcept>

#include "base/error.h"
#include "text/jinja_case.h"
#include "text/jinja_eval.h"
#include "text/jinja_methods.h"
#include "text/jinja_utf8.h"
#include "text/utf8.h"

namespace laconic::jinja {

constexpr size_t kMaxStringBytes = size_t{64} << 20;

std::string text_of(Run& run, const Value& value) {
  run.spend(value.weight());
  std::string text = value.str();
  run.spend_bytes(text.size());
  return text;
}

Text soft_text(Run& run, const Value& value) { return {text_of(run, value), value.is_markup()}; }

std::string replaced(Run& run, const std::string& text, const Replacement& replacement) {
  const std::string &from = replacement.from, &to = replacement.to;
  const int64_t max_count = replacement.count;
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
    const size_t found = find_text(text, from, at);
    if (found == std::string::npos) break;
    put(std::string_view(text).substr(at, found - at));
    at = found + from.size();
  }
  return out.append(text, at, std::string::npos);
}

namespace {

template <std::string (*kMap)(std::string_view)>
Value mapped(Run& run, Arguments& arguments) {
  const Text text = soft_text(run, Bound(run, arguments, {"s"})[0]);
  return Text{kMap(text.text), text.is_markup};
}

// Words as jinja2 has them: behind blanks, hyphens and opening brackets.
std::string title_of_words(std::string_view text) {
  static constexpr std::string_view kOpening = "-({[<";
  std::string out;
  for (size_t at = 0; at < text.size();) {
    size_t end = at;
    bool is_gap = false;
    for (size_t next = at; next < text.size(); end = next) {
      const size_t here = next;
      const char32_t c = next_code_point(text, next);
      const bool is_mark = is_space(c) || (c < 0x80 && kOpening.find(static_cast<char>(c)) !=
                                                           std::string_view::npos);
      if (here == at) is_gap = is_mark;
      if (is_mark != is_gap) break;
    }
    const std::string_view word = text.substr(at, end - at);
    const std::string_view initial = first_characters(word, 1);
    out += upper(initial);
    out += lower(word.substr(initial.size()));
    at = end;
  }
  return out;
}

Value title_filter(Run& run, Arguments& arguments) {
  return title_of_words(text_of(run, Bound(run, arguments, {"s"})[0]));
}

Value trim(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"value", "chars"});
  const Text text = soft_text(run, bound[0]);
  const std::string* set = bound.has_value(1) ? &bound.string(1) : nullptr;
  return Text{std::string(strip(text.text, set, true, true)), text.is_markup};
}

Value replace(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"s", "old", "new", "count"}, 3);
  const int64_t count = bound.has_value(3) ? bound.integer(3, -1) : -1;
  const std::string from = text_of(run, bound[1]), to = text_of(run, bound[2]);
  return replaced(run, text_of(run, bound[0]), {from, to, count});
}

// What is not markup already becomes it, escaped.
Value escape(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"/s"});
  if (bound[0].is_markup()) return bound[0];
  return Value::markup(escape_html(text_of(run, bound[0])));
}

Value force_escape(Run& run, Arguments& arguments) {
  return Value::markup(escape_html(text_of(run, Bound(run, arguments, {"value"})[0])));
}

Value safe(Run& run, Arguments& arguments) {
  return Value::markup(text_of(run, Bound(run, arguments, {"value"})[0]));
}

Value to_string(Run& run, Arguments& arguments) {
  return soft_text(run, Bound(run, arguments, {"/s"})[0]);
}

Value word_count(Run& run, Arguments& arguments) {
  const std::string text = text_of(run, Bound(run, arguments, {"s"})[0]);
  int64_t count = 0;
  bool in_word = false;
  for (size_t at = 0; at < text.size();) {
    const char32_t c = next_code_point(text, at);
    const bool is_word = c == '_' || is_alnum(c);
    count += is_word && !in_word ? 1 : 0;
    in_word = is_word;
  }
  return count;
}

Value center(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"value", "width"});
  constexpr int64_t kMaxWidth = 1'000'000;
  const int64_t width = bound.integer(1, 80);
  if (width > kMaxWidth) run.fail(cat("center: expected at most ", kMaxWidth, ", got ", width));
  const Text text = soft_text(run, bound[0]);
  run.spend_bytes(static_cast<size_t>(std::max<int64_t>(width, 0)));
  return Text{padded(text.text, static_cast<size_t>(std::max<int64_t>(width, 0)), Side::kCenter),
              text.is_markup};
}

Value format(Run& run, Arguments& arguments) {
  if (arguments.positional.empty()) run.fail("format: expected a string in front, got none");
  const Value text = soft_text(run, arguments.positional[0]);
  if (!arguments.named.empty()) {
    if (arguments.positional.size() > 1)
      run.fail("format: expected either positional or named arguments, got both");
    Pairs pairs;
    for (auto& [name, value] : arguments.named) pairs.emplace_back(Value(name), std::move(value));
    return format_percent(run, text, Value::dict(std::move(pairs)));
  }
  return format_percent(
      run, text, Value::tuple({arguments.positional.begin() + 1, arguments.positional.end()}));
}

Value otherwise(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"value", "default_value", "boolean"});
  const bool is_missing = bound[0].is_undefined() || (bound.flag(2, false) && !bound[0].truthy());
  if (!is_missing) return bound[0];
  return bound.has(1) ? bound[1] : Value(std::string());
}

Value pretty_print(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"value"});
  run.spend(bound[0].weight() * 8);
  return pretty(bound[0]);
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
    {"capitalize", mapped<capitalize>},
    {"center", center},
    {"d", otherwise},
    {"default", otherwise},
    {"e", escape},
    {"escape", escape},
    {"forceescape", force_escape},
    {"format", format},
    {"lower", mapped<lower>},
    {"pprint", pretty_print},
    {"replace", replace},
    {"safe", safe},
    {"string", to_string},
    {"title", title_filter},
    {"tojson", to_json},
    {"trim", trim},
    {"upper", mapped<upper>},
    {"wordcount", word_count},
};

}  // namespace

std::span<const BuiltinEntry> text_filters() { return kFilters; }

Builtin find_filter(std::string_view name) {
  for (const auto filters :
       {text_filters(), number_filters(), layout_filters(), sequence_filters(), lazy_filters()}) {
    for (const BuiltinEntry& entry : filters) {
      if (entry.name == name) return entry.call;
    }
  }
  return nullptr;
}

}  // namespace laconic::jinja
