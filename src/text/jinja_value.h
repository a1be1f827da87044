// The values that a chat template computes with: Python's, as far as Jinja shows them.
//
// Strings are valid UTF-8 and count in code points, as Python's do. Lists, tuples and dicts are
// shared and never changed after they are made; only namespaces change. Integers are 64-bit (the
// evaluator refuses what overflows). Not JSON: a dict has keys of any scalar kind, and there is an
// undefined value that knows its name. Source: Jinja 3.1 (Undefined, LoopContext, Namespace) and
// Python's str() and repr().
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace laconic {

class Json;

namespace jinja {

class Value;
class Run;
struct Loop;
struct Namespace;

// The arguments of a call, a filter or a test, already evaluated.
struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;
};

struct Function {
  std::string name;
  std::function<Value(Run&, Arguments&)> call;
};

struct Undefined {
  std::shared_ptr<const std::string> name;  // what was looked up, for messages
};
struct None {};

using Values = std::vector<Value>;
using Pairs = std::vector<std::pair<Value, Value>>;
struct Sequence;
struct Dict;

class Value {
 public:
  enum class Kind {
    kUndefined,
    kNone,
    kBoolean,
    kInteger,
    kReal,
    kString,
    kList,
    kTuple,
    kDict,
    kNamespace,
    kLoop,
    kFunction
  };
  // Nesting of lists, tuples and dicts beyond this is refused, so that recursion over values is
  // bounded.
  static constexpr int kMaxDepth = 300;
  // Lists may hold one list many times; written out, that doubles with each level. So a value's
  // weight, as if nothing were shared, is bounded too: items, and 16 bytes of text as one.
  static constexpr size_t kMaxWeight = 20'000'000;

  Value() : data_(Undefined{}) {}
  Value(None none) : data_(none) {}
  Value(bool value) : data_(value) {}
  Value(int64_t value) : data_(value) {}
  Value(double value) : data_(value) {}
  Value(std::string value) : data_(std::make_shared<const std::string>(std::move(value))) {}
  Value(Namespace* value) : data_(value) {}
  Value(std::shared_ptr<const Loop> value) : data_(std::move(value)) {}
  Value(Function value) : data_(std::make_shared<const Function>(std::move(value))) {}
  static Value undefined(std::string name);
  static Value list(Values items);
  static Value tuple(Values items);
  static Value dict(Pairs items);  // a repeated key keeps its first place and its last value
  static Value from_json(const Json& json);

  Kind kind() const { return static_cast<Kind>(data_.index()); }
  bool is_undefined() const { return kind() == Kind::kUndefined; }
  bool is_none() const { return kind() == Kind::kNone; }
  bool is_boolean() const { return kind() == Kind::kBoolean; }
  bool is_integer() const { return kind() == Kind::kInteger; }
  bool is_string() const { return kind() == Kind::kString; }
  bool is_sequence() const { return kind() == Kind::kList || kind() == Kind::kTuple; }
  bool is_dict() const { return kind() == Kind::kDict; }
  bool is_number() const { return is_boolean() || is_integer() || kind() == Kind::kReal; }
  bool is_integral() const { return is_boolean() || is_integer(); }

  // REQUIRES: the kind that the name says.
  const std::string& undefined_name() const { return *std::get<Undefined>(data_).name; }
  int64_t integer() const;  // booleans too
  double real() const;      // every number
  const std::string& string() const { return *std::get<StringPointer>(data_); }
  const Values& items() const;  // of a list or tuple
  const Pairs& pairs() const;
  Namespace& space() const { return *std::get<Namespace*>(data_); }
  const Loop& loop() const { return *std::get<LoopPointer>(data_); }
  const Function& function() const { return *std::get<FunctionPointer>(data_); }

  const Value* find(const Value& key) const;  // in a dict; nullptr where there is none
  int depth() const;                          // 0 for scalars
  size_t weight() const;                      // 1 for small scalars
  bool truthy() const;
  const char* kind_name() const;  // as Python names the type
  std::string str() const;        // what {{ value }} prints
  std::string repr() const;

  // Python's ==; never an error.
  friend bool operator==(const Value& a, const Value& b);

 private:
  using StringPointer = std::shared_ptr<const std::string>;
  using LoopPointer = std::shared_ptr<const Loop>;
  using FunctionPointer = std::shared_ptr<const Function>;
  struct ListPointer {
    std::shared_ptr<const Sequence> sequence;
  };
  struct TuplePointer {
    std::shared_ptr<const Sequence> sequence;
  };
  using DictPointer = std::shared_ptr<const Dict>;
  std::variant<Undefined, None, bool, int64_t, double, StringPointer, ListPointer, TuplePointer,
               DictPointer, Namespace*, LoopPointer, FunctionPointer>
      data_;
};

struct Sequence {
  Values items;
  int depth = 1;
  size_t weight = 1;
};

struct Dict {
  Pairs pairs;
  int depth = 1;
  size_t weight = 1;
};

struct Namespace {
  std::vector<std::pair<std::string, Value>> members;
};

// What `loop` is within one iteration.
struct Loop {
  std::shared_ptr<const Values> items;
  size_t index0 = 0;
  int64_t depth0 = 0;
  std::shared_ptr<std::vector<Value>> last_changed;  // arguments of loop.changed's last call
  std::function<Value(Run&, const Value&)> recurse;  // of a recursive loop
};

// json.dumps as transformers' tojson calls it. Throws std::invalid_argument with what cannot be
// written.
struct JsonStyle {
  bool ascii = false;
  bool sort_keys = false;
  int indent = -1;  // < 0: one line
  std::string item_separator = ", ";
  std::string key_separator = ": ";
};
std::string to_json_text(const Value& value, const JsonStyle& style);

std::string real_repr(double value);  // Python's repr(float)

}  // namespace jinja
}  // namespace laconic
