// Python's arithmetic on template values.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "text/jinja_big.h"
#include "text/jinja_eval.h"
#include "text/jinja_integer.h"

namespace laconic::jinja {
namespace {

constexpr size_t kMaxStringBytes = size_t{64} << 20;

[[noreturn]] void fail_division(Run& run) { run.fail("expected a divisor other than 0, got 0"); }

double to_real(Run& run, const Value& value) {
  const double real = value.real();
  if (value.is_big() && std::isinf(real))
    run.fail("expected an integer that a float can hold, got a larger one");
  return real;
}

// a / b, rounded once: the quotient is taken to 66 bits or more, the last of them sticky.
double divide_exactly(Run& run, const mpz_class& a, const mpz_class& b) {
  const auto bits = [](const mpz_class& n) {
    return static_cast<long>(mpz_sizeinbase(n.get_mpz_t(), 2));
  };
  const long shift = std::max<long>(66 + bits(b) - bits(a), 0);
  mpz_class quotient, rest;
  const mpz_class scaled = a << static_cast<unsigned long>(shift);
  mpz_tdiv_qr(quotient.get_mpz_t(), rest.get_mpz_t(), scaled.get_mpz_t(), b.get_mpz_t());
  if (rest != 0 && mpz_even_p(quotient.get_mpz_t())) quotient += sgn(a) * sgn(b);
  const double result = std::ldexp(from_mpz(quotient).real(), static_cast<int>(-shift));
  if (std::isinf(result)) run.fail("expected a quotient that a float can hold, got a larger one");
  return result;
}

Value integer_power(Run& run, const Value& base, const Value& exponent) {
  const mpz_class a = to_mpz(base);
  const mpz_class b = to_mpz(exponent);
  if (b < 0) {
    if (a == 0) fail_division(run);
    return std::pow(to_real(run, base), to_real(run, exponent));
  }
  if (abs(a) <= 1)
    return from_mpz(a == -1  ? (mpz_even_p(b.get_mpz_t()) ? mpz_class(1) : a)
                    : b == 0 ? mpz_class(1)
                             : a);
  const size_t bits = mpz_sizeinbase(a.get_mpz_t(), 2) - 1;
  if (b > kMaxIntegerBits || bits * b.get_ui() > kMaxIntegerBits)
    run.fail(cat("expected an integer of at most ", kMaxIntegerBits, " bits, got a larger one"));
  run.spend(bits * b.get_ui() / 8 + 1);
  mpz_class power;
  mpz_pow_ui(power.get_mpz_t(), a.get_mpz_t(), b.get_ui());
  return from_mpz(std::move(power));
}

Value compute_big(Run& run, const std::string& op, const Value& left, const Value& right) {
  run.spend(left.weight() * right.weight() / 8 + left.weight() + right.weight());
  const mpz_class a = to_mpz(left);
  const mpz_class b = to_mpz(right);
  mpz_class result;
  if (op == "+") {
    result = a + b;
  } else if (op == "-") {
    result = a - b;
  } else if (op == "*") {
    result = a * b;
  } else {
    if (b == 0) fail_division(run);
    if (op == "/") return divide_exactly(run, a, b);
    if (op == "//") {
      mpz_fdiv_q(result.get_mpz_t(), a.get_mpz_t(), b.get_mpz_t());
    } else {
      mpz_fdiv_r(result.get_mpz_t(), a.get_mpz_t(), b.get_mpz_t());
    }
  }
  return from_mpz(std::move(result));
}

Value compute_integers(Run& run, const std::string& op, const Value& left, const Value& right) {
  if (op == "**") return integer_power(run, left, right);
  if (left.is_big() || right.is_big()) return compute_big(run, op, left, right);
  const int64_t a = left.integer();
  const int64_t b = right.integer();
  constexpr int64_t kExact = int64_t{1} << 53;
  int64_t result = 0;
  bool overflows = false;
  if (op == "+") {
    overflows = __builtin_add_overflow(a, b, &result);
  } else if (op == "-") {
    overflows = __builtin_sub_overflow(a, b, &result);
  } else if (op == "*") {
    overflows = __builtin_mul_overflow(a, b, &result);
  } else {
    if (b == 0) fail_division(run);
    const bool is_exact = a > -kExact && a < kExact && b > -kExact && b < kExact;
    if (op == "/" && is_exact) return static_cast<double>(a) / static_cast<double>(b);
    if (op == "/" || b == -1) return compute_big(run, op, left, right);
    const bool rounds_down = a % b != 0 && (a < 0) != (b < 0);
    result = op == "//" ? a / b - (rounds_down ? 1 : 0) : a % b + (rounds_down ? b : 0);
  }
  return overflows ? compute_big(run, op, left, right) : Value(result);
}

double real_power(Run& run, double a, double b) {
  if (a == 0 && b < 0) fail_division(run);
  if (a < 0 && std::isfinite(a) && std::isfinite(b) && b != std::floor(b))
    run.fail("expected a real power, got a complex one");
  const double power = std::pow(a, b);
  if (std::isinf(power) && std::isfinite(a) && std::isfinite(b))
    run.fail("expected a power that a float can hold, got a larger one");
  return power;
}

// Python's divmod of floats.
Value divide_reals(const std::string& op, double a, double b) {
  double rest = std::fmod(a, b);
  double quotient = (a - rest) / b;
  if (rest != 0) {
    if ((b < 0) != (rest < 0)) {
      rest += b;
      quotient -= 1;
    }
  } else {
    rest = std::copysign(0.0, b);
  }
  if (op == "%") return rest;
  if (quotient == 0) return std::copysign(0.0, a / b);
  const double floored = std::floor(quotient);
  return quotient - floored > 0.5 ? floored + 1 : floored;
}

Value compute_reals(Run& run, const std::string& op, double a, double b) {
  if (op == "+") return a + b;
  if (op == "-") return a - b;
  if (op == "*") return a * b;
  if (op == "**") return real_power(run, a, b);
  if (b == 0) fail_division(run);
  return op == "/" ? Value(a / b) : divide_reals(op, a, b);
}

Value repeat(Run& run, const Value& value, const Value& times) {
  const Value limit(int64_t{1} << 40);
  const bool is_negative = compare_numbers(times, Value(int64_t{0})) < 0;
  const auto count = static_cast<size_t>(
      is_negative ? 0 : (compare_numbers(times, limit) > 0 ? limit : times).integer());
  if (value.is_string()) {
    const std::string& unit = value.string();
    if (!unit.empty() && count > kMaxStringBytes / unit.size())
      run.fail(cat("expected at most ", kMaxStringBytes, " bytes of text, got more"));
    run.spend_bytes(unit.size() * count);
    std::string out;
    out.reserve(unit.size() * count);
    for (size_t i = 0; i < count && !unit.empty(); ++i) out += unit;
    return Text{std::move(out), value.is_markup()};
  }
  const Values& items = value.items();
  if (!items.empty() && count > kMaxStringBytes / items.size())
    run.fail("expected a list of sane length, got a huge one");
  run.spend(items.size() * count * 2);
  Values out;
  out.reserve(items.size() * count);
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
    if (!a.is_markup() && !b.is_markup()) return a.string() + b.string();
    return Value::markup(escaped_text(a) + escaped_text(b));
  }
  run.spend((a.items().size() + b.items().size()) * 2);
  Values items;
  items.reserve(a.items().size() + b.items().size());
  items.insert(items.end(), a.items().begin(), a.items().end());
  items.insert(items.end(), b.items().begin(), b.items().end());
  return a.kind() == Value::Kind::kTuple ? Value::tuple(std::move(items))
                                         : Value::list(std::move(items));
}

}  // namespace

Value compute(Run& run, const std::string& op, const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) {
    if (a.is_integral() && b.is_integral()) return compute_integers(run, op, a, b);
    return compute_reals(run, op, to_real(run, a), to_real(run, b));
  }
  if (op == "%" && a.is_string()) return format_percent(run, a, b);
  for (const Value* side : {&a, &b}) {
    if (side->is_undefined())
      run.fail(cat("expected two values around \"", op, "\", got ", side->undefined_name(),
                   ", which is undefined"));
  }
  const auto repeats = [](const Value& value) { return value.is_string() || value.is_sequence(); };
  if (op == "+" && repeats(a) && a.kind() == b.kind()) return add_sequences(run, a, b);
  if (op == "+" && a.kind() == Value::Kind::kBytes && b.kind() == Value::Kind::kBytes)
    return Bytes{a.bytes() + b.bytes()};
  if (op == "*" && repeats(a) && b.is_integral()) return repeat(run, a, b);
  if (op == "*" && repeats(b) && a.is_integral()) return repeat(run, b, a);
  run.fail(
      cat("expected values that \"", op, "\" takes, got ", a.kind_name(), " and ", b.kind_name()));
}

Value negate(Run& run, const Value& value) {
  if (!value.is_integral()) return -value.real();
  return compute_integers(run, "-", Value(int64_t{0}), value);
}

}  // namespace laconic::jinja
