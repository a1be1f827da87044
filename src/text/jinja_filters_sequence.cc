// Filters of lists and dicts that give one value or a list.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/error.h"
#include "text/jinja_case.h"
#include "text/jinja_eval.h"
#include "text/jinja_filters.h"
#include "text/jinja_utf8.h"

namespace laconic::jinja {

Value dotted_item(Run& run, Value object, const Value& path, const Value* otherwise) {
  const auto step = [&](const Value& key) {
    object = run.item(object, key);
    if (object.is_undefined() && otherwise) object = *otherwise;
  };
  if (path.is_none()) return object;
  if (!path.is_string()) {
    step(path);
    return object;
  }
  const std::string& text = path.string();
  run.spend_bytes(text.size());
  for (size_t start = 0; start <= text.size();) {
    const size_t dot = std::min(text.find('.', start), text.size());
    const std::string part = text.substr(start, dot - start);
    const bool is_number = !part.empty() && part.size() < 10 &&
                           part.find_first_not_of("0123456789") == std::string::npos;
    step(is_number ? Value(int64_t{std::stol(part)}) : Value(part));
    start = dot + 1;
  }
  return object;
}

Value comparison_key(Run& run, const Value& item, const Value& attribute, bool case_sensitive) {
  Value key = dotted_item(run, item, attribute);
  if (case_sensitive || !key.is_string()) return key;
  run.spend_bytes(key.string().size());
  return lower(key.string());
}

namespace {

Value length(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"/obj"});
  const Value& value = bound[0];
  if (value.is_string()) run.spend_bytes(value.string().size());
  switch (value.kind()) {
    case Value::Kind::kUndefined:
      return int64_t{0};
    case Value::Kind::kString:
      return static_cast<int64_t>(count_code_points(value.string()));
    case Value::Kind::kBytes:
      return static_cast<int64_t>(value.bytes().size());
    case Value::Kind::kList:
    case Value::Kind::kTuple:
    case Value::Kind::kView:
      return static_cast<int64_t>(value.items().size());
    case Value::Kind::kDict:
      return static_cast<int64_t>(value.pairs().size());
    case Value::Kind::kLoop:
      return static_cast<int64_t>(value.loop().items->size());
    default:
      run.fail(cat("length: expected a string, list or dict, got ", value.kind_name()));
  }
}

Value to_list(Run& run, Arguments& arguments) {
  return Value::list(run.iterate(Bound(run, arguments, {"value"})[0]));
}

Value first(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"seq"});
  const auto item = run.iterator(bound[0])(run);
  return item ? *item : Value::undefined("the first item of nothing");
}

// Python's reversed(): of what has an order and an end.
Value last(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"seq"});
  if (bound[0].is_iterator()) run.fail("last: expected a list, got an iterator (use list first)");
  const Values items = run.iterate(bound[0]);
  return items.empty() ? Value::undefined("the last item of nothing") : items.back();
}

Value join(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"value", "d", "attribute"});
  const std::string separator = bound.has(1) ? text_of(run, bound[1]) : "";
  std::string out;
  bool is_first = true;
  const auto next = run.iterator(bound[0]);
  while (const auto item = next(run)) {
    const std::string text =
        text_of(run, bound.has_value(2) ? dotted_item(run, *item, bound[2]) : *item);
    run.spend_bytes(separator.size());
    if (!is_first) out += separator;
    is_first = false;
    out += text;
  }
  return out;
}

struct Keyed {
  Value key, item;
};

// The keys of a sort by several attributes ("a,b") are compared one after the other.
Value sort_key(Run& run, const Value& item, const Value& attribute, bool case_sensitive) {
  if (!attribute.is_string() || attribute.string().find(',') == std::string::npos)
    return Value::list({comparison_key(run, item, attribute, case_sensitive)});
  Values keys;
  const std::string& text = attribute.string();
  for (size_t start = 0; start <= text.size();) {
    const size_t comma = std::min(text.find(',', start), text.size());
    keys.push_back(comparison_key(run, item, text.substr(start, comma - start), case_sensitive));
    start = comma + 1;
  }
  return Value::list(std::move(keys));
}

void sort_keyed(Run& run, std::vector<Keyed>& all, bool descends) {
  run.spend(all.size() * 4);
  std::stable_sort(all.begin(), all.end(), [&](const Keyed& a, const Keyed& b) {
    run.spend(1);
    return (descends ? run.compare(b.key, a.key) : run.compare(a.key, b.key)) == -1;
  });
}

Value sort(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"value", "reverse", "case_sensitive", "attribute"});
  std::vector<Keyed> all;
  for (Value& item : run.iterate(bound[0])) {
    Value key = sort_key(run, item, bound.has(3) ? bound[3] : Value(None{}), bound.flag(2, false));
    all.push_back({std::move(key), std::move(item)});
  }
  sort_keyed(run, all, bound.flag(1, false));
  Values items;
  for (Keyed& keyed : all) items.push_back(std::move(keyed.item));
  return Value::list(std::move(items));
}

Value dict_sort(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"value", "case_sensitive", "by", "reverse"});
  const std::string by = bound.has(2) ? bound.string(2) : "key";
  if (by != "key" && by != "value")
    run.fail(cat("dictsort: expected key or value, got \"", by, "\""));
  if (!bound[0].is_dict()) run.fail(cat("dictsort: expected a dict, got ", bound[0].kind_name()));
  std::vector<Keyed> all;
  for (const auto& [name, value] : bound[0].pairs()) {
    Value key =
        comparison_key(run, by == "key" ? name : value, Value(None{}), bound.flag(1, false));
    all.push_back({std::move(key), Value::tuple({name, value})});
  }
  sort_keyed(run, all, bound.flag(3, false));
  Values items;
  for (Keyed& keyed : all) items.push_back(std::move(keyed.item));
  return Value::list(std::move(items));
}

Value group_by(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"value", "attribute", "default", "case_sensitive"}, 2);
  const Value* otherwise = bound.has_value(2) ? &bound[2] : nullptr;
  const auto plain_key = [&](const Value& item) {
    return dotted_item(run, item, bound[1], otherwise);
  };
  std::vector<Keyed> all;
  for (Value& item : run.iterate(bound[0])) {
    Value key = comparison_key(run, plain_key(item), Value(None{}), bound.flag(3, false));
    all.push_back({std::move(key), std::move(item)});
  }
  sort_keyed(run, all, false);
  Values groups;
  for (size_t begin = 0, end = 0; begin < all.size(); begin = end) {
    Values members;
    for (end = begin; end < all.size() && all[end].key == all[begin].key; ++end)
      members.push_back(all[end].item);
    if (members.empty()) members.push_back(all[end++].item);  // a key that is not equal to itself
    Value key = plain_key(members.front());
    groups.push_back(Value::group(std::move(key), Value::list(std::move(members))));
  }
  return Value::list(std::move(groups));
}

template <int kSign>
Value extreme(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"value", "case_sensitive", "attribute"});
  const Value attribute = bound.has(2) ? bound[2] : Value(None{});
  const auto next = run.iterator(bound[0]);
  std::optional<Keyed> best;
  while (auto item = next(run)) {
    Value key = comparison_key(run, *item, attribute, bound.flag(1, false));
    if (best && run.compare(key, best->key) != kSign) continue;
    best = Keyed{std::move(key), *std::move(item)};
  }
  return best ? best->item : Value::undefined("the extreme of nothing");
}

Value sum(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"iterable", "attribute", "start"});
  Value total = bound.has(2) ? bound[2] : Value(int64_t{0});
  if (total.is_string()) run.fail("sum: expected a start that is no string, got one (use join)");
  const auto next = run.iterator(bound[0]);
  while (const auto item = next(run))
    total =
        compute(run, "+", total, bound.has_value(1) ? dotted_item(run, *item, bound[1]) : *item);
  return total;
}

// An attribute, not an item: of a dict only its methods, as in jinja2.
Value attribute_filter(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"obj", "name"}, 2);
  const std::string name = text_of(run, bound[1]);
  if (bound[0].is_dict() && !find_method(bound[0], name)) return Value::undefined(name);
  return run.attribute(bound[0], name);
}

constexpr BuiltinEntry kFilters[] = {
    {"attr", attribute_filter},
    {"count", length},
    {"dictsort", dict_sort},
    {"first", first},
    {"groupby", group_by},
    {"join", join},
    {"last", last},
    {"length", length},
    {"list", to_list},
    {"max", extreme<1>},
    {"min", extreme<-1>},
    {"sort", sort},
    {"sum", sum},
};

}  // namespace

std::span<const BuiltinEntry> sequence_filters() { return kFilters; }

}  // namespace laconic::jinja
