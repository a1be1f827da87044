// The tests behind `is`.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "text/jinja_builtins.h"
#include "text/jinja_case.h"
#include "text/jinja_eval.h"

namespace laconic::jinja {
namespace {

using Kind = Value::Kind;

// One-argument tests.
template <bool (*kHolds)(const Value&)>
Value unary(Run& run, Arguments& arguments) {
  return kHolds(Bound(run, arguments, {"value"})[0]);
}

bool defined(const Value& v) { return !v.is_undefined(); }
bool undefined(const Value& v) { return v.is_undefined(); }
bool none(const Value& v) { return v.is_none(); }
bool boolean(const Value& v) { return v.is_boolean(); }
bool is_true(const Value& v) { return v.is_boolean() && v.truthy(); }
bool is_false(const Value& v) { return v.is_boolean() && !v.truthy(); }
bool integer(const Value& v) { return v.is_integer(); }
bool escaped(const Value& v) { return v.is_markup(); }
bool real(const Value& v) { return v.kind() == Kind::kReal; }
bool number(const Value& v) { return v.is_number(); }
bool string(const Value& v) { return v.is_string(); }
bool mapping(const Value& v) { return v.is_dict(); }
// Undefined and a loop can be called too, as Python sees it; the former to complain.
bool callable(const Value& v) {
  return v.kind() == Kind::kFunction || v.is_undefined() || v.kind() == Kind::kLoop;
}
bool iterable(const Value& v) {
  return v.is_string() || v.is_sequence() || v.is_dict() || v.is_undefined() || v.is_view() ||
         v.is_iterator() || v.kind() == Kind::kLoop || v.kind() == Kind::kBytes;
}
// What has a length and items; for jinja2 Undefined too.
bool sequence(const Value& v) {
  return v.is_undefined() || v.is_string() || v.is_sequence() || v.is_dict() || v.is_range() ||
         v.kind() == Kind::kBytes;
}

template <bool (*kHolds)(std::string_view)>
Value text_test(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"value"});
  run.spend(bound[0].weight() * 2);
  return kHolds(bound[0].str());
}

template <int kRest>
Value parity(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"value"});
  return compute(run, "%", bound[0], Value(int64_t{2})) == Value(int64_t{kRest});
}

Value divisible_by(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"value", "num"}, 2);
  return compute(run, "%", bound[0], bound[1]) == Value(int64_t{0});
}

template <bool kIsFilter>
Value is_known(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"value"});
  run.check_hashable(bound[0]);
  if (!bound[0].is_string()) return false;
  const std::string& name = bound[0].string();
  return (kIsFilter ? find_filter(name) : find_test(name)) != nullptr;
}

template <bool kEqual>
Value equal(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"/a", "/b"}, 2);
  run.spend(std::min(bound[0].weight(), bound[1].weight()));
  return (bound[0] == bound[1]) == kEqual;
}

template <int kSign, bool kOrEqual>
Value ordered(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"/a", "/b"}, 2);
  const int order = run.compare(bound[0], bound[1]);
  return order == kSign || (kOrEqual && order == 0);
}

Value in(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"value", "seq"}, 2);
  return run.contains(bound[1], bound[0]);
}

bool is_same_object(const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return false;
  return a.is_dict() ? &a.pairs() == &b.pairs() : &a.sequence() == &b.sequence();
}

Value same_as(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"value", "other"}, 2);
  const bool shares = !bound[0].is_dict() && bound[0].kind() != Kind::kList;
  if (!shares) return is_same_object(bound[0], bound[1]);
  run.spend(std::min(bound[0].weight(), bound[1].weight()));
  return bound[0].kind() == bound[1].kind() && bound[0] == bound[1];
}

constexpr BuiltinEntry kTests[] = {
    {"defined", unary<defined>},
    {"undefined", unary<undefined>},
    {"none", unary<none>},
    {"boolean", unary<boolean>},
    {"true", unary<is_true>},
    {"false", unary<is_false>},
    {"integer", unary<integer>},
    {"float", unary<real>},
    {"number", unary<number>},
    {"string", unary<string>},
    {"mapping", unary<mapping>},
    {"iterable", unary<iterable>},
    {"sequence", unary<sequence>},
    {"callable", unary<callable>},
    {"escaped", unary<escaped>},
    {"filter", is_known<true>},
    {"test", is_known<false>},
    {"lower", text_test<is_lower>},
    {"upper", text_test<is_upper>},
    {"odd", parity<1>},
    {"even", parity<0>},
    {"divisibleby", divisible_by},
    {"eq", equal<true>},
    {"equalto", equal<true>},
    {"==", equal<true>},
    {"ne", equal<false>},
    {"!=", equal<false>},
    {"lt", ordered<-1, false>},
    {"lessthan", ordered<-1, false>},
    {"<", ordered<-1, false>},
    {"le", ordered<-1, true>},
    {"<=", ordered<-1, true>},
    {"gt", ordered<1, false>},
    {"greaterthan", ordered<1, false>},
    {">", ordered<1, false>},
    {"ge", ordered<1, true>},
    {">=", ordered<1, true>},
    {"in", in},
    {"sameas", same_as},
};

}  // namespace

Builtin find_test(std::string_view name) {
  for (const BuiltinEntry& entry : kTests) {
    if (entry.name == name) return entry.call;
  }
  return nullptr;
}

}  // namespace laconic::jinja
