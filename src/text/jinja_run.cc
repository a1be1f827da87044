// Limits, iteration and comparisons of one rendering, and the binding of arguments.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "base/error.h"
#include "text/jinja_builtins.h"
#include "text/jinja_integer.h"
#include "text/jinja_utf8.h"
#include "text/utf8.h"

namespace laconic::jinja {
namespace {

constexpr size_t kMaxSteps = 20'000'000;

thread_local Run* active = nullptr;

template <typename T>
int sign_of(const T& a, const T& b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

std::function<std::optional<Value>(Run&)> over(Value held) {
  return [held = std::move(held), at = size_t{0}](Run& run) mutable -> std::optional<Value> {
    const Values& items = held.items();
    if (at >= items.size()) return std::nullopt;
    run.spend(1);
    return items[at++];
  };
}

std::string_view plain_name(std::string_view name) {
  return name.substr(name.starts_with('/') ? 1 : 0);
}

}  // namespace

void charge(size_t bytes) {
  if (active) active->spend_bytes(bytes);
}

Run::Metered::Metered(Run& run) : before_(std::exchange(active, &run)) {}
Run::Metered::~Metered() { active = before_; }

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

Values Run::iterate(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::kList:
    case Value::Kind::kTuple:
    case Value::Kind::kView:
      spend(value.items().size());
      return value.items();
    default:
      break;
  }
  const auto next = iterator(value);
  Values items;
  while (std::optional<Value> item = next(*this)) {
    spend(2);
    items.push_back(*std::move(item));
  }
  return items;
}

std::function<std::optional<Value>(Run&)> Run::iterator(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::kUndefined:
      return [](Run&) { return std::optional<Value>(); };
    case Value::Kind::kList:
    case Value::Kind::kTuple:
    case Value::Kind::kView:
      return over(value);
    case Value::Kind::kDict:
      return [value, at = size_t{0}](Run& run) mutable -> std::optional<Value> {
        if (at >= value.pairs().size()) return std::nullopt;
        run.spend(1);
        return value.pairs()[at++].first;
      };
    case Value::Kind::kString:
      return [value, at = size_t{0}](Run& run) mutable -> std::optional<Value> {
        if (at >= value.string().size()) return std::nullopt;
        run.spend(1);
        const size_t start = at;
        next_code_point(value.string(), at);
        return Value(value.string().substr(start, at - start));
      };
    case Value::Kind::kBytes:
      return [value, at = size_t{0}](Run& run) mutable -> std::optional<Value> {
        if (at >= value.bytes().size()) return std::nullopt;
        run.spend(1);
        return Value(int64_t{static_cast<unsigned char>(value.bytes()[at++])});
      };
    case Value::Kind::kIterator:
      return [value](Run& run) { return value.iterator().next(run); };
    default:
      fail(cat("expected a sequence, got a value of type ", value.kind_name()));
  }
}

Value Run::make_iterator(std::function<std::optional<Value>(Run&)> next, const Value& held,
                         const char* type) {
  auto iterator = std::make_shared<Iterator>();
  iterator->type = type;
  iterator->depth = held.depth() + 1;
  if (iterator->depth > Value::kMaxDepth)
    fail(cat("expected at most ", Value::kMaxDepth, " levels of nesting, got more"));
  iterator->next = [next = std::move(next), ended = false](Run& run) mutable {
    std::optional<Value> item;
    if (!ended) item = next(run);
    ended = !item;
    return item;
  };
  charge(sizeof(Iterator) + 128);
  return Value(std::move(iterator));
}

bool Run::contains(const Value& container, const Value& item) {
  switch (container.kind()) {
    case Value::Kind::kUndefined:
      return false;
    case Value::Kind::kString:
      if (!item.is_string())
        fail(cat("expected a string on the left of \"in\", got ", item.kind_name()));
      spend_bytes(container.string().size());
      return contains_text(container.string(), item.string());
    case Value::Kind::kDict:
      check_hashable(item);
      spend(container.pairs().size());
      return container.find(item) != nullptr;
    case Value::Kind::kList:
    case Value::Kind::kTuple:
    case Value::Kind::kView:
      spend(std::min(container.weight(), container.items().size() * item.weight()));
      return std::find(container.items().begin(), container.items().end(), item) !=
             container.items().end();
    case Value::Kind::kIterator: {
      const auto next = iterator(container);
      while (const std::optional<Value> other = next(*this)) {
        spend(std::min(other->weight(), item.weight()));
        if (*other == item) return true;
      }
      return false;
    }
    default:
      fail(cat("expected a container on the right of \"in\", got ", container.kind_name()));
  }
}

int Run::compare(const Value& a, const Value& b) {
  spend(std::min(a.weight(), b.weight()));
  if (a.is_number() && b.is_number()) return compare_numbers(a, b);
  if (a.is_string() && b.is_string()) return sign_of(a.string(), b.string());
  if (a.is_sequence() && a.kind() == b.kind()) {
    for (size_t i = 0; i < std::min(a.items().size(), b.items().size()); ++i) {
      if (!(a.items()[i] == b.items()[i])) return compare(a.items()[i], b.items()[i]);
    }
    return sign_of(a.items().size(), b.items().size());
  }
  fail(cat("expected two values that can be ordered, got ", a.kind_name(), " and ", b.kind_name()));
}

int Run::compare_wrapped(const Value& a, const Value& b) {
  if (a.kind() == b.kind()) {
    spend(std::min(a.weight(), b.weight()));
    if (a == b) return 0;
  }
  return compare(a, b);
}

void Run::check_hashable(const Value& key) const {
  if (!key.is_hashable()) fail(cat("expected a key that can be hashed, got ", key.kind_name()));
}

void fail_unknown(Run& run, const char* what, const std::string& name) {
  run.fail(cat("expected a ", what, " that laconic knows, got \"", name, "\""));
}

Bound::Bound(Run& run, Arguments& arguments, std::vector<std::string_view> names,
             size_t num_required)
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
  for (size_t i = 0; i < std::min(num_required, names_.size()); ++i) {
    if (!given_[i])
      run.fail(cat("expected the argument \"", plain_name(names_[i]), "\", got none"));
  }
}

int64_t Bound::integer(size_t i, int64_t otherwise) const {
  if (!given_[i]) return otherwise;
  if (!values_[i].is_integral())
    run_.fail(cat("expected a whole number for \"", plain_name(names_[i]), "\", got ",
                  values_[i].kind_name()));
  if (values_[i].is_big()) return values_[i].real() < 0 ? INT64_MIN : INT64_MAX;
  return values_[i].integer();
}

const std::string& Bound::string(size_t i) const {
  if (!values_[i].is_string())
    run_.fail(
        cat("expected a string for \"", plain_name(names_[i]), "\", got ", values_[i].kind_name()));
  return values_[i].string();
}

}  // namespace laconic::jinja
