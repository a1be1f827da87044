// Filters that chat templates use now and then: grouping, padding, formatting.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/error.h"
#include "text/jinja_eval.h"
#include "text/jinja_filters.h"
#include "text/jinja_utf8.h"

namespace laconic::jinja {
namespace {

constexpr int64_t kMaxWidth = 100'000;

Value attribute_filter(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"obj", "name"});
  const Value& object = bound[0];
  // Not an item, as jinja2 has it: of a dict only its methods.
  if (object.is_dict() && !find_method(object, bound.string(1)))
    return Value::undefined(bound.string(1));
  return run.attribute(object, bound.string(1));
}

int64_t count_at(Run& run, const Bound& bound, size_t i, const char* name) {
  const int64_t count = bound.integer(i, 0);
  if (count < 1 || count > kMaxWidth)
    run.fail(cat(name, ": expected a number between 1 and ", kMaxWidth, ", got ", count));
  return count;
}

Value batch(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"value", "linecount", "fill_with"});
  const auto size = static_cast<size_t>(count_at(run, bound, 1, "batch"));
  Values rows, row;
  for (Value& item : run.iterate(bound[0])) {
    row.push_back(std::move(item));
    if (row.size() == size) rows.push_back(Value::list(std::exchange(row, {})));
  }
  if (!row.empty()) {
    if (bound.has(2) && !bound[2].is_none()) {
      run.spend(size);
      row.resize(size, bound[2]);
    }
    rows.push_back(Value::list(std::move(row)));
  }
  return Value::list(std::move(rows));
}

Value slice(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"value", "slices", "fill_with"});
  const auto count = static_cast<size_t>(count_at(run, bound, 1, "slice"));
  const Values items = run.iterate(bound[0]);
  const size_t each = items.size() / count, longer = items.size() % count;
  run.spend(count);
  Values columns;
  size_t at = 0;
  for (size_t k = 0; k < count; ++k) {
    const size_t size = each + (k < longer ? 1 : 0);
    Values column(items.begin() + static_cast<std::ptrdiff_t>(at),
                  items.begin() + static_cast<std::ptrdiff_t>(at + size));
    at += size;
    if (bound.has(2) && !bound[2].is_none() && k >= longer) column.push_back(bound[2]);
    columns.push_back(Value::list(std::move(column)));
  }
  return Value::list(std::move(columns));
}

Value group_by(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"value", "attribute", "default", "case_sensitive"});
  const bool case_sensitive = bound.flag(3, false);
  struct Keyed {
    Value key, compared, item;
  };
  std::vector<Keyed> all;
  for (Value& item : run.iterate(bound[0])) {
    Value key = dotted_item(run, item, bound[1]);
    if (key.is_undefined() && bound.has(2)) key = bound[2];
    Value compared = !case_sensitive && key.is_string() ? Value(lower(key.string())) : key;
    all.push_back({std::move(key), std::move(compared), std::move(item)});
  }
  std::stable_sort(all.begin(), all.end(), [&](const Keyed& a, const Keyed& b) {
    return run.compare(a.compared, b.compared) < 0;
  });
  Values groups;
  for (size_t begin = 0, end = 0; begin < all.size(); begin = end) {
    Values members;
    for (end = begin; end < all.size() && all[end].compared == all[begin].compared; ++end)
      members.push_back(all[end].item);
    groups.push_back(Value::tuple({all[begin].key, Value::list(std::move(members))}));
  }
  return Value::list(std::move(groups));
}

Value center(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"value", "width"});
  run.spend(bound[0].weight());
  const std::string text = bound[0].str();
  const int64_t width = bound.integer(1, 80);
  if (width > kMaxWidth) run.fail(cat("center: expected at most ", kMaxWidth, ", got ", width));
  const int64_t blanks = width - static_cast<int64_t>(count_code_points(text));
  if (blanks <= 0) return text;
  run.spend_bytes(static_cast<size_t>(width));
  // Python's rule for where the odd blank goes.
  const int64_t left = blanks / 2 + (blanks & width & 1);
  return std::string(static_cast<size_t>(left), ' ') + text +
         std::string(static_cast<size_t>(blanks - left), ' ');
}

Value format(Run& run, Arguments& arguments) {
  if (arguments.positional.empty() || !arguments.positional[0].is_string())
    run.fail("format: expected a string in front, got none");
  const std::string text = arguments.positional[0].string();
  if (!arguments.named.empty()) {
    Pairs pairs;
    for (auto& [name, value] : arguments.named) pairs.emplace_back(Value(name), std::move(value));
    return format_percent(run, text, Value::dict(std::move(pairs)));
  }
  return format_percent(
      run, text, Value::tuple({arguments.positional.begin() + 1, arguments.positional.end()}));
}

constexpr BuiltinEntry kFilters[] = {
    {"attr", attribute_filter}, {"batch", batch},      {"center", center},
    {"format", format},         {"groupby", group_by}, {"slice", slice},
};

}  // namespace

std::span<const BuiltinEntry> more_filters() { return kFilters; }

}  // namespace laconic::jinja
