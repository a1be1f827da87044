// SPDX-License-Identifier: Apache-2.0
#include "text/jinja_integer.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/format.h"
#include "text/jinja_big.h"
#include "text/jinja_utf8.h"

namespace laconic::jinja {
namespace {

constexpr size_t kMaxDigits = 4300;  // Python's sys.get_int_max_str_digits()

int digit_of(char c) {
  if (is_digit(c)) return c - '0';
  const char low = static_cast<char>(c | 0x20);
  return low >= 'a' && low <= 'z' ? low - 'a' + 10 : 99;
}

int base_of_mark(char mark) {
  const char low = static_cast<char>(mark | 0x20);
  return low == 'x' ? 16 : low == 'o' ? 8 : low == 'b' ? 2 : 0;
}

bool is_power_of_two(int base) { return (base & (base - 1)) == 0; }

// The digits alone; nothing where they are not those of an integer.
std::optional<std::string> plain_digits(std::string_view text, int base) {
  std::string digits;
  bool was_digit = false;
  for (const char c : text) {
    if (c == '_' ? !was_digit : digit_of(c) >= base) return std::nullopt;
    was_digit = c != '_';
    if (was_digit) digits += c;
  }
  if (!was_digit) return std::nullopt;
  return digits;
}

int sign_of(int order) { return order < 0 ? -1 : order > 0 ? 1 : 0; }

int compare_with_real(const Value& whole, double real) {
  if (std::isinf(real)) return real < 0 ? 1 : -1;
  return sign_of(mpz_cmp_d(to_mpz(whole).get_mpz_t(), real));
}

}  // namespace

mpz_class to_mpz(const Value& value) {
  static_assert(sizeof(long) == sizeof(int64_t));
  return value.is_big() ? value.big().value : mpz_class(static_cast<long>(value.integer()));
}

Value from_mpz(mpz_class value) {
  if (value.fits_slong_p()) return static_cast<int64_t>(value.get_si());
  const size_t bits = mpz_sizeinbase(value.get_mpz_t(), 2);
  require(bits <= kMaxIntegerBits, ErrorKind::kData,
          "template value: expected an integer of at most ", kMaxIntegerBits,
          " bits, got a larger one");
  charge(bits / 8 + 64);
  auto big = std::make_shared<Big>();
  big->value = std::move(value);
  return Value(std::shared_ptr<const Big>(std::move(big)));
}

std::optional<Value> parse_integer(std::string_view text, int base) {
  text = strip(text, nullptr, true, true);
  bool negative = false;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  const int marked = text.size() > 2 && text[0] == '0' ? base_of_mark(text[1]) : 0;
  if (marked != 0 && (base == 0 || base == marked)) {
    text.remove_prefix(text[2] == '_' ? 3 : 2);
    base = marked;
  }
  const bool by_prefix = base == 0;
  const auto digits = plain_digits(text, by_prefix ? 10 : base);
  if (!digits) return std::nullopt;
  if (by_prefix) {
    base = 10;
    if (digits->front() == '0' && digits->find_first_not_of('0') != std::string::npos)
      return std::nullopt;
  }
  if (!is_power_of_two(base) && digits->size() > kMaxDigits) return std::nullopt;
  require(digits->size() <= kMaxIntegerBits, ErrorKind::kData,
          "template value: expected an integer of at most ", kMaxIntegerBits,
          " bits, got a larger one");
  int64_t small = 0;
  const char* end = digits->data() + digits->size();
  if (std::from_chars(digits->data(), end, small, base).ec == std::errc{})
    return negative ? -small : small;
  mpz_class value(*digits, base);
  if (negative) value = -value;
  return from_mpz(std::move(value));
}

std::string integer_text(const Value& value, int base) {
  if (!value.is_big() && base == 10) return std::to_string(value.integer());
  std::string text = to_mpz(value).get_str(base);
  charge(4 * text.size());
  require(is_power_of_two(base) || text.size() <= kMaxDigits, ErrorKind::kData,
          "template value: expected an integer of at most ", kMaxDigits,
          " digits to write, got a larger one");
  return text;
}

int compare_numbers(const Value& a, const Value& b) {
  if (a.is_integral() && b.is_integral()) {
    if (a.is_big() || b.is_big()) return sign_of(cmp(to_mpz(a), to_mpz(b)));
    return a.integer() < b.integer() ? -1 : a.integer() > b.integer() ? 1 : 0;
  }
  constexpr int kUnordered = 2;
  if (a.is_integral()) return std::isnan(b.real()) ? kUnordered : compare_with_real(a, b.real());
  if (b.is_integral()) return std::isnan(a.real()) ? kUnordered : -compare_with_real(b, a.real());
  if (std::isnan(a.real()) || std::isnan(b.real())) return kUnordered;
  return a.real() < b.real() ? -1 : a.real() > b.real() ? 1 : 0;
}

std::optional<Value> real_to_integer(double value) {
  if (!std::isfinite(value)) return std::nullopt;
  if (std::fabs(value) < 9e18) return Value(static_cast<int64_t>(value));
  return from_mpz(mpz_class(value));
}

double big_to_real(const Big& big) {
  const double sign = sgn(big.value) < 0 ? -1 : 1;
  if (big_bits(big) > 1024) return sign * std::numeric_limits<double>::infinity();
  const std::string text = mpz_class(abs(big.value)).get_str();
  double value = 0;  // from_chars rounds to the nearest, as Python does; GMP cuts
  if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc{})
    return sign * std::numeric_limits<double>::infinity();
  return sign * value;
}

size_t big_bits(const Big& big) { return mpz_sizeinbase(big.value.get_mpz_t(), 2); }

}  // namespace laconic::jinja
