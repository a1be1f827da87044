// Limits, lookups and comparisons of one rendering, and the binding of arguments.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/error.h"
#include "text/jinja_builtins.h"
#include "text/jinja_utf8.h"

namespace laconic::jinja {
namespace {

constexpr size_t kMaxSteps = 20'000'000;

template <typename T>
int sign_of(const T& a, const T& b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

Value cycle(Run& run, Arguments& arguments, size_t index) {
  if (arguments.positional.empty()) run.fail("loop.cycle: expected arguments, got none");
  return arguments.positional[index % arguments.positional.size()];
}

Value loop_attribute(const Loop& loop, const std::string& name) {
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
    return Function{"changed", [last = loop.last_changed](Run&, Arguments& arguments) {
                      const bool is_same =
                          !last->empty() && last->back() == Value::tuple(arguments.positional);
                      *last = {Value::tuple(std::move(arguments.positional))};
                      return Value(!is_same);
                    }};
  }
  if (name == "previtem")
    return loop.index0 > 0 ? items[loop.index0 - 1] : Value::undefined("loop.previtem");
  if (name == "nextitem")
    return left > 1 ? items[loop.index0 + 1] : Value::undefined("loop.nextitem");
  if (name == "cycle") {
    const size_t index = loop.index0;
    return Function{"cycle", [index](Run& run, Arguments& a) { return cycle(run, a, index); }};
  }
  return Value::undefined("loop." + name);
}

Value sequence_item(const Value& object, int64_t index) {
  const bool is_string = object.is_string();
  const auto characters_of =
      is_string ? characters(object.string()) : std::vector<std::string_view>{};
  const auto size = static_cast<int64_t>(is_string ? characters_of.size() : object.items().size());
  if (index < 0) index += size;
  if (index < 0 || index >= size) return Value::undefined(cat("item ", index));
  const auto place = static_cast<size_t>(index);
  if (is_string) return std::string(characters_of[place]);
  return object.items()[place];
}

}  // namespace

void Run::fail(const std::string& message) const {
  laconic::fail(ErrorKind::kData, place_, ":", here.line, ":", here.column, ": ", message);
}

void Run::spend(size_t steps) {
  if (steps > kMaxSteps - spent_) {
    laconic::fail(ErrorKind::kModel, place_, ":", here.line, ":", here.column,
                  ": expected a template that ends within ", kMaxSteps, " steps, got a longer one");
  }
  spent_ += steps;
}

Namespace* Run::make_namespace() {
  namespaces_.push_back(std::make_unique<Namespace>());
  return namespaces_.back().get();
}

Value Run::attribute(const Value& object, const std::string& name) {
  spend(1);
  if (object.is_undefined())
    fail(cat("expected a value with the field \"", name, "\", got ", object.undefined_name(),
             ", which is undefined"));
  if (object.kind() == Value::Kind::kNamespace) {
    for (const auto& [key, value] : object.space().members) {
      if (key == name) return value;
    }
    return Value::undefined(name);
  }
  if (object.kind() == Value::Kind::kLoop) return loop_attribute(object.loop(), name);
  if (const Builtin method = find_method(object, name)) {
    return Function{name, [object, method](Run& run, Arguments& arguments) {
                      arguments.positional.insert(arguments.positional.begin(), object);
                      return method(run, arguments);
                    }};
  }
  if (object.is_dict()) {
    if (const Value* value = object.find(Value(name))) return *value;
  }
  return Value::undefined(name);
}

Value Run::item(const Value& object, const Value& key) {
  spend(1);
  if (object.is_undefined())
    fail(cat("expected a value with items, got ", object.undefined_name(), ", which is undefined"));
  if (object.is_dict()) {
    spend(object.pairs().size() / 8);
    if (const Value* value = object.find(key)) return *value;
  }
  if ((object.is_sequence() || object.is_string()) && key.is_integral()) {
    if (object.is_string()) spend_bytes(object.string().size());
    return sequence_item(object, key.integer());
  }
  if (key.is_string()) return attribute(object, key.string());
  return Value::undefined(cat("item ", key.repr()));
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

Values Run::iterate(const Value& value) {
  Values items;
  switch (value.kind()) {
    case Value::Kind::kUndefined:
      break;
    case Value::Kind::kList:
    case Value::Kind::kTuple:
      items = value.items();
      break;
    case Value::Kind::kDict:
      for (const auto& pair : value.pairs()) items.push_back(pair.first);
      break;
    case Value::Kind::kString:
      spend(value.string().size());
      for (const std::string_view c : characters(value.string())) items.push_back(std::string(c));
      break;
    default:
      fail(cat("expected a sequence, got a value of type ", value.kind_name()));
  }
  spend(items.size());
  return items;
}

bool Run::contains(const Value& container, const Value& item) {
  switch (container.kind()) {
    case Value::Kind::kUndefined:
      return false;
    case Value::Kind::kString:
      if (!item.is_string())
        fail(cat("expected a string on the left of \"in\", got ", item.kind_name()));
      spend_bytes(container.string().size());
      return container.string().find(item.string()) != std::string::npos;
    case Value::Kind::kDict:
      spend(container.pairs().size());
      return container.find(item) != nullptr;
    case Value::Kind::kList:
    case Value::Kind::kTuple:
      spend(std::min(container.weight(), container.items().size() * item.weight()));
      return std::find(container.items().begin(), container.items().end(), item) !=
             container.items().end();
    default:
      fail(cat("expected a container on the right of \"in\", got ", container.kind_name()));
  }
}

int Run::compare(const Value& a, const Value& b) {
  spend(std::min(a.weight(), b.weight()));
  if (a.is_integral() && b.is_integral()) return sign_of(a.integer(), b.integer());
  if (a.is_number() && b.is_number()) return sign_of(a.real(), b.real());
  if (a.is_string() && b.is_string()) return sign_of(a.string(), b.string());
  if (a.is_sequence() && a.kind() == b.kind()) {
    for (size_t i = 0; i < std::min(a.items().size(), b.items().size()); ++i) {
      if (!(a.items()[i] == b.items()[i])) return compare(a.items()[i], b.items()[i]);
    }
    return sign_of(a.items().size(), b.items().size());
  }
  fail(cat("expected two values that can be ordered, got ", a.kind_name(), " and ", b.kind_name()));
}

Bound::Bound(Run& run, Arguments& arguments, std::vector<std::string_view> names)
    : run_(run), names_(std::move(names)), values_(names_.size()), given_(names_.size(), false) {
  if (arguments.positional.size() > names_.size())
    run.fail(
        cat("expected at most ", names_.size(), " arguments, got ", arguments.positional.size()));
  for (size_t i = 0; i < arguments.positional.size(); ++i) {
    values_[i] = std::move(arguments.positional[i]);
    given_[i] = true;
  }
  for (auto& [name, value] : arguments.named) {
    const auto place = std::find(names_.begin(), names_.end(), name);
    if (place == names_.end()) run.fail(cat("expected no argument named \"", name, "\", got one"));
    const auto i = static_cast<size_t>(place - names_.begin());
    if (given_[i]) run.fail(cat("expected the argument \"", name, "\" once, got it twice"));
    values_[i] = std::move(value);
    given_[i] = true;
  }
}

int64_t Bound::integer(size_t i, int64_t otherwise) const {
  if (!given_[i]) return otherwise;
  if (!values_[i].is_integral())
    run_.fail(cat("expected a whole number for \"", names_[i], "\", got ", values_[i].kind_name()));
  return values_[i].integer();
}

const std::string& Bound::string(size_t i) const {
  if (!values_[i].is_string())
    run_.fail(cat("expected a string for \"", names_[i], "\", got ", values_[i].kind_name()));
  return values_[i].string();
}

}  // namespace laconic::jinja
