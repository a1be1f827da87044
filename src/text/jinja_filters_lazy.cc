// Filters that give iterators: nothing is looked at, and nothing fails, before an item is asked
// for.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>

#include "base/error.h"
#include "text/jinja_case.h"
#include "text/jinja_filters.h"

namespace laconic::jinja {
namespace {

using Next = std::function<std::optional<Value>(Run&)>;

// What stands between the call of a filter and its first item: `start` makes the rest of it, so
// that its complaints too come when an item is asked for.
template <typename Start>
Value lazily(Run& run, const Value& held, Start start) {
  auto next = std::make_shared<Next>();
  return run.make_iterator(
      [next, start = std::move(start)](Run& inner) {
        if (!*next) *next = start(inner);
        return (*next)(inner);
      },
      held);
}

Next nothing() {
  return [](Run&) { return std::optional<Value>(); };
}

// The list that `make` fills, item by item.
Next listed(Values items) {
  const auto shared = std::make_shared<Values>(std::move(items));
  return [shared, at = size_t{0}](Run& run) mutable -> std::optional<Value> {
    if (at >= shared->size()) return std::nullopt;
    run.spend(1);
    return (*shared)[at++];
  };
}

// A generator that works through the whole of its input at the first item: batch, slice, unique.
template <Values (*kMake)(Run&, const Bound&)>
Value made_at_once(Run& run, const Bound& bound) {
  const auto held = std::make_shared<const Bound>(bound);
  return lazily(run, bound[0], [held](Run& inner) { return listed(kMake(inner, *held)); });
}

Values batches(Run& run, const Bound& bound) {
  const int64_t size = bound.integer(1, 0);
  Values rows, row;
  for (Value& item : run.iterate(bound[0])) {
    if (static_cast<int64_t>(row.size()) == size)
      rows.push_back(Value::list(std::exchange(row, {})));
    row.push_back(std::move(item));
  }
  if (row.empty()) return rows;
  if (bound.has_value(2) && size > static_cast<int64_t>(row.size())) {
    run.spend(static_cast<size_t>(size) * 2);
    row.resize(static_cast<size_t>(size), bound[2]);
  }
  rows.push_back(Value::list(std::move(row)));
  return rows;
}

Values slices(Run& run, const Bound& bound) {
  const Values items = run.iterate(bound[0]);
  const int64_t wanted = bound.integer(1, 0);
  if (wanted == 0) run.fail("slice: expected a number of slices other than 0, got 0");
  const auto count = static_cast<size_t>(std::max<int64_t>(wanted, 0));
  run.spend(count * 8);
  Values columns;
  const size_t each = count ? items.size() / count : 0, longer = count ? items.size() % count : 0;
  size_t at = 0;
  for (size_t k = 0; k < count; ++k) {
    const size_t size = each + (k < longer ? 1 : 0);
    Values column(items.begin() + static_cast<std::ptrdiff_t>(at),
                  items.begin() + static_cast<std::ptrdiff_t>(at + size));
    at += size;
    if (bound.has_value(2) && k >= longer) column.push_back(bound[2]);
    columns.push_back(Value::list(std::move(column)));
  }
  return columns;
}

Values unique_items(Run& run, const Bound& bound) {
  const Value attribute = bound.has(2) ? bound[2] : Value(None{});
  Values keys, kept;
  for (Value& item : run.iterate(bound[0])) {
    Value key = comparison_key(run, item, attribute, bound.flag(1, false));
    run.check_hashable(key);
    run.spend(keys.size() / 4);
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
    keys.push_back(std::move(key));
    kept.push_back(std::move(item));
  }
  return kept;
}

Value batch(Run& run, Arguments& arguments) {
  return made_at_once<batches>(run, Bound(run, arguments, {"value", "linecount", "fill_with"}, 2));
}

Value slice(Run& run, Arguments& arguments) {
  return made_at_once<slices>(run, Bound(run, arguments, {"value", "slices", "fill_with"}, 2));
}

Value unique(Run& run, Arguments& arguments) {
  return made_at_once<unique_items>(
      run, Bound(run, arguments, {"value", "case_sensitive", "attribute"}));
}

Value items(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"value"});
  const Value value = bound[0];
  return lazily(run, value, [value](Run& inner) -> Next {
    if (value.is_undefined()) return nothing();
    if (!value.is_dict()) inner.fail(cat("items: expected a dict, got ", value.kind_name()));
    return [value, at = size_t{0}](Run& each) mutable -> std::optional<Value> {
      if (at >= value.pairs().size()) return std::nullopt;
      each.spend(1);
      const auto& [key, item] = value.pairs()[at++];
      return Value::tuple({key, item});
    };
  });
}

Value reverse(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"value"});
  const Value& value = bound[0];
  Values items = run.iterate(value);
  std::reverse(items.begin(), items.end());
  if (value.is_string()) {
    std::string out;
    for (const Value& item : items) out += item.string();
    return Text{std::move(out), value.is_markup()};
  }
  if (value.is_iterator()) return Value::list(std::move(items));
  return run.make_iterator(listed(std::move(items)), value, "list_reverseiterator");
}

// Takes the first argument behind the value away from `arguments`; nothing where there is none.
std::optional<Value> take_name(Arguments& arguments) {
  if (arguments.positional.size() < 2) return std::nullopt;
  Value name = std::move(arguments.positional[1]);
  arguments.positional.erase(arguments.positional.begin() + 1);
  return name;
}

Next map_attribute(Run& run, Arguments arguments) {
  const Bound bound(run, arguments, {"/value", "attribute", "default"});
  if (!bound.has(1)) run.fail("map: expected a filter or an attribute, got none");
  const std::optional<Value> otherwise =
      bound.has_value(2) ? std::optional<Value>(bound[2]) : std::nullopt;
  return [next = run.iterator(bound[0]), path = bound[1], otherwise](Run& inner) {
    std::optional<Value> item = next(inner);
    if (item) item = dotted_item(inner, *item, path, otherwise ? &*otherwise : nullptr);
    return item;
  };
}

Next map_filter(Run& run, Arguments arguments) {
  const std::optional<Value> name = take_name(arguments);
  const std::string called = name->is_string() ? name->string() : "";
  const Builtin filter = find_filter(called);
  const auto next = run.iterator(arguments.positional[0]);
  return [next, filter, called, arguments](Run& inner) {
    std::optional<Value> item = next(inner);
    if (!item) return item;
    if (!filter) fail_unknown(inner, "filter", called);
    Arguments each = arguments;
    each.positional[0] = *std::move(item);
    inner.spend(each.positional.size() + each.named.size() * 2);
    return std::optional<Value>(filter(inner, each));
  };
}

Value map(Run& run, Arguments& arguments) {
  if (arguments.positional.empty()) run.fail("map: expected a value, got none");
  const Value value = arguments.positional[0];
  return lazily(run, value, [value, arguments](Run& inner) -> Next {
    if (!value.truthy()) return nothing();
    const bool by_attribute = arguments.positional.size() == 1;
    return by_attribute ? map_attribute(inner, arguments) : map_filter(inner, arguments);
  });
}

// select, reject, selectattr, rejectattr: the items whose test (truth without one) is kWanted.
template <bool kWanted, bool kByAttribute>
Next chosen(Run& run, Arguments arguments) {
  const std::optional<Value> attribute = kByAttribute ? take_name(arguments) : std::nullopt;
  if (kByAttribute && !attribute) run.fail("expected the name of an attribute, got none");
  const std::optional<Value> name = take_name(arguments);
  const std::string called = name && name->is_string() ? name->string() : "";
  const Builtin test = name ? find_test(called) : nullptr;
  const auto next = run.iterator(arguments.positional[0]);
  return [=](Run& inner) -> std::optional<Value> {
    while (std::optional<Value> item = next(inner)) {
      const Value value = kByAttribute ? dotted_item(inner, *item, *attribute) : *item;
      inner.spend(2 + arguments.positional.size());
      bool holds = false;
      if (name) {
        if (!test) fail_unknown(inner, "test", called);
        Arguments each = arguments;
        each.positional[0] = value;
        holds = test(inner, each).truthy();
      } else {
        holds = value.truthy();
      }
      if (holds == kWanted) return item;
    }
    return std::nullopt;
  };
}

template <bool kWanted, bool kByAttribute>
Value choose(Run& run, Arguments& arguments) {
  if (arguments.positional.empty()) run.fail("expected a value to choose from, got none");
  const Value value = arguments.positional[0];
  return lazily(run, value, [value, arguments](Run& inner) -> Next {
    if (!value.truthy()) return nothing();
    return chosen<kWanted, kByAttribute>(inner, arguments);
  });
}

constexpr BuiltinEntry kFilters[] = {
    {"batch", batch},
    {"items", items},
    {"map", map},
    {"reject", choose<false, false>},
    {"rejectattr", choose<false, true>},
    {"reverse", reverse},
    {"select", choose<true, false>},
    {"selectattr", choose<true, true>},
    {"slice", slice},
    {"unique", unique},
};

}  // namespace

std::span<const BuiltinEntry> lazy_filters() { return kFilters; }

}  // namespace laconic::jinja
