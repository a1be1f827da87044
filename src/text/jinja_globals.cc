// Global functions: Jinja's range, dict, namespace, cycler, joiner; transformers' raise_exception
// and strftime_now.
// SPDX-License-Identifier: Apache-2.0
#include <ctime>
#include <memory>
#include <utility>

#include "base/error.h"
#include "text/jinja_builtins.h"

namespace laconic::jinja {
namespace {

constexpr uint64_t kMaxRange = 100'000;  // as jinja2's sandbox

Value range(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"/start", "/stop", "/step"});
  Sequence view;
  view.form = Sequence::Form::kRange;
  view.start = bound.has(1) ? bound.integer(0, 0) : 0;
  view.stop = bound.has(1) ? bound.integer(1, 0) : bound.integer(0, 0);
  view.step = bound.integer(2, 1);
  const auto start = static_cast<uint64_t>(view.start), stop = static_cast<uint64_t>(view.stop);
  const auto step = static_cast<uint64_t>(view.step);
  if (view.step == 0) run.fail("range: expected a step other than 0, got 0");
  const bool is_empty = view.step > 0 ? view.start >= view.stop : view.start <= view.stop;
  if (is_empty) return Value::view(std::move(view));
  const uint64_t span = view.step > 0 ? stop - start : start - stop;
  const uint64_t stride = view.step > 0 ? step : uint64_t{0} - step;
  const uint64_t count = (span - 1) / stride + 1;
  if (count > kMaxRange)
    run.fail(cat("range: expected at most ", kMaxRange, " numbers, got ", count));
  run.spend(count);
  view.items.reserve(count);
  for (uint64_t i = 0; i < count; ++i) view.items.push_back(static_cast<int64_t>(start + i * step));
  return Value::view(std::move(view));
}

// The pairs of a dict, or of a list of pairs.
Pairs pairs_of(Run& run, const Value& value) {
  if (value.is_dict()) return value.pairs();
  Pairs pairs;
  for (const Value& item : run.iterate(value)) {
    Values parts = run.iterate(item);
    if (parts.size() != 2) run.fail(cat("dict: expected pairs, got ", parts.size(), " values"));
    run.check_hashable(parts[0]);
    pairs.emplace_back(std::move(parts[0]), std::move(parts[1]));
  }
  return pairs;
}

Value dict(Run& run, Arguments& arguments) {
  Pairs pairs;
  if (arguments.positional.size() > 1) run.fail("dict: expected at most one dict, got more");
  if (!arguments.positional.empty()) pairs = pairs_of(run, arguments.positional[0]);
  for (auto& [name, value] : arguments.named) pairs.emplace_back(Value(name), std::move(value));
  run.spend(pairs.size() * pairs.size() / 16 + pairs.size());
  return Value::dict(std::move(pairs));
}

Value cycler(Run& run, Arguments& arguments) {
  if (arguments.positional.empty() || !arguments.named.empty())
    run.fail("cycler: expected one value or more, got none");
  auto made = std::make_shared<Cycler>();
  run.spend(arguments.positional.size() * 2);
  made->items = std::move(arguments.positional);
  return Value(std::move(made));
}

// Nothing when it is called first, the separator ever after.
Value joiner(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"sep"}, 0);
  const Value separator = bound.has(0) ? bound[0] : Value(std::string(", "));
  return Function{"joiner",
                  [separator, used = std::make_shared<bool>(false)](Run&, Arguments&) {
                    return std::exchange(*used, true) ? separator : Value(std::string());
                  },
                  {}};
}

Value lipsum(Run& run, Arguments&) {
  run.fail("expected a template without chance, got the function \"lipsum\"");
}

Value make_namespace(Run& run, Arguments& arguments) {
  const Value start = dict(run, arguments);
  Namespace* space = run.make_namespace();
  for (const auto& [key, value] : start.pairs()) {
    if (!key.is_string()) run.fail(cat("namespace: expected names as keys, got ", key.kind_name()));
    space->members.emplace_back(key.string(), value);
  }
  return space;
}

Value raise_exception(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"message"});
  run.spend(bound[0].weight());
  run.fail(cat("the template refuses these messages: ", bound[0].str()));
}

Value strftime_now(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"format"});
  const std::string& format = bound.string(0);
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  std::string out(format.size() * 16 + 256, '\0');
  out.resize(std::strftime(out.data(), out.size(), format.c_str(), &local));
  return out;
}

constexpr BuiltinEntry kGlobals[] = {
    {"range", range},
    {"dict", dict},
    {"namespace", make_namespace},
    {"cycler", cycler},
    {"joiner", joiner},
    {"lipsum", lipsum},
    {"raise_exception", raise_exception},
    {"strftime_now", strftime_now},
};

}  // namespace

Builtin find_global(std::string_view name) {
  for (const BuiltinEntry& entry : kGlobals) {
    if (entry.name == name) return entry.call;
  }
  return nullptr;
}

}  // namespace laconic::jinja
