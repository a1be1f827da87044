// SPDX-License-Identifier: Apache-2.0
#include "eval/quantity.h"

#include <algorithm>

#include "base/format.h"
#include "eval/extract.h"
#include "eval/unit_words.h"

namespace laconic {
namespace {

constexpr size_t kNone = std::string_view::npos;

mpz_class power_of(const mpz_class& base, unsigned long exponent) {
  mpz_class out;
  mpz_pow_ui(out.get_mpz_t(), base.get_mpz_t(), exponent);
  return out;
}

// base^exponent; REQUIRES: base != 0 or exponent >= 0.
mpq_class power_of(const mpq_class& base, long exponent) {
  const auto size = static_cast<unsigned long>(std::abs(exponent));
  mpq_class out(power_of(base.get_num(), size), power_of(base.get_den(), size));
  out.canonicalize();
  return exponent < 0 ? mpq_class(1 / out) : out;
}

// Recursive descent over one number; `rest` shrinks as it is read. Every parse_* leaves `rest`
// alone when it fails.
class NumberParser {
 public:
  explicit NumberParser(std::string_view text) : rest_(text) {}
  std::string_view rest() const { return rest_; }
  int decimals() const { return decimals_; }
  int significant() const { return significant_; }
  bool is_money() const { return is_money_; }

  std::optional<mpq_class> number(int depth = 0) {
    if (depth > kMaxDepth) return std::nullopt;
    skip_space();
    const bool negative = rest_.starts_with('-');
    if (negative || rest_.starts_with('+')) rest_.remove_prefix(1);
    skip_space();
    if (rest_.starts_with("\\$")) {
      rest_.remove_prefix(2);
      is_money_ = true;
      skip_space();
    }
    std::optional<mpq_class> value = primary(depth);
    if (!value) return std::nullopt;
    if (is_integer_literal_) add_mixed_fraction(*value, depth);
    if (!apply_power(*value)) return std::nullopt;
    if (!divide(*value, depth) || !scale(*value)) return std::nullopt;
    return negative ? mpq_class(-*value) : value;
  }

 private:
  void skip_space() {
    while (rest_.starts_with(' ')) rest_.remove_prefix(1);
  }

  // A number in {...} or (...) at the front.
  std::optional<mpq_class> group(char open, char close, int depth) {
    skip_space();
    if (!rest_.starts_with(open)) return std::nullopt;
    NumberParser inner(rest_.substr(1));
    inner.in_bracket_ = in_bracket_ || open == '(';
    const std::optional<mpq_class> value = inner.number(depth + 1);
    inner.skip_space();
    if (!value || !inner.rest_.starts_with(close)) return std::nullopt;
    rest_ = inner.rest_.substr(1);
    return value;
  }

  std::optional<mpq_class> fraction(int depth) {
    if (!rest_.starts_with("\\frac")) return std::nullopt;
    const std::string_view start = rest_;
    rest_.remove_prefix(5);
    const auto above = group('{', '}', depth);
    const auto below = above ? group('{', '}', depth) : std::nullopt;
    if (!below || *below == 0) {
      rest_ = start;
      return std::nullopt;
    }
    return mpq_class(*above / *below);
  }

  std::optional<mpq_class> primary(int depth) {
    is_integer_literal_ = false;
    decimals_ = -1;
    if (rest_.starts_with('(')) return group('(', ')', depth);
    if (rest_.starts_with('{')) return group('{', '}', depth);
    if (rest_.starts_with('\\')) return fraction(depth);
    return literal();
  }

  // Digits with separators: a first group of one to three, then groups of exactly three after the
  // same separator.
  std::string integer_digits() {
    size_t end = 0;
    while (end < rest_.size() && is_digit(rest_[end])) ++end;
    std::string digits(rest_.substr(0, end));
    rest_.remove_prefix(end);
    if (digits.empty() || digits.size() > 3 || digits[0] == '0' || rest_.empty()) return digits;
    const char separator = rest_[0];
    if ((separator != ',' || in_bracket_) && separator != ' ') return digits;
    const auto group_follows = [&] {
      return rest_.size() >= 4 && rest_[0] == separator && is_digit(rest_[1]) &&
             is_digit(rest_[2]) && is_digit(rest_[3]) && (rest_.size() == 4 || !is_digit(rest_[4]));
    };
    while (group_follows()) {
      digits += rest_.substr(1, 3);
      rest_.remove_prefix(4);
    }
    return digits;
  }

  std::optional<mpq_class> literal() {
    const std::string_view start = rest_;
    std::string digits = integer_digits();
    size_t places = 0;
    std::string repeating;
    if (rest_.size() > 1 && rest_[0] == '.' && (is_digit(rest_[1]) || rest_[1] == '\\')) {
      rest_.remove_prefix(1);
      while (places < rest_.size() && is_digit(rest_[places])) ++places;
      digits += rest_.substr(0, places);
      rest_.remove_prefix(places);
      repeating = repeating_digits();
    }
    if (digits.empty() && repeating.empty()) {
      rest_ = start;
      return std::nullopt;
    }
    is_integer_literal_ = places == 0 && repeating.empty();
    decimals_ = repeating.empty() ? static_cast<int>(places) : -1;
    const size_t first = digits.find_first_not_of('0');
    significant_ = first == kNone ? 0 : static_cast<int>(digits.size() - first);
    mpq_class value(mpz_class(digits.empty() ? "0" : digits, 10), power_of(mpz_class(10), places));
    if (!repeating.empty()) {
      const mpz_class nines = power_of(mpz_class(10), repeating.size()) - 1;
      value += mpq_class(mpz_class(repeating, 10), nines * power_of(mpz_class(10), places));
    }
    value.canonicalize();
    return value;
  }

  // \overline{6} after a decimal point.
  std::string repeating_digits() {
    constexpr std::string_view kOverline = "\\overline{";
    if (!rest_.starts_with(kOverline)) return "";
    const size_t end = rest_.find('}');
    if (end == kNone) return "";
    const std::string_view digits = rest_.substr(kOverline.size(), end - kOverline.size());
    if (digits.empty() || !std::all_of(digits.begin(), digits.end(), is_digit)) return "";
    rest_.remove_prefix(end + 1);
    return std::string(digits);
  }

  // 3\frac{1}{2}, 3 1/2: a proper fraction of whole numbers right after a whole number.
  void add_mixed_fraction(mpq_class& value, int depth) {
    NumberParser inner(rest_);
    inner.skip_space();
    const bool spaced = inner.rest_.size() != rest_.size();
    std::optional<mpq_class> part = inner.fraction(depth);
    if (!part && spaced && !inner.rest_.empty() && is_digit(inner.rest_[0])) {
      part = inner.literal();
      if (!part || !inner.is_integer_literal_ || !inner.rest_.starts_with('/')) return;
      inner.rest_.remove_prefix(1);
      const auto below = inner.literal();
      if (!below || !inner.is_integer_literal_ || *below == 0) return;
      *part /= *below;
    }
    if (!part || *part <= 0 || *part >= 1) return;
    value += *part;
    rest_ = inner.rest_;
    is_integer_literal_ = false;
    decimals_ = -1;
  }

  // The exponent after '^': {-12}, 12 or one digit. Leaves rest_ alone when there is none.
  std::optional<long> exponent() {
    if (!rest_.starts_with('^')) return std::nullopt;
    std::string_view text = rest_.substr(1);
    const bool braced = text.starts_with('{');
    if (braced) text.remove_prefix(1);
    const bool negative = text.starts_with('-');
    if (negative) text.remove_prefix(1);
    size_t end = 0;
    long value = 0;
    for (; end < text.size() && is_digit(text[end]); ++end)
      value = std::min(value * 10 + (text[end] - '0'), kMaxExponent + 1);
    if (end == 0 || value > kMaxExponent) return std::nullopt;
    text.remove_prefix(end);
    if (braced && !text.starts_with('}')) return std::nullopt;
    rest_ = braced ? text.substr(1) : text;
    return negative ? -value : value;
  }

  // False: a power that is not read. Only short bases, so that the result stays small.
  bool apply_power(mpq_class& value) {
    if (!rest_.starts_with('^')) return true;
    const std::optional<long> by = exponent();
    const size_t bits =
        mpz_sizeinbase(value.get_num_mpz_t(), 2) + mpz_sizeinbase(value.get_den_mpz_t(), 2);
    if (!by || bits > 64 || (value == 0 && *by <= 0) || rest_.starts_with('^')) return false;
    value = power_of(value, *by);
    decimals_ = -1;
    return true;
  }

  bool divide(mpq_class& value, int depth) {
    NumberParser inner(rest_);
    inner.skip_space();
    if (!inner.rest_.starts_with('/')) return true;
    inner.rest_.remove_prefix(1);
    inner.skip_space();
    const std::optional<mpq_class> by = inner.primary(depth);
    if (!by) return true;  // "60 km/h": what follows is judged as a unit
    if (*by == 0 || !inner.apply_power_is_absent()) return false;
    value /= *by;
    decimals_ = -1;
    rest_ = inner.rest_;
    return true;
  }

  bool apply_power_is_absent() const { return !rest_.starts_with('^') && !rest_.starts_with('/'); }

  // \times 10^{n} and e-notation.
  bool scale(mpq_class& value) {
    NumberParser inner(rest_);
    inner.skip_space();
    for (const std::string_view sign : {"\\times", "*"}) {
      if (!inner.rest_.starts_with(sign)) continue;
      inner.rest_.remove_prefix(sign.size());
      inner.skip_space();
      if (!inner.rest_.starts_with("10^")) return false;
      inner.rest_.remove_prefix(2);
      return scale_by(value, inner);
    }
    if (rest_.size() > 1 && (rest_[0] == 'e' || rest_[0] == 'E')) {
      const std::string_view after = rest_.substr(rest_[1] == '+' ? 2 : 1);
      if (after.empty() || !(is_digit(after[0]) || after[0] == '-')) return true;
      const std::string text = "^" + std::string(after);
      NumberParser power(text);
      const auto by = power.exponent();
      if (!by) return false;
      rest_ = after.substr(after.size() - power.rest_.size());
      value *= power_of(mpq_class(10), *by);
      decimals_ = -1;
    }
    return true;
  }

  bool scale_by(mpq_class& value, NumberParser& inner) {
    const auto by = inner.exponent();
    if (!by || inner.rest_.starts_with('^')) return false;
    value *= power_of(mpq_class(10), *by);
    decimals_ = -1;
    rest_ = inner.rest_;
    return true;
  }

  std::string_view rest_;
  bool in_bracket_ = false;  // "(1,100)" is a pair
  bool is_money_ = false;
  bool is_integer_literal_ = false;
  int decimals_ = -1;
  int significant_ = 0;
};

// "m/s 2" without its powers.
std::string without_digits(std::string unit) {
  std::erase_if(unit, is_digit);
  return unit;
}

}  // namespace

std::optional<Quantity> parse_quantity(std::string_view canonical) {
  if (canonical.empty() || canonical.size() > kMaxQuantityLength) return std::nullopt;
  if (canonical.starts_with("\\text{") && skip_braces(canonical, 5) == canonical.size())
    canonical = canonical.substr(6, canonical.size() - 7);
  const std::string currency = take_currency(canonical);
  NumberParser parser(canonical);
  const std::optional<mpq_class> value = parser.number();
  if (!value) return std::nullopt;
  Quantity out;
  out.value = *value;
  out.decimals = parser.decimals();
  out.significant = parser.significant();
  std::string_view rest = parser.rest();
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  if (rest.starts_with('%')) {
    out.is_percent = true;
    rest.remove_prefix(1);
  }
  const std::optional<std::string> unit = parse_unit(rest, false);
  if (!unit || !is_unit_phrase(without_digits(*unit))) return std::nullopt;
  out.unit = *unit;
  if (!currency.empty() || parser.is_money()) {
    if (out.is_percent) return std::nullopt;
    const std::string name = currency.empty() ? "dollar" : currency;
    out.unit = name + (out.unit.empty() || out.unit == name ? "" : " " + out.unit);
  }
  if (out.unit == "percent" || out.unit == "pct" || out.unit == "per cent") {
    out.is_percent = true;
    out.unit.clear();
  }
  return out;
}

}  // namespace laconic
