// Attributes, items and calls of template values, as jinja2's sandbox has them.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/error.h"
#include "text/jinja_methods.h"
#include "text/jinja_utf8.h"
#include "text/utf8.h"

namespace laconic::jinja {
namespace {

Value cycle(Run& run, Arguments& arguments, size_t index) {
  if (arguments.positional.empty()) run.fail("loop.cycle: expected arguments, got none");
  return arguments.positional[index % arguments.positional.size()];
}

Value loop_attribute(const std::shared_ptr<const Loop>& held, const std::string& name) {
  const Loop& loop = *held;
  const auto number = [](size_t n) { return Value(static_cast<int64_t>(n)); };
  const Values& items = *loop.items;
  const size_t left = items.size() - loop.index0;
  if (name == "index0") return number(loop.index0);
  if (name == "index") return number(loop.index0 + 1);
  if (name == "revindex") return number(left);
  if (name == "revindex0") return number(left - 1);
  if (name == "first") return loop.index0 == 0;
  if (name == "last") return left == 1;
  if (name == "length") return number(items.size());
  if (name == "depth") return loop.depth0 + 1;
  if (name == "depth0") return loop.depth0;
  if (name == "changed") {
    return Function{"changed",
                    [last = loop.last_changed](Run&, Arguments& arguments) {
                      Value now = Value::tuple(std::move(arguments.positional));
                      const bool is_same = !last->empty() && last->back() == now;
                      *last = {std::move(now)};
                      return Value(!is_same);
                    },
                    {}};
  }
  if (name == "previtem")
    return loop.index0 > 0 ? items[loop.index0 - 1] : Value::undefined("loop.previtem");
  if (name == "nextitem")
    return left > 1 ? items[loop.index0 + 1] : Value::undefined("loop.nextitem");
  if (name == "cycle") {
    return Function{
        "cycle", [held](Run& run, Arguments& a) { return cycle(run, a, held->index0); }, {}};
  }
  return Value::undefined("loop." + name);
}

Value cycler_attribute(const std::shared_ptr<Cycler>& cycler, const std::string& name) {
  if (name == "current") return cycler->items[cycler->at];
  if (name == "items") return Value::tuple(cycler->items);
  if (name == "next") {
    return Function{name,
                    [cycler](Run& run, Arguments& arguments) {
                      const Bound bound(run, arguments, {});
                      const size_t at = cycler->at;
                      cycler->at = (at + 1) % cycler->items.size();
                      return cycler->items[at];
                    },
                    {}};
  }
  if (name == "reset") {
    return Function{name,
                    [cycler](Run& run, Arguments& arguments) {
                      const Bound bound(run, arguments, {});
                      cycler->at = 0;
                      return Value(None{});
                    },
                    {}};
  }
  return Value::undefined("cycler." + name);
}

// Data attributes of Python's numbers, ranges and groupby's tuples.
std::optional<Value> plain_attribute(const Value& object, const std::string& name) {
  if (object.is_number()) {
    if (name == "real") return object.is_boolean() ? Value(object.integer()) : object;
    if (name == "imag") return object.is_integral() ? Value(int64_t{0}) : Value(0.0);
    if (object.is_integral() && name == "numerator")
      return object.is_boolean() ? Value(object.integer()) : object;
    if (object.is_integral() && name == "denominator") return Value(int64_t{1});
    return std::nullopt;
  }
  if (object.is_range()) {
    const Sequence& range = object.sequence();
    if (name == "start") return Value(range.start);
    if (name == "stop") return Value(range.stop);
    if (name == "step") return Value(range.step);
    return std::nullopt;
  }
  const bool is_group =
      object.kind() == Value::Kind::kTuple && object.sequence().form == Sequence::Form::kGroup;
  if (is_group && name == "grouper") return object.items()[0];
  if (is_group && name == "list") return object.items()[1];
  return std::nullopt;
}

Value method_of(const Value& object, const std::string& name, Builtin method) {
  return Function{name,
                  [object, method, name](Run& run, Arguments& arguments) {
                    arguments.positional.insert(arguments.positional.begin(), object);
                    if (object.is_markup()) return call_markup_method(run, name, method, arguments);
                    return method(run, arguments);
                  },
                  {}};
}

// Python's attribute of this name; nothing where there is none. What would change a dict is there
// for Python, and undefined for the sandbox.
std::optional<Value> python_attribute(const Value& object, const std::string& name) {
  static constexpr std::string_view kChanges[] = {"clear", "pop", "popitem", "setdefault",
                                                  "update"};
  if (object.is_dict() &&
      std::find(std::begin(kChanges), std::end(kChanges), name) != std::end(kChanges))
    return Value::undefined(name);
  if (const Builtin method = find_method(object, name)) return method_of(object, name, method);
  return plain_attribute(object, name);
}

// dict.items and its like: a method that takes its dict as an argument.
Value dict_method(const std::string& name) {
  const Builtin method = find_method(Value::dict({}), name);
  if (!method) return Value::undefined(name);
  return Function{name,
                  [method](Run& run, Arguments& arguments) {
                    if (arguments.positional.empty() || !arguments.positional[0].is_dict())
                      run.fail("expected a dict for a method of dict, got something else");
                    return method(run, arguments);
                  },
                  {}};
}

Value sequence_item(const Value& object, const Value& key) {
  const auto missing = [&] { return Value::undefined(cat("item ", key.repr())); };
  if (key.is_big()) return missing();
  int64_t index = key.integer();
  const bool is_string = object.is_string();
  const bool is_bytes = object.kind() == Value::Kind::kBytes;
  const auto size = static_cast<int64_t>(is_string  ? count_code_points(object.string())
                                         : is_bytes ? object.bytes().size()
                                                    : object.items().size());
  if (index < 0) index += size;
  if (index < 0 || index >= size) return missing();
  const auto place = static_cast<size_t>(index);
  if (is_bytes) return int64_t{static_cast<unsigned char>(object.bytes()[place])};
  if (!is_string) return object.items()[place];
  size_t at = first_characters(object.string(), place).size();
  const size_t start = at;
  next_code_point(object.string(), at);
  return Text{object.string().substr(start, at - start), object.is_markup()};
}

}  // namespace

Value Run::attribute(const Value& object, const std::string& name) {
  spend(1);
  switch (object.kind()) {
    case Value::Kind::kUndefined:
      fail(cat("expected a value with the field \"", name, "\", got ", object.undefined_name(),
               ", which is undefined"));
    case Value::Kind::kNamespace:
      spend(object.space().members.size() / 8);
      for (const auto& [key, value] : object.space().members) {
        if (key == name) return value;
      }
      return Value::undefined(name);
    case Value::Kind::kLoop:
      return loop_attribute(object.shared_loop(), name);
    case Value::Kind::kCycler:
      return cycler_attribute(object.shared_cycler(), name);
    case Value::Kind::kFunction:
      if (object.function().name == "dict") return dict_method(name);
      for (const auto& [key, value] : object.function().attributes) {
        if (key == name) return value;
      }
      return Value::undefined(name);
    default:
      break;
  }
  if (const auto value = python_attribute(object, name)) return *value;
  if (object.is_dict()) {
    spend(object.pairs().size() / 8);
    if (const Value* value = object.find(Value(name))) return *value;
  }
  return Value::undefined(name);
}

Value Run::item(const Value& object, const Value& key) {
  spend(1);
  if (object.is_undefined())
    fail(cat("expected a value with items, got ", object.undefined_name(), ", which is undefined"));
  if (object.is_dict() && key.is_hashable()) {
    spend(object.pairs().size() / 8);
    if (const Value* value = object.find(key)) return *value;
    if (!key.is_string()) return Value::undefined(cat("item ", key.repr()));
    const auto value = python_attribute(object, key.string());
    return value ? *value : Value::undefined(key.string());
  }
  const bool has_places = object.is_sequence() || object.is_string() || object.is_range() ||
                          object.kind() == Value::Kind::kBytes;
  if (has_places && key.is_integral()) {
    if (object.is_string()) spend_bytes(object.string().size());
    return sequence_item(object, key);
  }
  if (key.is_string()) return attribute(object, key.string());
  spend(key.weight());
  return Value::undefined("an item");
}

Value Run::call(const Value& callee, Arguments arguments) {
  spend(1);
  if (callee.is_undefined())
    fail(cat("expected a function, got ", callee.undefined_name(), ", which is undefined"));
  if (callee.kind() == Value::Kind::kLoop && callee.loop().recurse) {
    const Bound bound(*this, arguments, {"iterable"});
    return callee.loop().recurse(*this, bound[0]);
  }
  if (callee.kind() != Value::Kind::kFunction)
    fail(cat("expected a function, got a value of type ", callee.kind_name()));
  return callee.function().call(*this, arguments);
}

}  // namespace laconic::jinja
