// Filters, tests, methods and global functions of the template language.
//
// A filter or a test takes the value in front of it as its first positional argument. Faults of a
// run go through Run::fail, which knows the place. Bounded: all that a rendering does is counted in
// steps, all that it makes (charge, jinja_value.h) too, 16 bytes as a step. Source:
// jinja2/filters.py, tests.py, utils.py, sandbox.py 3.1; Python's str, dict, list, int; MarkupSafe;
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

  // While it lives, what this thread makes counts against `run`.
  class Metered {
   public:
    explicit Metered(Run& run);
    ~Metered();
    Metered(const Metered&) = delete;

   private:
    Run* const before_;
  };

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
  // The same one by one, for what may not need them all: what an iterator has left stays in it.
  std::function<std::optional<Value>(Run&)> iterator(const Value& value);
  // An iterator that holds on to `held`; Error(kData) where iterators over iterators go too deep.
  Value make_iterator(std::function<std::optional<Value>(Run&)> next, const Value& held,
                      const char* type = "generator");
  bool contains(const Value& container, const Value& item);
  // -1, 0, 1 as a < b, a == b, a > b; 2 where one is NaN. An error where they have no order.
  int compare(const Value& a, const Value& b);
  // The same of two that Python's sort of lists [a], [b] compares: equal ones need no order.
  int compare_wrapped(const Value& a, const Value& b);
  void check_hashable(const Value& key) const;

 private:
  const std::string& place_;
  size_t spent_ = 0;
  std::vector<std::unique_ptr<Namespace>> namespaces_;
};

using Builtin = Value (*)(Run&, Arguments&);
Builtin find_filter(std::string_view name);  // nullptr where there is none
Builtin find_test(std::string_view name);
Builtin find_global(std::string_view name);
// A method of a str, dict, ..., taking the object as its first positional argument.
Builtin find_method(const Value& object, std::string_view name);

// Of a filter or test that laconic (or Jinja) does not have, when it is met.
[[noreturn]] void fail_unknown(Run& run, const char* what, const std::string& name);
// The text as HTML shows it; markup is not escaped again.
std::string escape_html(std::string_view text);
std::string escaped_text(const Value& value);

struct BuiltinEntry {
  std::string_view name;
  Builtin call;
};

// Binds positional and named arguments to parameter names; a surplus, missing or unknown one is an
// error. Parameters that were not given stay undefined. A name with "/" in front takes a positional
// argument only.
class Bound {
 public:
  Bound(Run& run, Arguments& arguments, std::vector<std::string_view> names,
        size_t num_required = 1);
  bool has(size_t i) const { return given_[i]; }
  const Value& operator[](size_t i) const { return values_[i]; }
  bool flag(size_t i, bool otherwise) const { return given_[i] ? values_[i].truthy() : otherwise; }
  bool has_value(size_t i) const { return given_[i] && !values_[i].is_none(); }
  // Within 64 bits: what is larger becomes the largest.
  int64_t integer(size_t i, int64_t otherwise) const;
  const std::string& string(size_t i) const;  // an error unless it is one

 private:
  Run& run_;
  std::vector<std::string_view> names_;
  std::vector<Value> values_;
  std::vector<bool> given_;
};

}  // namespace laconic::jinja
