// Python's arithmetic on template values, with 64-bit integers that refuse to overflow.
// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "base/error.h"
#include "text/jinja_eval.h"

namespace laconic::jinja {
namespace {

constexpr size_t kMaxStringBytes = size_t{64} << 20;

[[noreturn]] void fail_overflow(Run& run) {
  run.fail("expected a result that fits 64 bits, got a larger one");
}

Value integer_power(Run& run, int64_t base, int64_t exponent) {
  if (exponent < 0) return std::pow(static_cast<double>(base), static_cast<double>(exponent));
  if (base == 0 || base == 1) return exponent == 0 ? int64_t{1} : base;
  if (base == -1) return exponent % 2 == 0 ? int64_t{1} : int64_t{-1};
  if (exponent > 63) fail_overflow(run);
  int64_t result = 1;
  for (int64_t i = 0; i < exponent; ++i) {
    if (__builtin_mul_overflow(result, base, &result)) fail_overflow(run);
  }
  return result;
}

Value compute_integers(Run& run, const std::string& op, int64_t a, int64_t b) {
  int64_t result = 0;
  bool overflows = false;
  if (op == "+") {
    overflows = __builtin_add_overflow(a, b, &result);
  } else if (op == "-") {
    overflows = __builtin_sub_overflow(a, b, &result);
  } else if (op == "*") {
    overflows = __builtin_mul_overflow(a, b, &result);
  } else if (op == "**") {
    return integer_power(run, a, b);
  } else {
    if (b == 0) run.fail("expected a divisor other than 0, got 0");
    if (op == "/") return static_cast<double>(a) / static_cast<double>(b);
    if (b == -1) {
      if (op == "%") return int64_t{0};
      overflows = __builtin_sub_overflow(int64_t{0}, a, &result);
    } else {
      const bool rounds_down = a % b != 0 && (a < 0) != (b < 0);
      result = op == "//" ? a / b - (rounds_down ? 1 : 0) : a % b + (rounds_down ? b : 0);
    }
  }
  if (overflows) fail_overflow(run);
  return result;
}

Value compute_reals(Run& run, const std::string& op, double a, double b) {
  if (op == "+") return a + b;
  if (op == "-") return a - b;
  if (op == "*") return a * b;
  if (op == "**") return std::pow(a, b);
  if (b == 0) run.fail("expected a divisor other than 0, got 0");
  if (op == "/") return a / b;
  double rest = std::fmod(a, b);
  if (rest != 0 && (rest < 0) != (b < 0)) rest += b;
  if (op == "%") return rest == 0 ? std::copysign(0.0, b) : rest;
  return std::floor((a - rest) / b + 0.5);
}

Value repeat(Run& run, const Value& value, int64_t times) {
  const auto count = static_cast<size_t>(std::max<int64_t>(times, 0));
  if (value.is_string()) {
    const std::string& unit = value.string();
    if (!unit.empty() && count > kMaxStringBytes / unit.size())
      run.fail(cat("expected at most ", kMaxStringBytes, " bytes of text, got more"));
    run.spend_bytes(unit.size() * count);
    std::string out;
    out.reserve(unit.size() * count);
    for (size_t i = 0; i < count && !unit.empty(); ++i) out += unit;
    return out;
  }
  const Values& items = value.items();
  if (!items.empty() && count > kMaxStringBytes / items.size())
    run.fail("expected a list of sane length, got a huge one");
  run.spend(items.size() * count * 4);
  Values out;
  for (size_t i = 0; i < count && !items.empty(); ++i)
    out.insert(out.end(), items.begin(), items.end());
  return value.kind() == Value::Kind::kTuple ? Value::tuple(std::move(out))
                                             : Value::list(std::move(out));
}

Value add_sequences(Run& run, const Value& a, const Value& b) {
  if (a.is_string()) {
    run.spend_bytes(a.string().size() + b.string().size());
    if (a.string().size() + b.string().size() > kMaxStringBytes)
      run.fail(cat("expected at most ", kMaxStringBytes, " bytes of text, got more"));
    return a.string() + b.string();
  }
  Values items = a.items();
  items.insert(items.end(), b.items().begin(), b.items().end());
  run.spend(items.size() * 4);
  return a.kind() == Value::Kind::kTuple ? Value::tuple(std::move(items))
                                         : Value::list(std::move(items));
}

}  // namespace

Value compute(Run& run, const std::string& op, const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) {
    if (a.is_integral() && b.is_integral())
      return compute_integers(run, op, a.integer(), b.integer());
    return compute_reals(run, op, a.real(), b.real());
  }
  if (op == "%" && a.is_string()) return format_percent(run, a.string(), b);
  for (const Value* side : {&a, &b}) {
    if (side->is_undefined())
      run.fail(cat("expected two values around \"", op, "\", got ", side->undefined_name(),
                   ", which is undefined"));
  }
  const auto repeats = [](const Value& value) { return value.is_string() || value.is_sequence(); };
  if (op == "+" && repeats(a) && a.kind() == b.kind()) return add_sequences(run, a, b);
  if (op == "*" && repeats(a) && b.is_integral()) return repeat(run, a, b.integer());
  if (op == "*" && repeats(b) && a.is_integral()) return repeat(run, b, a.integer());
  run.fail(
      cat("expected values that \"", op, "\" takes, got ", a.kind_name(), " and ", b.kind_name()));
}

Value negate(Run& run, const Value& value) {
  if (!value.is_integral()) return -value.real();
  return compute_integers(run, "-", 0, value.integer());
}

}  // namespace laconic::jinja
