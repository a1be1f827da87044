// Global functions: Jinja's range, dict, namespace; transformers' raise_exception, strftime_now.
// SPDX-License-Identifier: Apache-2.0
#include <ctime>

#include "base/error.h"
#include "text/jinja_builtins.h"

namespace laconic::jinja {
namespace {

constexpr uint64_t kMaxRange = 100'000;  // as jinja2's sandbox

Value range(Run& run, Arguments& arguments) {
  const Bound bound(run, arguments, {"start", "stop", "step"});
  if (!bound.has(0)) run.fail("range: expected an argument, got none");
  const int64_t start = bound.has(1) ? bound.integer(0, 0) : 0;
  const int64_t stop = bound.has(1) ? bound.integer(1, 0) : bound.integer(0, 0);
  const int64_t step = bound.integer(2, 1);
  if (step == 0) run.fail("range: expected a step other than 0, got 0");
  const bool is_empty = step > 0 ? start >= stop : start <= stop;
  if (is_empty) return Value::list({});
  const uint64_t span = step > 0 ? static_cast<uint64_t>(stop) - static_cast<uint64_t>(start)
                                 : static_cast<uint64_t>(start) - static_cast<uint64_t>(stop);
  const uint64_t stride =
      step > 0 ? static_cast<uint64_t>(step) : uint64_t{0} - static_cast<uint64_t>(step);
  const uint64_t count = (span - 1) / stride + 1;
  if (count > kMaxRange)
    run.fail(cat("range: expected at most ", kMaxRange, " numbers, got ", count));
  run.spend(count * 4);
  Values items;
  for (uint64_t i = 0; i < count; ++i)
    items.push_back(
        static_cast<int64_t>(static_cast<uint64_t>(start) + i * static_cast<uint64_t>(step)));
  return Value::list(std::move(items));
}

Value dict(Run& run, Arguments& arguments) {
  Pairs pairs;
  if (arguments.positional.size() > 1) run.fail("dict: expected at most one dict, got more");
  if (!arguments.positional.empty()) {
    if (!arguments.positional[0].is_dict())
      run.fail(cat("dict: expected a dict, got ", arguments.positional[0].kind_name()));
    pairs = arguments.positional[0].pairs();
  }
  for (auto& [name, value] : arguments.named) pairs.emplace_back(Value(name), std::move(value));
  run.spend(pairs.size() * pairs.size() / 16);
  return Value::dict(std::move(pairs));
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
