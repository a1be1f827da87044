// Python's pprint.pformat: one line where 80 columns are enough, else an item a line.
//
// Departure: long strings are not cut into pieces.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "text/jinja_filters.h"
#include "text/jinja_utf8.h"

namespace laconic::jinja {
namespace {

constexpr size_t kColumns = 80;

// What pprint sorts keys by: their order where they have one, else their types' names.
bool comes_before(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) {
    if (!a.is_integral() || !b.is_integral()) return a.real() < b.real();
    if (!a.is_big() && !b.is_big()) return a.integer() < b.integer();
    return a.real() < b.real();
  }
  if (a.is_string() && b.is_string()) return a.string() < b.string();
  return std::string_view(a.kind_name()) < b.kind_name();
}

Pairs sorted_pairs(const Value& dict) {
  Pairs pairs = dict.pairs();
  std::stable_sort(pairs.begin(), pairs.end(),
                   [](const auto& a, const auto& b) { return comes_before(a.first, b.first); });
  return pairs;
}

// repr() with the keys of dicts in order.
std::string flat(const Value& value) {
  std::string out;
  if (value.is_dict()) {
    for (const auto& [key, item] : sorted_pairs(value))
      out += (out.empty() ? "" : ", ") + flat(key) + ": " + flat(item);
    return "{" + out + "}";
  }
  if (!value.is_sequence()) return value.repr();
  for (const Value& item : value.items()) out += (out.empty() ? "" : ", ") + flat(item);
  if (value.kind() == Value::Kind::kList) return "[" + out + "]";
  return "(" + out + (value.items().size() == 1 ? ",)" : ")");
}

// `indent`: where the value begins; `allowance`: what still follows on its last line.
std::string laid_out(const Value& value, size_t indent, size_t allowance) {
  std::string text = flat(value);
  charge(text.size());
  const bool fits = indent + allowance + count_code_points(text) <= kColumns;
  if (fits || !(value.is_dict() || value.is_sequence())) return text;
  const std::string gap = ",\n" + std::string(indent + 1, ' ');
  std::string out;
  if (value.is_dict()) {
    const Pairs pairs = sorted_pairs(value);
    for (size_t i = 0; i < pairs.size(); ++i) {
      const std::string key = flat(pairs[i].first) + ": ";
      const size_t behind = i + 1 == pairs.size() ? allowance + 1 : 1;
      out += (i > 0 ? gap : "") + key +
             laid_out(pairs[i].second, indent + 1 + count_code_points(key), behind);
      charge(gap.size());
    }
    return "{" + out + "}";
  }
  const bool is_list = value.kind() == Value::Kind::kList;
  const std::string close = is_list ? "]" : value.items().size() == 1 ? ",)" : ")";
  for (size_t i = 0; i < value.items().size(); ++i) {
    const size_t behind = i + 1 == value.items().size() ? allowance + close.size() : 1;
    out += (i > 0 ? gap : "") + laid_out(value.items()[i], indent + 1, behind);
    charge(gap.size());
  }
  return (is_list ? "[" : "(") + out + close;
}

}  // namespace

std::string pretty(const Value& value) { return laid_out(value, 0, 0); }

}  // namespace laconic::jinja
