// The values that a chat template computes with: Python's, as far as Jinja shows them.
//
// Strings are valid UTF-8 and count in code points, as Python's do; a string may be markup, which
// escapes what is joined to it. Lists, tuples and dicts are shared and never changed after they are
// made; only namespaces, cyclers and iterators change. Integers are as long as they need to be
// (jinja_integer.h). Not JSON: a dict has any key that Python can hash, and there is an undefined
// value that knows its name. What is made counts as memory of the rendering that makes it (charge).
// Source: Jinja 3.1 (Undefined, LoopContext, Namespace, Cycler), MarkupSafe's Markup, and Python's
// str() and repr().
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
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
struct Big;
struct Cycler;
struct Iterator;
struct Loop;
struct Namespace;

// Counts `bytes` of memory made by the rendering of this thread, if there is one; Error(kModel)
// beyond its bound.
void charge(size_t bytes);

// The arguments of a call, a filter or a test, already evaluated.
struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;
};

struct Function {
  std::string name;
  std::function<Value(Run&, Arguments&)> call;
  std::vector<std::pair<std::string, Value>> attributes;  // of a macro: name, arguments, ...
};

struct Undefined {
  std::shared_ptr<const std::string> name;  // what was looked up, for messages
};
struct None {};
struct Text {
  std::string text;
  bool is_markup = false;
};
struct Bytes {
  std::string bytes;
};

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
    kFunction,
    kBig,       // an integer beyond 64 bits
    kBytes,     // of str.encode
    kView,      // a range, or a dict's keys, values or items
    kIterator,  // gives its items once: what map, select and others make
    kCycler
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
  Value(std::string value) : Value(Text{std::move(value), false}) {}
  Value(Text value);
  Value(Bytes value);
  Value(std::shared_ptr<const Big> value) : data_(std::move(value)) {}
  Value(std::shared_ptr<Iterator> value) : data_(std::move(value)) {}
  Value(std::shared_ptr<Cycler> value) : data_(std::move(value)) {}
  Value(Namespace* value) : data_(value) {}
  Value(std::shared_ptr<const Loop> value) : data_(std::move(value)) {}
  Value(Function value);
  static Value undefined(std::string name);
  static Value list(Values items);
  static Value tuple(Values items);
  static Value markup(std::string text) { return Text{std::move(text), true}; }
  static Value group(Value grouper, Value list);  // a tuple whose parts have names: of groupby
  static Value view(Sequence sequence);           // REQUIRES: a form of kRange to kItems
  static Value dict(Pairs items);  // a repeated key keeps its first place and its last value
  static Value from_json(const Json& json);

  Kind kind() const { return static_cast<Kind>(data_.index()); }
  bool is_undefined() const { return kind() == Kind::kUndefined; }
  bool is_none() const { return kind() == Kind::kNone; }
  bool is_boolean() const { return kind() == Kind::kBoolean; }
  bool is_integer() const { return kind() == Kind::kInteger || kind() == Kind::kBig; }
  bool is_big() const { return kind() == Kind::kBig; }
  bool is_string() const { return kind() == Kind::kString; }
  bool is_markup() const { return is_string() && std::get<TextPointer>(data_)->is_markup; }
  bool is_sequence() const { return kind() == Kind::kList || kind() == Kind::kTuple; }
  bool is_dict() const { return kind() == Kind::kDict; }
  bool is_number() const { return is_integral() || kind() == Kind::kReal; }
  bool is_iterator() const { return kind() == Kind::kIterator; }
  bool is_view() const { return kind() == Kind::kView; }
  bool is_range() const;
  bool is_hashable() const;  // may be a key
  bool is_integral() const { return is_boolean() || is_integer(); }

  // REQUIRES: the kind that the name says.
  const std::string& undefined_name() const { return *std::get<Undefined>(data_).name; }
  int64_t integer() const;  // booleans too; not of a kBig
  double real() const;      // every number; infinite where Python's float() would overflow
  const Big& big() const { return *std::get<BigPointer>(data_); }
  const std::string& string() const { return std::get<TextPointer>(data_)->text; }
  const std::string& bytes() const { return std::get<BytesPointer>(data_)->bytes; }
  const Values& items() const;       // of a list, tuple or view
  const Sequence& sequence() const;  // of a list, tuple or view
  Iterator& iterator() const { return *std::get<IteratorPointer>(data_); }
  Cycler& cycler() const { return *std::get<CyclerPointer>(data_); }
  const Pairs& pairs() const;
  Namespace& space() const { return *std::get<Namespace*>(data_); }
  const Loop& loop() const { return *std::get<LoopPointer>(data_); }
  const std::shared_ptr<const Loop>& shared_loop() const { return std::get<LoopPointer>(data_); }
  const std::shared_ptr<Cycler>& shared_cycler() const { return std::get<CyclerPointer>(data_); }
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
  using TextPointer = std::shared_ptr<const Text>;
  using BytesPointer = std::shared_ptr<const Bytes>;
  using BigPointer = std::shared_ptr<const Big>;
  using IteratorPointer = std::shared_ptr<Iterator>;
  using CyclerPointer = std::shared_ptr<Cycler>;
  using LoopPointer = std::shared_ptr<const Loop>;
  using FunctionPointer = std::shared_ptr<const Function>;
  struct ListPointer {
    std::shared_ptr<const Sequence> sequence;
  };
  struct TuplePointer {
    std::shared_ptr<const Sequence> sequence;
  };
  struct ViewPointer {
    std::shared_ptr<const Sequence> sequence;
  };
  using DictPointer = std::shared_ptr<const Dict>;
  std::variant<Undefined, None, bool, int64_t, double, TextPointer, ListPointer, TuplePointer,
               DictPointer, Namespace*, LoopPointer, FunctionPointer, BigPointer, BytesPointer,
               ViewPointer, IteratorPointer, CyclerPointer>
      data_;
};

struct Sequence {
  enum class Form { kPlain, kGroup, kRange, kKeys, kValues, kItems };
  Values items;
  int depth = 1;
  size_t weight = 1;
  Form form = Form::kPlain;
  int64_t start = 0, stop = 0, step = 1;  // of a range
};

inline const Values& Value::items() const { return sequence().items; }

struct Dict {
  Pairs pairs;
  int depth = 1;
  size_t weight = 1;
};

struct Namespace {
  std::vector<std::pair<std::string, Value>> members;
};

// A Python iterator: `next` gives an item, or nothing at the end and ever after.
struct Iterator {
  const char* type = "generator";
  int depth = 1;  // of iterators over iterators, and of what they hold
  std::function<std::optional<Value>(Run&)> next;
};

struct Cycler {
  Values items;
  size_t at = 0;
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
