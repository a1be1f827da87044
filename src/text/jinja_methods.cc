// Methods of str, dict and list. The object is the first positional argument.
//
// As transformers' sandbox has it, methods that change a list or dict are not there.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/error.h"
#include "text/jinja_builtins.h"
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
  const Bound bound(run, arguments, {"self"});
  run.spend_bytes(bound.string(0).size());
  return kMap(bound.string(0));
}

template <bool kLeft, bool kRight>
Value stripped(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"self", "chars"});
  run.spend_bytes(bound.string(0).size());
  const bool has_set = bound.has(1) && !bound[1].is_none();
  const std::string* set = has_set ? &bound.string(1) : nullptr;
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
    const size_t found = text.find(separator, start);
    if (found == std::string::npos) break;
    parts.push_back(text.substr(start, found - start));
    start = found + separator.size();
  }
  parts.push_back(text.substr(start));
  return parts;
}

Value split(Run& run, Arguments& arguments) {
  run.spend(self(run, arguments).size());
  const Bound bound(run, arguments, {"self", "sep", "maxsplit"});
  const int64_t max_splits = bound.integer(2, -1);
  if (!bound.has(1) || bound[1].is_none()) return strings(split_space(bound.string(0), max_splits));
  if (bound.string(1).empty()) run.fail("expected a separator of one character or more, got none");
  return strings(split_at(bound.string(0), bound.string(1), max_splits));
}

Value rsplit(Run& run, Arguments& arguments) {
  run.spend(self(run, arguments).size());
  const Bound bound(run, arguments, {"self", "sep", "maxsplit"});
  if (!bound.has(1) || bound[1].is_none() || bound.string(1).empty())
    run.fail("rsplit: expected a separator of one character or more, got none");
  const std::string& separator = bound.string(1);
  std::string rest = bound.string(0);
  std::vector<std::string> parts;
  for (int64_t left = bound.integer(2, -1); left != 0; --left) {
    const size_t found = rest.rfind(separator);
    if (found == std::string::npos) break;
    run.spend_bytes(rest.size());
    parts.push_back(rest.substr(found + separator.size()));
    rest.resize(found);
  }
  parts.push_back(rest);
  std::reverse(parts.begin(), parts.end());
  return strings(parts);
}

Value splitlines(Run& run, Arguments& arguments) {
  run.spend(self(run, arguments).size());
  const Bound bound(run, arguments, {"self", "keepends"});
  return strings(split_lines(bound.string(0), bound.flag(1, false)));
}

template <bool kAtEnd>
Value has_affix(Run& run, Arguments& arguments) {
  self(run, arguments);
  const Bound bound(run, arguments, {"self", "affix"});
  const std::string_view text = bound.string(0);
  const auto matches = [&](const Value& affix) {
    if (!affix.is_string()) run.fail(cat("expected a string to look for, got ", affix.kind_name()));
    return kAtEnd ? text.ends_with(affix.string()) : text.starts_with(affix.string());
  };
  if (bound[1].kind() != Value::Kind::kTuple) return matches(bound[1]);
  return std::any_of(bound[1].items().begin(), bound[1].items().end(), matches);
}

template <bool kLast>
Value find(Run& run, Arguments& arguments) {
  self(run, arguments);
  const Bound bound(run, arguments, {"self", "sub"});
  const std::string& text = bound.string(0);
  const size_t found = kLast ? text.rfind(bound.string(1)) : text.find(bound.string(1));
  if (found == std::string::npos) return int64_t{-1};
  return static_cast<int64_t>(count_code_points(std::string_view(text).substr(0, found)));
}

template <bool kLast>
Value partition(Run& run, Arguments& arguments) {
  self(run, arguments);
  const Bound bound(run, arguments, {"self", "sep"});
  const std::string& text = bound.string(0);
  const std::string& separator = bound.string(1);
  if (separator.empty()) run.fail("expected a separator of one character or more, got none");
  const size_t found = kLast ? text.rfind(separator) : text.find(separator);
  const Value nothing{std::string()};
  if (found == std::string::npos) {
    return kLast ? Value::tuple({nothing, nothing, bound[0]})
                 : Value::tuple({bound[0], nothing, nothing});
  }
  return Value::tuple({text.substr(0, found), separator, text.substr(found + separator.size())});
}

Value count(Run& run, Arguments& arguments) {
  self(run, arguments);
  const Bound bound(run, arguments, {"self", "sub"});
  if (bound.string(1).empty()) return static_cast<int64_t>(count_code_points(bound.string(0)) + 1);
  return static_cast<int64_t>(split_at(bound.string(0), bound.string(1), -1).size() - 1);
}

Value join(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"self", "iterable"});
  std::string out;
  bool first = true;
  for (const Value& item : run.iterate(bound[1])) {
    if (!item.is_string()) run.fail(cat("expected strings to join, got ", item.kind_name()));
    if (!first) out += bound.string(0);
    first = false;
    out += item.string();
    run.spend_bytes(item.string().size() + bound.string(0).size());
  }
  return out;
}

template <bool kPrefix>
Value remove_affix(Run& run, Arguments& arguments) {
  self(run, arguments);
  const Bound bound(run, arguments, {"self", "affix"});
  const std::string& text = bound.string(0);
  const std::string& affix = bound.string(1);
  if (kPrefix ? !text.starts_with(affix) : !text.ends_with(affix)) return text;
  return kPrefix ? text.substr(affix.size()) : text.substr(0, text.size() - affix.size());
}

template <typename Holds>
bool all_characters(const std::string& text, Holds holds) {
  const std::vector<char32_t> points = code_points(text);
  return !points.empty() && std::all_of(points.begin(), points.end(), holds);
}

Value isdigit(Run& run, Arguments& arguments) {
  return all_characters(self(run, arguments), [](char32_t c) { return c >= '0' && c <= '9'; });
}

Value isspace(Run& run, Arguments& arguments) {
  return all_characters(self(run, arguments), [](char32_t c) { return is_space(c); });
}

Value isupper(Run& run, Arguments& arguments) {
  const std::string& text = self(run, arguments);
  return upper(text) == text && lower(text) != text;
}

Value islower(Run& run, Arguments& arguments) {
  const std::string& text = self(run, arguments);
  return lower(text) == text && upper(text) != text;
}

template <int kPart>
Value dict_view(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"self"});
  Values items;
  for (const auto& [key, value] : bound[0].pairs())
    items.push_back(kPart == 0 ? key : kPart == 1 ? value : Value::tuple({key, value}));
  run.spend(items.size() * 4);
  return Value::list(std::move(items));
}

Value get(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"self", "key", "default"});
  run.spend(bound[0].pairs().size() / 8);
  if (const Value* value = bound[0].find(bound[1])) return *value;
  return bound.has(2) ? bound[2] : Value(None{});
}

Value index(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"self", "value"});
  const Values& items = bound[0].items();
  run.spend(items.size());
  const auto found = std::find(items.begin(), items.end(), bound[1]);
  if (found == items.end())
    run.fail("index: expected the value in the list, got a list without it");
  return static_cast<int64_t>(found - items.begin());
}

Value list_count(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"self", "value"});
  run.spend(bound[0].items().size());
  return static_cast<int64_t>(
      std::count(bound[0].items().begin(), bound[0].items().end(), bound[1]));
}

Value copy(Run& run, Arguments& arguments) { return Bound(run, arguments, {"self"})[0]; }

constexpr BuiltinEntry kStringMethods[] = {
    {"strip", stripped<true, true>},
    {"lstrip", stripped<true, false>},
    {"rstrip", stripped<false, true>},
    {"split", split},
    {"rsplit", rsplit},
    {"splitlines", splitlines},
    {"startswith", has_affix<false>},
    {"endswith", has_affix<true>},
    {"replace", nullptr},  // the filter's own
    {"upper", mapped<upper>},
    {"lower", mapped<lower>},
    {"title", mapped<title>},
    {"capitalize", mapped<capitalize>},
    {"find", find<false>},
    {"rfind", find<true>},
    {"partition", partition<false>},
    {"rpartition", partition<true>},
    {"count", count},
    {"join", join},
    {"removeprefix", remove_affix<true>},
    {"removesuffix", remove_affix<false>},
    {"isdigit", isdigit},
    {"isspace", isspace},
    {"isupper", isupper},
    {"islower", islower},
};

constexpr BuiltinEntry kDictMethods[] = {
    {"keys", dict_view<0>}, {"values", dict_view<1>}, {"items", dict_view<2>},
    {"get", get},           {"copy", copy},
};

constexpr BuiltinEntry kListMethods[] = {{"index", index}, {"count", list_count}, {"copy", copy}};

template <size_t kSize>
Builtin look_up(const BuiltinEntry (&entries)[kSize], std::string_view name) {
  for (const BuiltinEntry& entry : entries) {
    if (entry.name == name) return entry.call ? entry.call : find_filter(name);
  }
  return nullptr;
}

}  // namespace

Builtin find_method(const Value& object, std::string_view name) {
  if (object.is_string()) return look_up(kStringMethods, name);
  if (object.is_dict()) return look_up(kDictMethods, name);
  if (object.is_sequence()) return look_up(kListMethods, name);
  return nullptr;
}

}  // namespace laconic::jinja
