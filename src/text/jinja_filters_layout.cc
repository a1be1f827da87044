// Filters that lay text out: lines and widths, HTML attributes, URLs.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>

#include "base/error.h"
#include "text/jinja_filters.h"
#include "text/jinja_methods.h"
#include "text/jinja_utf8.h"
#include "text/jinja_wrap.h"

namespace laconic::jinja {
namespace {

Value indent(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"s", "width", "first", "blank"});
  const Text text{bound.string(0), bound[0].is_markup()};
  std::string margin = "    ";
  if (bound.has(1) && bound[1].is_string()) {
    margin = bound[1].string();
  } else {
    const int64_t width = bound.integer(1, 4);
    if (width > 1000) run.fail(cat("indent: expected at most 1000 blanks, got ", width));
    margin.assign(static_cast<size_t>(std::max<int64_t>(width, 0)), ' ');
  }
  const bool indents_blank = bound.flag(3, false);
  run.spend_bytes(text.text.size() * 4);
  const std::vector<std::string> lines = split_lines(text.text + "\n", false);
  std::string out;
  for (size_t i = 0; i < lines.size(); ++i) {
    run.spend_bytes(margin.size() + lines[i].size());
    if (i > 0) out += '\n';
    const bool wanted = i > 0 ? indents_blank || !lines[i].empty() : bound.flag(2, false);
    if (wanted) out += margin;
    out += lines[i];
  }
  return Text{std::move(out), text.is_markup};
}

// What is no text has a length too, and is only looked at where it is short enough.
Value truncate_other(Run& run, const Bound& bound) {
  Arguments measured;
  measured.positional = {bound[0]};
  const Value size = find_filter("length")(run, measured);
  const int64_t leeway = bound.has_value(4) ? bound.integer(4, 5) : 5;
  if (size.integer() - leeway <= bound.integer(1, 255)) return bound[0];
  run.fail(cat("truncate: expected a string, got ", bound[0].kind_name()));
}

Value truncate(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"s", "length", "killwords", "end", "leeway"});
  if (!bound[0].is_string()) return truncate_other(run, bound);
  const std::string& text = bound.string(0);
  const std::string end = !bound.has(3)          ? "..."
                          : bound[0].is_markup() ? escaped_text(bound[3])
                                                 : bound.string(3);
  const auto end_size =
      static_cast<int64_t>(count_code_points(bound.has(3) ? bound.string(3) : end));
  const int64_t length = bound.integer(1, 255);
  const int64_t leeway = bound.has_value(4) ? bound.integer(4, 5) : 5;
  run.spend_bytes(text.size());
  if (length < end_size)
    run.fail(cat("truncate: expected a length of at least ", end_size, ", got ", length));
  if (leeway < 0) run.fail(cat("truncate: expected a leeway of at least 0, got ", leeway));
  const auto size = static_cast<int64_t>(count_code_points(text));
  if (size - leeway <= length) return bound[0];
  std::string_view kept = first_characters(text, static_cast<size_t>(length - end_size));
  if (!bound.flag(2, false)) {
    const size_t blank = kept.rfind(' ');
    if (blank != std::string_view::npos) kept = kept.substr(0, blank);
  }
  return Text{std::string(kept) + end, bound[0].is_markup()};
}

Value word_wrap(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments,
                    {"s", "width", "break_long_words", "wrapstring", "break_on_hyphens"});
  WrapRule rule;
  rule.width = bound.integer(1, 79);
  rule.breaks_long_words = bound.flag(2, true);
  rule.breaks_on_hyphens = bound.flag(4, true);
  if (rule.width <= 0) run.fail(cat("wordwrap: expected a width above 0, got ", rule.width));
  const std::string between = bound.has_value(3) ? bound.string(3) : "\n";
  run.spend(bound.string(0).size() * 2);
  std::string out;
  bool is_first = true;
  for (const std::string& line : split_lines(bound.string(0), false)) {
    const std::vector<std::string> wrapped = wrap_line(line, rule);
    for (size_t i = 0; i < std::max<size_t>(wrapped.size(), 1); ++i) {
      if (!is_first) out += between;
      is_first = false;
      if (i < wrapped.size()) out += wrapped[i];
      run.spend_bytes(between.size() + 16);
    }
  }
  return out;
}

Value strip_tags_filter(Run& run, Arguments& arguments) {
  return strip_tags(run, text_of(run, Bound(run, arguments, {"value"})[0]));
}

std::string quoted(std::string_view text, bool is_query) {
  static constexpr std::string_view kPlain = "_.-~", kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || kPlain.find(c) != std::string_view::npos ||
                          (c == '/' && !is_query);
    if (is_plain) {
      out += c;
    } else if (c == ' ' && is_query) {
      out += '+';
    } else {
      out += '%';
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
  return out;
}

Value url_encode(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"value"});
  const Value& value = bound[0];
  const bool is_several = value.is_sequence() || value.is_dict() || value.is_view() ||
                          value.is_iterator() || value.is_undefined() ||
                          value.kind() == Value::Kind::kBytes;
  if (!is_several) {
    return quoted(text_of(run, value), false);
  }
  std::string out;
  const auto put = [&](const Value& key, const Value& item) {
    if (!out.empty()) out += '&';
    out += quoted(text_of(run, key), true) + "=" + quoted(text_of(run, item), true);
  };
  if (value.is_dict()) {
    for (const auto& [key, item] : value.pairs()) put(key, item);
    return out;
  }
  for (const Value& pair : run.iterate(value)) {
    const Values parts = run.iterate(pair);
    if (parts.size() != 2)
      run.fail(cat("urlencode: expected pairs, got ", parts.size(), " values"));
    put(parts[0], parts[1]);
  }
  return out;
}

Value xml_attributes(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"d", "autospace"});
  if (!bound[0].is_dict()) run.fail(cat("xmlattr: expected a dict, got ", bound[0].kind_name()));
  std::string out;
  for (const auto& [key, value] : bound[0].pairs()) {
    if (value.is_none() || value.is_undefined()) continue;
    if (!key.is_string()) run.fail(cat("xmlattr: expected names as keys, got ", key.kind_name()));
    if (key.string().find_first_of(" \t\n\v\f\r/>=") != std::string::npos)
      run.fail("xmlattr: expected a key without blanks, \"/\", \">\" and \"=\", got one");
    run.spend(value.weight());
    const std::string text = escaped_text(key) + "=\"" + escaped_text(value) + "\"";
    run.spend_bytes(text.size());
    out += (out.empty() ? "" : " ") + text;
  }
  return bound.flag(1, true) && !out.empty() ? " " + out : out;
}

// Chance has no place here: one row of messages gives one prompt.
Value refuse_chance(Run& run, Arguments&) {
  run.fail("expected a template without chance, got the filter \"random\"");
}

Value refuse_links(Run& run, Arguments&) {
  run.fail("expected a filter that laconic has, got \"urlize\", which makes links for web pages");
}

constexpr BuiltinEntry kFilters[] = {
    {"indent", indent},      {"random", refuse_chance},   {"striptags", strip_tags_filter},
    {"truncate", truncate},  {"urlencode", url_encode},   {"urlize", refuse_links},
    {"wordwrap", word_wrap}, {"xmlattr", xml_attributes},
};

}  // namespace

std::span<const BuiltinEntry> layout_filters() { return kFilters; }

}  // namespace laconic::jinja
