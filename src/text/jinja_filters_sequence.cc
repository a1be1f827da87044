// Filters of lists and dicts.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/error.h"
#include "text/jinja_filters.h"
#include "text/jinja_utf8.h"

namespace laconic::jinja {

Value dotted_item(Run& run, Value object, const Value& path) {
  if (!path.is_string()) return run.item(object, path);
  const std::string& text = path.string();
  for (size_t start = 0; start <= text.size();) {
    const size_t dot = std::min(text.find('.', start), text.size());
    const std::string part = text.substr(start, dot - start);
    const bool is_number = !part.empty() && part.size() < 10 &&
                           part.find_first_not_of("0123456789") == std::string::npos;
    object = run.item(object, is_number ? Value(int64_t{std::stol(part)}) : Value(part));
    start = dot + 1;
  }
  return object;
}

namespace {

// What sort, unique, min and max compare by: the attribute, and text without its case.
Value sort_key(Run& run, const Value& item, const Value* attribute, bool case_sensitive) {
  Value key = attribute ? dotted_item(run, item, *attribute) : item;
  if (!case_sensitive && key.is_string()) return lower(key.string());
  return key;
}

const Value* given(const Bound& bound, size_t i) {
  return bound.has(i) && !bound[i].is_none() ? &bound[i] : nullptr;
}

Value length(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"value"});
  const Value& value = bound[0];
  if (value.is_undefined()) return int64_t{0};
  if (value.is_string()) {
    run.spend_bytes(value.string().size());
    return static_cast<int64_t>(count_code_points(value.string()));
  }
  if (value.is_sequence()) return static_cast<int64_t>(value.items().size());
  if (value.is_dict()) return static_cast<int64_t>(value.pairs().size());
  run.fail(cat("length: expected a string, list or dict, got ", value.kind_name()));
}

Value to_list(Run& run, Arguments& arguments) {
  return Value::list(run.iterate(Bound(run, arguments, {"value"})[0]));
}

template <bool kLast>
Value end_item(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"seq"});
  const Values items = run.iterate(bound[0]);
  if (items.empty())
    return Value::undefined(kLast ? "the last item of nothing" : "the first item of nothing");
  return kLast ? items.back() : items.front();
}

Value join(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"value", "d", "attribute"});
  const std::string separator = bound.has(1) ? bound[1].str() : "";
  const Value* attribute = given(bound, 2);
  std::string out;
  bool first = true;
  for (const Value& item : run.iterate(bound[0])) {
    if (!first) out += separator;
    first = false;
    const Value part = attribute ? dotted_item(run, item, *attribute) : item;
    run.spend(part.weight());
    const std::string text = part.str();
    run.spend_bytes(text.size() + separator.size());
    out += text;
  }
  return out;
}

Value reverse(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"value"});
  Values items = run.iterate(bound[0]);
  std::reverse(items.begin(), items.end());
  if (!bound[0].is_string()) return Value::list(std::move(items));
  std::string out;
  for (const Value& item : items) out += item.string();
  return out;
}

Value sort(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"value", "reverse", "case_sensitive", "attribute"});
  std::vector<std::pair<Value, Value>> keyed;
  for (Value& item : run.iterate(bound[0]))
    keyed.emplace_back(sort_key(run, item, given(bound, 3), bound.flag(2, false)), std::move(item));
  const bool descends = bound.flag(1, false);
  const auto before = [&](const auto& a, const auto& b) {
    return descends ? run.compare(b.first, a.first) < 0 : run.compare(a.first, b.first) < 0;
  };
  const bool all_undefined = std::all_of(
      keyed.begin(), keyed.end(), [](const auto& pair) { return pair.first.is_undefined(); });
  if (!all_undefined) std::stable_sort(keyed.begin(), keyed.end(), before);
  Values items;
  for (auto& pair : keyed) items.push_back(std::move(pair.second));
  return Value::list(std::move(items));
}

Value dict_sort(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"value", "case_sensitive", "by", "reverse"});
  if (!bound[0].is_dict()) run.fail(cat("dictsort: expected a dict, got ", bound[0].kind_name()));
  const std::string by = bound.has(2) ? bound.string(2) : "key";
  if (by != "key" && by != "value")
    run.fail(cat("dictsort: expected key or value, got \"", by, "\""));
  Pairs pairs = bound[0].pairs();
  const auto key = [&](const auto& pair) {
    return sort_key(run, by == "key" ? pair.first : pair.second, nullptr, bound.flag(1, false));
  };
  const bool descends = bound.flag(3, false);
  std::stable_sort(pairs.begin(), pairs.end(), [&](const auto& a, const auto& b) {
    return descends ? run.compare(key(b), key(a)) < 0 : run.compare(key(a), key(b)) < 0;
  });
  Values items;
  for (auto& [name, value] : pairs)
    items.push_back(Value::tuple({std::move(name), std::move(value)}));
  return Value::list(std::move(items));
}

Value items(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"value"});
  if (bound[0].is_undefined()) return Value::list({});
  if (!bound[0].is_dict()) run.fail(cat("items: expected a dict, got ", bound[0].kind_name()));
  Values out;
  for (const auto& [key, value] : bound[0].pairs()) out.push_back(Value::tuple({key, value}));
  run.spend(out.size() * 4);
  return Value::list(std::move(out));
}

Value unique(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"value", "case_sensitive", "attribute"});
  Values keys;
  Values kept;
  for (Value& item : run.iterate(bound[0])) {
    Value key = sort_key(run, item, given(bound, 2), bound.flag(1, false));
    run.spend(keys.size());
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
    keys.push_back(std::move(key));
    kept.push_back(std::move(item));
  }
  return Value::list(std::move(kept));
}

template <int kSign>
Value extreme(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"value", "case_sensitive", "attribute"});
  const auto key = [&](const Value& item) {
    return sort_key(run, item, given(bound, 2), bound.flag(1, false));
  };
  const Values all = run.iterate(bound[0]);
  if (all.empty()) return Value::undefined("the extreme of nothing");
  const Value* best = &all.front();
  for (const Value& item : all) {
    if (run.compare(key(item), key(*best)) == kSign) best = &item;
  }
  return *best;
}

Value sum(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"iterable", "attribute", "start"});
  Value total = bound.has(2) ? bound[2] : Value(int64_t{0});
  for (const Value& item : run.iterate(bound[0])) {
    const Value value = given(bound, 1) ? dotted_item(run, item, bound[1]) : item;
    if (!value.is_number() || !total.is_number())
      run.fail("sum: expected numbers, got something else");
    if (total.is_integral() && value.is_integral()) {
      int64_t next = 0;
      if (__builtin_add_overflow(total.integer(), value.integer(), &next))
        run.fail("sum: expected a result that fits 64 bits, got a larger one");
      total = next;
    } else {
      total = total.real() + value.real();
    }
  }
  return total;
}

// Takes the first argument behind the value away from `arguments`.
Value take_name(Run& run, Arguments& arguments, const char* what) {
  if (arguments.positional.size() < 2) run.fail(cat("expected the name of ", what, ", got none"));
  Value name = std::move(arguments.positional[1]);
  arguments.positional.erase(arguments.positional.begin() + 1);
  return name;
}

Value map(Run& run, Arguments& arguments) {
  Values out;
  if (arguments.positional.size() == 1) {
    const Bound bound(run, arguments, {"value", "attribute", "default"});
    if (!bound.has(1)) run.fail("map: expected a filter or an attribute, got none");
    for (const Value& item : run.iterate(bound[0])) {
      Value value = dotted_item(run, item, bound[1]);
      if (value.is_undefined() && bound.has(2)) value = bound[2];
      out.push_back(std::move(value));
    }
    return Value::list(std::move(out));
  }
  const Value name = take_name(run, arguments, "a filter");
  const Builtin filter = name.is_string() ? find_filter(name.string()) : nullptr;
  if (!filter) run.fail(cat("map: expected a filter that laconic knows, got ", name.repr()));
  for (Value& item : run.iterate(arguments.positional[0])) {
    Arguments inner = arguments;
    inner.positional[0] = std::move(item);
    out.push_back(filter(run, inner));
  }
  return Value::list(std::move(out));
}

// select, reject, selectattr, rejectattr: the items whose test (truth without one) is kWanted.
template <bool kWanted, bool kByAttribute>
Value choose(Run& run, Arguments& arguments) {
  const Value attribute = kByAttribute ? take_name(run, arguments, "an attribute") : Value();
  Builtin test = nullptr;
  if (arguments.positional.size() > 1) {
    const Value name = take_name(run, arguments, "a test");
    test = name.is_string() ? find_test(name.string()) : nullptr;
    if (!test) run.fail(cat("expected a test that laconic knows, got ", name.repr()));
  }
  Values kept;
  for (const Value& item : run.iterate(arguments.positional[0])) {
    const Value value = kByAttribute ? dotted_item(run, item, attribute) : item;
    Arguments inner = arguments;
    inner.positional[0] = value;
    const bool holds = test ? test(run, inner).truthy() : value.truthy();
    if (holds == kWanted) kept.push_back(item);
  }
  return Value::list(std::move(kept));
}

constexpr BuiltinEntry kFilters[] = {
    {"count", length},
    {"dictsort", dict_sort},
    {"first", end_item<false>},
    {"items", items},
    {"join", join},
    {"last", end_item<true>},
    {"length", length},
    {"list", to_list},
    {"map", map},
    {"max", extreme<1>},
    {"min", extreme<-1>},
    {"reject", choose<false, false>},
    {"rejectattr", choose<false, true>},
    {"reverse", reverse},
    {"select", choose<true, false>},
    {"selectattr", choose<true, true>},
    {"sort", sort},
    {"sum", sum},
    {"unique", unique},
};

}  // namespace

std::span<const BuiltinEntry> sequence_filters() { return kFilters; }

}  // namespace laconic::jinja
