// Methods of str that search, cut and join. The object is the first positional argument.
// SPDX-License-Identifier: Apache-2.0
#include "text/jinja_methods.h"

#include <algorithm>

#include "base/error.h"
#include "text/jinja_case.h"
#include "text/jinja_utf8.h"

namespace laconic::jinja {
namespace {

const std::string& self(Run& run, Arguments& arguments) {
  const std::string& text = arguments.positional.front().string();
  run.spend_bytes(text.size());
  return text;
}

template <std::string (*kMap)(std::string_view)>
Value mapped(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"/self"});
  run.spend_bytes(bound.string(0).size());
  return kMap(bound.string(0));
}

template <bool kLeft, bool kRight>
Value stripped(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"/self", "/chars"});
  run.spend_bytes(bound.string(0).size());
  const std::string* set = bound.has_value(1) ? &bound.string(1) : nullptr;
  return std::string(strip(bound.string(0), set, kLeft, kRight));
}

Value strings(const std::vector<std::string>& parts) {
  Values items;
  for (const std::string& part : parts) items.emplace_back(part);
  return Value::list(std::move(items));
}

std::vector<std::string> split_at(const std::string& text, const std::string& separator,
                                  int64_t max_splits) {
  std::vector<std::string> parts;
  size_t start = 0;
  while (max_splits < 0 || static_cast<int64_t>(parts.size()) < max_splits) {
    const size_t found = find_text(text, separator, start);
    if (found == std::string::npos) break;
    parts.push_back(text.substr(start, found - start));
    start = found + separator.size();
  }
  parts.push_back(text.substr(start));
  return parts;
}

// From the right: the separators are looked for in the text read backwards.
std::vector<std::string> split_at_from_right(const std::string& text, const std::string& separator,
                                             int64_t max_splits) {
  const auto reversed = [](const std::string& s) { return std::string(s.rbegin(), s.rend()); };
  std::vector<std::string> parts = split_at(reversed(text), reversed(separator), max_splits);
  std::reverse(parts.begin(), parts.end());
  for (std::string& part : parts) std::reverse(part.begin(), part.end());
  return parts;
}

template <bool kFromRight>
Value split(Run& run, Arguments& arguments) {
  run.spend(self(run, arguments).size() / 4);
  const Bound bound(run, arguments, {"/self", "sep", "maxsplit"});
  const int64_t max_splits = bound.integer(2, -1);
  const std::string& text = bound.string(0);
  if (!bound.has_value(1))
    return strings(kFromRight ? split_space_from_right(text, max_splits)
                              : split_space(text, max_splits));
  const std::string& separator = bound.string(1);
  if (separator.empty()) run.fail("expected a separator of one character or more, got none");
  return strings(kFromRight ? split_at_from_right(text, separator, max_splits)
                            : split_at(text, separator, max_splits));
}

Value splitlines(Run& run, Arguments& arguments) {
  run.spend(self(run, arguments).size() / 4);
  const Bound bound(run, arguments, {"/self", "keepends"});
  return strings(split_lines(bound.string(0), bound.flag(1, false)));
}

// The part of a text that the arguments start and end, in characters, leave to a search.
struct Section {
  std::string_view text;
  int64_t start = 0;     // in characters of the whole
  bool is_valid = true;  // false where `start` is behind the end: even "" is not found there
};

Section section(const Bound& bound, size_t first) {
  const std::string_view text = bound.string(0);
  if (!bound.has_value(first) && !bound.has_value(first + 1)) return {text, 0, true};
  const auto size = static_cast<int64_t>(count_code_points(text));
  const auto place = [&](size_t i, int64_t otherwise) {
    if (!bound.has_value(i)) return otherwise;
    const int64_t at = bound.integer(i, 0);
    return at < 0 ? std::max<int64_t>(at < -size ? 0 : at + size, 0) : at;
  };
  const int64_t start = place(first, 0);
  const int64_t end = std::min(place(first + 1, size), size);
  if (start > size || start > end) return {{}, start, start <= size && start <= end};
  const std::string_view before = first_characters(text, static_cast<size_t>(start));
  return {first_characters(text.substr(before.size()), static_cast<size_t>(end - start)), start,
          true};
}

template <bool kAtEnd>
Value has_affix(Run& run, Arguments& arguments) {
  self(run, arguments);
  const Bound bound(run, arguments, {"/self", "/affix", "/start", "/end"}, 2);
  const Section searched = section(bound, 2);
  const auto matches = [&](const Value& affix) {
    if (!affix.is_string()) run.fail(cat("expected a string to look for, got ", affix.kind_name()));
    if (!searched.is_valid) return false;
    return kAtEnd ? searched.text.ends_with(affix.string())
                  : searched.text.starts_with(affix.string());
  };
  if (bound[1].kind() != Value::Kind::kTuple) return matches(bound[1]);
  return std::any_of(bound[1].items().begin(), bound[1].items().end(), matches);
}

template <bool kLast, bool kRequired>
Value find(Run& run, Arguments& arguments) {
  self(run, arguments);
  const Bound bound(run, arguments, {"/self", "/sub", "/start", "/end"}, 2);
  const Section searched = section(bound, 2);
  const std::string& part = bound.string(1);
  if (kLast) run.spend_bytes(2 * (searched.text.size() + part.size()));  // read backwards
  const size_t found = !searched.is_valid ? std::string::npos
                       : kLast            ? rfind_text(searched.text, part)
                                          : find_text(searched.text, part);
  if (found != std::string::npos)
    return searched.start + static_cast<int64_t>(count_code_points(searched.text.substr(0, found)));
  if (kRequired) run.fail("expected the text to hold what is looked for, got one without it");
  return int64_t{-1};
}

template <bool kLast>
Value partition(Run& run, Arguments& arguments) {
  self(run, arguments);
  const Bound bound(run, arguments, {"/self", "/sep"}, 2);
  const std::string& text = bound.string(0);
  const std::string& separator = bound.string(1);
  if (separator.empty()) run.fail("expected a separator of one character or more, got none");
  const size_t found = kLast ? rfind_text(text, separator) : find_text(text, separator);
  const Value nothing{std::string()};
  if (found == std::string::npos) {
    return kLast ? Value::tuple({nothing, nothing, text}) : Value::tuple({text, nothing, nothing});
  }
  return Value::tuple({text.substr(0, found), separator, text.substr(found + separator.size())});
}

Value count(Run& run, Arguments& arguments) {
  self(run, arguments);
  const Bound bound(run, arguments, {"/self", "/sub", "/start", "/end"}, 2);
  const Section searched = section(bound, 2);
  const std::string& part = bound.string(1);
  if (!searched.is_valid) return int64_t{0};
  if (part.empty()) return static_cast<int64_t>(count_code_points(searched.text) + 1);
  int64_t number = 0;
  for (size_t at = 0; (at = find_text(searched.text, part, at)) != std::string::npos;
       at += part.size())
    ++number;
  return number;
}

Value join(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"/self", "/iterable"}, 2);
  if (bound[1].is_undefined() && !bound.has(1)) run.fail("join: expected strings, got nothing");
  std::string out;
  bool first = true;
  for (const Value& item : run.iterate(bound[1])) {
    if (!item.is_string()) run.fail(cat("expected strings to join, got ", item.kind_name()));
    run.spend_bytes(item.string().size() + bound.string(0).size());
    if (!first) out += bound.string(0);
    first = false;
    out += item.string();
  }
  return out;
}

Value replace(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"/self", "/old", "/new", "/count"}, 3);
  return replaced(run, bound.string(0), {bound.string(1), bound.string(2), bound.integer(3, -1)});
}

template <bool kPrefix>
Value remove_affix(Run& run, Arguments& arguments) {
  self(run, arguments);
  const Bound bound(run, arguments, {"/self", "/affix"}, 2);
  const std::string& text = bound.string(0);
  const std::string& affix = bound.string(1);
  if (kPrefix ? !text.starts_with(affix) : !text.ends_with(affix)) return text;
  return kPrefix ? text.substr(affix.size()) : text.substr(0, text.size() - affix.size());
}

constexpr BuiltinEntry kMethods[] = {
    {"strip", stripped<true, true>},
    {"lstrip", stripped<true, false>},
    {"rstrip", stripped<false, true>},
    {"split", split<false>},
    {"rsplit", split<true>},
    {"splitlines", splitlines},
    {"startswith", has_affix<false>},
    {"endswith", has_affix<true>},
    {"replace", replace},
    {"upper", mapped<upper>},
    {"lower", mapped<lower>},
    {"title", mapped<title>},
    {"capitalize", mapped<capitalize>},
    {"swapcase", mapped<swap_case>},
    {"casefold", mapped<case_fold>},
    {"find", find<false, false>},
    {"rfind", find<true, false>},
    {"index", find<false, true>},
    {"rindex", find<true, true>},
    {"partition", partition<false>},
    {"rpartition", partition<true>},
    {"count", count},
    {"join", join},
    {"removeprefix", remove_affix<true>},
    {"removesuffix", remove_affix<false>},
};

}  // namespace

std::span<const BuiltinEntry> search_methods() { return kMethods; }

}  // namespace laconic::jinja
