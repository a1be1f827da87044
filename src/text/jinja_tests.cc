// The tests behind `is`.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "text/jinja_builtins.h"
#include "text/jinja_utf8.h"

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
bool real(const Value& v) { return v.kind() == Kind::kReal; }
bool number(const Value& v) { return v.is_number(); }
bool string(const Value& v) { return v.is_string(); }
bool mapping(const Value& v) { return v.is_dict(); }
bool callable(const Value& v) { return v.kind() == Kind::kFunction; }
bool iterable(const Value& v) {
  return v.is_string() || v.is_sequence() || v.is_dict() || v.is_undefined() ||
         v.kind() == Kind::kLoop;
}
// Undefined has a length but no items: jinja2's test says no.
bool sequence(const Value& v) { return v.is_string() || v.is_sequence() || v.is_dict(); }
bool lower_case(const Value& v) {
  const std::string text = v.str();
  return lower(text) == text && upper(text) != text;
}
bool upper_case(const Value& v) {
  const std::string text = v.str();
  return upper(text) == text && lower(text) != text;
}

template <int kRest>
Value parity(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"value"});
  return (bound.integer(0, 0) & 1) == kRest;
}

Value divisible_by(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"value", "num"});
  const int64_t divisor = bound.integer(1, 0);
  if (divisor == 0) run.fail("expected a divisor other than 0, got 0");
  return divisor == -1 || bound.integer(0, 0) % divisor == 0;
}

template <bool kEqual>
Value equal(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"a", "b"});
  run.spend(std::min(bound[0].weight(), bound[1].weight()));
  return (bound[0] == bound[1]) == kEqual;
}

template <int kSign, bool kOrEqual>
Value ordered(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"a", "b"});
  const int order = run.compare(bound[0], bound[1]);
  return order == kSign || (kOrEqual && order == 0);
}

Value in(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"value", "seq"});
  return run.contains(bound[1], bound[0]);
}

Value same_as(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"value", "other"});
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
    {"lower", unary<lower_case>},
    {"upper", unary<upper_case>},
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
