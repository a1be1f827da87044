// Strings that are HTML already: escaping, Markup's methods, tags and character references.
//
// Source: MarkupSafe 3.0; Python's html.unescape. Departure: of the two thousand names of HTML's
// characters only the ones below are known, others stay as they are.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <iterator>

#include "base/error.h"
#include "text/jinja_methods.h"
#include "text/jinja_utf8.h"
#include "text/utf8.h"

namespace laconic::jinja {
namespace {

struct Entity {
  std::string_view name, text;
};
constexpr Entity kEntities[] = {
    {"amp", "&"},         {"lt", "<"},          {"gt", ">"},         {"quot", "\""},
    {"apos", "'"},        {"nbsp", "\u00A0"},   {"copy", "\u00A9"},  {"reg", "\u00AE"},
    {"trade", "\u2122"},  {"hellip", "\u2026"}, {"mdash", "\u2014"}, {"ndash", "\u2013"},
    {"lsquo", "\u2018"},  {"rsquo", "\u2019"},  {"ldquo", "\u201C"}, {"rdquo", "\u201D"},
    {"laquo", "\u00AB"},  {"raquo", "\u00BB"},  {"times", "\u00D7"}, {"divide", "\u00F7"},
    {"deg", "\u00B0"},    {"plusmn", "\u00B1"}, {"euro", "\u20AC"},  {"pound", "\u00A3"},
    {"yen", "\u00A5"},    {"cent", "\u00A2"},   {"sect", "\u00A7"},  {"para", "\u00B6"},
    {"middot", "\u00B7"}, {"bull", "\u2022"},   {"larr", "\u2190"},  {"rarr", "\u2192"},
    {"le", "\u2264"},     {"ge", "\u2265"},     {"ne", "\u2260"},    {"infin", "\u221E"},
    {"frac12", "\u00BD"}, {"shy", "\u00AD"},
};

// "#65" or "#x41" as a character; empty where it is none.
std::string numeric_reference(std::string_view body) {
  const bool is_hex = body.size() > 1 && (body[1] == 'x' || body[1] == 'X');
  body.remove_prefix(is_hex ? 2 : 1);
  uint32_t code = 0;
  const auto read = std::from_chars(body.data(), body.data() + body.size(), code, is_hex ? 16 : 10);
  if (body.empty() || read.ptr != body.data() + body.size()) return "";
  const bool is_none =
      read.ec != std::errc{} || code == 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000);
  std::string out;
  append_utf8(is_none ? 0xfffd : code, out);
  return out;
}

std::string reference(std::string_view body) {
  if (body.starts_with('#')) return numeric_reference(body);
  for (const Entity& entity : kEntities) {
    if (entity.name == body) return std::string(entity.text);
  }
  return "";
}

// Everything between `open` and the next `close`, both included, goes.
std::string without(std::string_view text, std::string_view open, std::string_view close) {
  std::string out;
  size_t at = 0;
  while (true) {
    const size_t start = text.find(open, at);
    // As Markup.striptags, which searches the rest from where the start stood.
    const size_t end = start == std::string_view::npos ? start : text.find(close, start);
    if (end == std::string_view::npos) break;
    out += text.substr(at, start - at);
    at = end + close.size();
  }
  return out.append(text.substr(at));
}

// The strings of a result as markup.
Value marked(const Value& value) {
  if (value.is_string()) return Value::markup(value.string());
  if (!value.is_sequence()) return value;
  Values items;
  for (const Value& item : value.items()) items.push_back(marked(item));
  return value.kind() == Value::Kind::kTuple ? Value::tuple(std::move(items))
                                             : Value::list(std::move(items));
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
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

std::string escaped_text(const Value& value) {
  if (value.is_markup()) return value.string();
  return escape_html(value.str());
}

Value call_markup_method(Run& run, std::string_view name, Builtin method, Arguments& arguments) {
  static constexpr std::string_view kPlain[] = {"encode", "find",  "rfind",      "index",
                                                "rindex", "count", "startswith", "endswith"};
  const bool is_plain = name.starts_with("is") ||
                        std::find(std::begin(kPlain), std::end(kPlain), name) != std::end(kPlain);
  if (is_plain) return method(run, arguments);
  Values& given = arguments.positional;
  if (name == "join" && given.size() == 2) {
    Values parts;
    for (const Value& part : run.iterate(given[1])) parts.emplace_back(escaped_text(part));
    given[1] = Value::list(std::move(parts));
  }
  const bool fills = name == "center" || name == "ljust" || name == "rjust";
  if ((fills || name == "replace") && given.size() > 2 && given[2].is_string())
    given[2] = escaped_text(given[2]);
  return marked(method(run, arguments));
}

std::string unescape_html(std::string_view text) {
  constexpr size_t kLongest = 32;  // of a reference, as html.unescape looks for it
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t end =
        text[at] == '&' ? text.substr(at, kLongest + 2).find(';') : std::string_view::npos;
    const std::string known =
        end == std::string_view::npos ? "" : reference(text.substr(at + 1, end - 1));
    if (known.empty()) {
      out += text[at++];
      continue;
    }
    out += known;
    at += end + 1;
  }
  return out;
}

std::string strip_tags(Run& run, std::string text) {
  run.spend_bytes(text.size() * 8);
  text = without(text, "<!--", "-->");
  text = without(text, "<", ">");
  std::string joined;
  for (const std::string& word : split_space(text, -1)) {
    if (!joined.empty()) joined += ' ';
    joined += word;
  }
  return unescape_html(joined);
}

}  // namespace laconic::jinja
