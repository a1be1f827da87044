// Filters, tests, methods and global functions of the template language.
//
// A filter or a test takes the value in front of it as its first positional argument. What is not
// in these tables is refused when the template is parsed. Faults of a run go through Run::fail,
// which knows the place. Source: jinja2/filters.py, tests.py, sandbox.py 3.1; Python's str, dict;
// transformers' tojson and strftime_now.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/jinja_lexer.h"
#include "text/jinja_value.h"

namespace laconic::jinja {

// One rendering: where it stands and what it may still spend.
class Run {
 public:
  explicit Run(const std::string& place) : place_(place) {}
  Run(const Run&) = delete;
  virtual ~Run() = default;

  Location here;
  // Error(kData): `place:line:column: message`.
  [[noreturn]] void fail(const std::string& message) const;
  // Counts work (a step, or 16 bytes or one item made) against the limit of a rendering.
  void spend(size_t steps);
  void spend_bytes(size_t bytes) { spend(bytes / 16 + 1); }
  Namespace* make_namespace();

  // The item, attribute or method; undefined where there is none. Attribute of undefined is an
  // error.
  Value attribute(const Value& object, const std::string& name);
  Value item(const Value& object, const Value& key);
  // REQUIRES: `callee` outlives the call.
  Value call(const Value& callee, Arguments arguments);
  // The items that a loop over `value` sees.
  Values iterate(const Value& value);
  bool contains(const Value& container, const Value& item);
  // -1, 0, 1 as a < b, a == b, a > b.
  int compare(const Value& a, const Value& b);

 private:
  const std::string& place_;
  size_t spent_ = 0;
  std::vector<std::unique_ptr<Namespace>> namespaces_;
};

using Builtin = Value (*)(Run&, Arguments&);
Builtin find_filter(std::string_view name);  // nullptr where there is none
Builtin find_test(std::string_view name);
Builtin find_global(std::string_view name);
// A method of a str or dict, taking the object as its first positional argument.
Builtin find_method(const Value& object, std::string_view name);

struct BuiltinEntry {
  std::string_view name;
  Builtin call;
};

// Binds positional and named arguments to parameter names; a surplus or unknown one is an error.
// Parameters that were not given stay undefined.
class Bound {
 public:
  Bound(Run& run, Arguments& arguments, std::vector<std::string_view> names);
  bool has(size_t i) const { return given_[i]; }
  const Value& operator[](size_t i) const { return values_[i]; }
  bool flag(size_t i, bool otherwise) const { return given_[i] ? values_[i].truthy() : otherwise; }
  int64_t integer(size_t i, int64_t otherwise) const;
  const std::string& string(size_t i) const;  // an error unless it is one

 private:
  Run& run_;
  std::vector<std::string_view> names_;
  std::vector<Value> values_;
  std::vector<bool> given_;
};

}  // namespace laconic::jinja
