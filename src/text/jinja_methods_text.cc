// Methods of str that pad, ask what a text is made of, encode and format.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/error.h"
#include "text/jinja_case.h"
#include "text/jinja_methods.h"
#include "text/jinja_utf8.h"
#include "text/utf8.h"

namespace laconic::jinja {
namespace {

constexpr int64_t kMaxWidth = 1'000'000;

const std::string& self(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"/self"});
  run.spend_bytes(bound.string(0).size() * 4);
  return arguments.positional.emplace_back(bound[0]).string();
}

size_t width_at(Run& run, const Bound& bound, size_t i) {
  const int64_t width = bound.integer(i, 0);
  if (width > kMaxWidth) run.fail(cat("expected a width of at most ", kMaxWidth, ", got ", width));
  run.spend_bytes(static_cast<size_t>(std::max<int64_t>(width, 0)));
  return static_cast<size_t>(std::max<int64_t>(width, 0));
}

template <Side kSide>
Value pad(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"/self", "/width", "/fillchar"}, 2);
  const std::string fill = bound.has(2) ? bound.string(2) : " ";
  if (count_code_points(fill) != 1) run.fail("expected one character to fill with, got another");
  return padded(bound.string(0), width_at(run, bound, 1), kSide, fill);
}

Value zfill(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"/self", "/width"}, 2);
  const std::string& text = bound.string(0);
  const size_t width = width_at(run, bound, 1);
  const bool has_sign = !text.empty() && (text[0] == '-' || text[0] == '+');
  if (!has_sign) return padded(text, width, Side::kRight, "0");
  return text[0] + padded(std::string_view(text).substr(1), std::max<size_t>(width, 1) - 1,
                          Side::kRight, "0");
}

template <bool (*kHolds)(char32_t), bool kOfNothing = false>
Value all_characters(Run& run, Arguments& arguments) {
  const std::string& text = self(run, arguments);
  if (text.empty()) return kOfNothing;
  for (size_t at = 0; at < text.size();) {
    if (!kHolds(next_code_point(text, at))) return false;
  }
  return true;
}

bool is_ascii(char32_t c) { return c < 0x80; }

template <bool (*kHolds)(std::string_view)>
Value whole_text(Run& run, Arguments& arguments) {
  return kHolds(self(run, arguments));
}

bool is_identifier(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const bool is_first = at == 0;
    const char32_t c = next_code_point(text, at);
    if (c != '_' && !is_alpha(c) && (is_first || !is_word_char(c))) return false;
  }
  return !text.empty();
}

Value expand_tabs(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"/self", "tabsize"});
  const int64_t size = bound.integer(1, 8);
  if (size > 1000) run.fail(cat("expected a tab size of at most 1000, got ", size));
  std::string out;
  int64_t column = 0;
  for (const std::string_view c : characters(bound.string(0))) {
    if (c == "\t") {
      const int64_t blanks = size > 0 ? size - column % size : 0;
      run.spend_bytes(static_cast<size_t>(blanks));
      out.append(static_cast<size_t>(blanks), ' ');
      column += blanks;
      continue;
    }
    out += c;
    column = c == "\n" || c == "\r" ? 0 : column + 1;
  }
  return out;
}

// The name without what Python does not look at: case, and the kind of hyphen.
std::string encoding_at(const Bound& bound, size_t i) {
  std::string name = bound.has(i) ? lower(bound.string(i)) : "utf-8";
  std::replace(name.begin(), name.end(), '_', '-');
  return name == "utf8" || name == "u8" ? "utf-8" : name == "us-ascii" ? "ascii" : name;
}

Value encode(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"/self", "encoding", "errors"});
  const std::string& text = bound.string(0);
  const std::string name = encoding_at(bound, 1);
  const std::string errors = bound.has(2) ? bound.string(2) : "strict";
  if (name == "utf-8") return Bytes{text};
  const bool is_latin = name == "latin-1" || name == "latin1" || name == "iso-8859-1";
  if (name != "ascii" && !is_latin)
    run.fail(cat("expected the encoding utf-8, latin-1 or ascii, got \"", name, "\""));
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const char32_t c = next_code_point(text, at);
    if (c < (is_latin ? 0x100u : 0x80u)) {
      out += static_cast<char>(c);
    } else if (errors == "replace") {
      out += '?';
    } else if (errors != "ignore") {
      run.fail(cat("expected characters that ", name, " has, got others"));
    }
  }
  return Bytes{std::move(out)};
}

Value format(Run& run, Arguments& arguments) {
  const Value text = arguments.positional.front();
  arguments.positional.erase(arguments.positional.begin());
  return format_braces(run, text, std::move(arguments));
}

Value format_map(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"/self", "/mapping"}, 2);
  if (!bound[1].is_dict()) run.fail(cat("expected a dict, got ", bound[1].kind_name()));
  Arguments fields;
  for (const auto& [key, value] : bound[1].pairs()) {
    if (key.is_string()) fields.named.emplace_back(key.string(), value);
  }
  return format_braces(run, bound[0], std::move(fields));
}

constexpr BuiltinEntry kMethods[] = {
    {"center", pad<Side::kCenter>},
    {"ljust", pad<Side::kLeft>},
    {"rjust", pad<Side::kRight>},
    {"zfill", zfill},
    {"isalpha", all_characters<is_alpha>},
    {"isalnum", all_characters<is_alnum>},
    {"isdecimal", all_characters<is_decimal>},
    {"isdigit", all_characters<is_any_digit>},
    {"isnumeric", all_characters<is_numeral>},
    {"isspace", all_characters<is_space>},
    {"isascii", all_characters<is_ascii, true>},
    {"isprintable", all_characters<is_printable, true>},
    {"isupper", whole_text<is_upper>},
    {"islower", whole_text<is_lower>},
    {"istitle", whole_text<is_title>},
    {"isidentifier", whole_text<is_identifier>},
    {"expandtabs", expand_tabs},
    {"encode", encode},
    {"format", format},
    {"format_map", format_map},
};

}  // namespace

std::span<const BuiltinEntry> text_methods() { return kMethods; }

}  // namespace laconic::jinja
