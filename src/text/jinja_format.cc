// Python's printf-style formatting, as the `%` operator and the filter `format` have it.
// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "base/error.h"
#include "base/format.h"
#include "text/jinja_eval.h"
#include "text/jinja_filters.h"
#include "text/jinja_integer.h"
#include "text/jinja_number_format.h"
#include "text/jinja_utf8.h"
#include "text/utf8.h"

namespace laconic::jinja {
namespace {

struct Directive {
  std::string name;  // of %(name)s
  bool has_name = false;
  bool left = false, zero = false, blank = false, plus = false, alternate = false;
  int width = 0, precision = -1;
  char type = 0;
};

class Formatter {
 public:
  Formatter(Run& run, const Value& format, const Value& values)
      : run_(run), format_(format.string()), is_markup_(format.is_markup()), values_(values) {}

  std::string text() {
    for (size_t i = 0; i < format_.size(); ++i) {
      if (format_[i] != '%') {
        out_ += format_[i];
        continue;
      }
      const Directive directive = read(++i);
      if (directive.type == '%') {
        out_ += '%';
      } else {
        out_ += written(directive);
      }
      run_.spend_bytes(static_cast<size_t>(directive.width) + 16);
    }
    const bool is_short = values_.kind() == Value::Kind::kTuple ? used_ < values_.items().size()
                                                                : used_ == 0 && !takes_no_value();
    if (is_short) run_.fail("expected a directive of the format for each value, got fewer");
    run_.spend_bytes(out_.size());
    return out_;
  }

 private:
  // What Python does not mind being left over.
  bool takes_no_value() const {
    return values_.is_dict() || values_.kind() == Value::Kind::kList || values_.is_range() ||
           values_.is_undefined() || values_.kind() == Value::Kind::kBytes;
  }

  // Leaves `i` at the directive's type.
  Directive read(size_t& i) {
    Directive directive;
    const auto at = [&] { return i < format_.size() ? format_[i] : '\0'; };
    if (at() == '(') {
      const size_t end = std::min(format_.find(')', i), format_.size());
      directive.name = format_.substr(i + 1, end - i - 1);
      directive.has_name = true;
      i = end + 1;
    }
    for (bool more = true; more; i += more ? 1 : 0) {
      switch (at()) {
        case '-':
          directive.left = true;
          break;
        case '0':
          directive.zero = true;
          break;
        case ' ':
          directive.blank = true;
          break;
        case '+':
          directive.plus = true;
          break;
        case '#':
          directive.alternate = true;
          break;
        default:
          more = false;
      }
    }
    directive.width = number(i, kMaxFormatWidth, &directive.left);
    if (at() == '.') directive.precision = number(++i, kMaxPrecision, nullptr);
    if (at() == 'l' || at() == 'h' || at() == 'L') ++i;
    directive.type = at();
    return directive;
  }

  // Digits, or "*" for the next value; one below 0 stands for the flag "-".
  int number(size_t& i, int limit, bool* is_left) {
    int64_t value = 0;
    if (i < format_.size() && format_[i] == '*') {
      ++i;
      const Value given = next(Directive{});
      if (!given.is_integral() || given.is_big())
        run_.fail(cat("expected a whole number for \"*\", got ", given.kind_name()));
      value = given.integer();
      if (value < 0 && is_left) *is_left = true;
      value = value < 0 ? (is_left ? -std::max<int64_t>(value, -limit - 1) : 0) : value;
    }
    for (; i < format_.size() && is_digit(format_[i]) && value <= limit; ++i)
      value = value * 10 + (format_[i] - '0');
    if (value > limit) run_.fail(cat("expected a width of at most ", limit, ", got more"));
    return static_cast<int>(value);
  }

  Value next(const Directive& directive) {
    if (directive.has_name) {
      if (!values_.is_dict())
        run_.fail(cat("expected a dict for %(name), got ", values_.kind_name()));
      run_.spend(values_.pairs().size() / 8);
      if (const Value* value = values_.find(Value(directive.name))) return *value;
      run_.fail(cat("expected a value \"", directive.name, "\", got none"));
    }
    const bool is_tuple = values_.kind() == Value::Kind::kTuple;
    if (used_ >= (is_tuple ? values_.items().size() : 1))
      run_.fail("expected a value for each directive of the format, got fewer");
    const size_t index = used_++;
    return is_tuple ? values_.items()[index] : values_;
  }

  std::string written(const Directive& directive) {
    static constexpr std::string_view kTypes = "sracdiufFeEgGxXo";
    if (!directive.type || kTypes.find(directive.type) == std::string_view::npos)
      run_.fail(cat("expected a directive of s r a c d i f e g x o behind \"%\", got \"",
                    directive.type ? std::string(1, directive.type) : "nothing", "\""));
    const Value value = next(directive);
    if (std::string_view("sra").find(directive.type) != std::string_view::npos)
      return text_of(value, directive);
    if (directive.type == 'c') return character_of(value, directive);
    if (!value.is_number())
      run_.fail(cat("expected a number for \"%", std::string(1, directive.type), "\", got ",
                    value.kind_name()));
    return number_of(value, directive);
  }

  std::string text_of(const Value& value, const Directive& directive) {
    run_.spend(value.weight() * 2);
    std::string text = directive.type == 's'   ? value.str()
                       : directive.type == 'r' ? value.repr()
                                               : ascii_repr(value).string();
    if (is_markup_ && !(directive.type == 's' && value.is_markup())) text = escape_html(text);
    if (directive.precision >= 0)
      text = first_characters(text, static_cast<size_t>(directive.precision));
    return in_width(text, directive);
  }

  std::string character_of(const Value& value, const Directive& directive) {
    std::string text;
    if (value.is_string() && count_code_points(value.string()) == 1) {
      text = value.string();
    } else if (value.is_integral() && !value.is_big() && value.integer() >= 0 &&
               value.integer() < 0x110000 &&
               (value.integer() < 0xd800 || value.integer() > 0xdfff)) {
      append_utf8(static_cast<char32_t>(value.integer()), text);
    } else {
      run_.fail("expected one character for \"%c\", got something else");
    }
    return in_width(text, directive);
  }

  std::string number_of(const Value& value, const Directive& directive) {
    const bool is_decimal = std::string_view("diu").find(directive.type) != std::string_view::npos;
    const bool is_whole =
        is_decimal || std::string_view("xXo").find(directive.type) != std::string_view::npos;
    Value number = value;
    if (is_whole && !value.is_integral()) {
      const auto whole = is_decimal ? real_to_integer(value.real()) : std::nullopt;
      if (!whole) run_.fail("expected a whole number for this directive, got another");
      number = *whole;
    }
    const char type = is_decimal ? 'd' : directive.type;
    std::string digits =
        number_digits(run_, number, {type, directive.alternate, directive.precision, 0});
    const std::string sign = is_negative(number) ? "-"
                             : directive.plus    ? "+"
                             : directive.blank   ? " "
                                                 : "";
    if (directive.zero && !directive.left) {
      const auto width = static_cast<size_t>(directive.width);
      const std::string mark =
          digits.starts_with("0x") || digits.starts_with("0X") || digits.starts_with("0o")
              ? digits.substr(0, 2)
              : "";
      digits = mark + padded(std::string_view(digits).substr(mark.size()),
                             width - std::min(width, sign.size() + mark.size()), Side::kRight, "0");
    }
    return in_width(sign + digits, directive);
  }

  static std::string in_width(const std::string& text, const Directive& directive) {
    return padded(text, static_cast<size_t>(directive.width),
                  directive.left ? Side::kLeft : Side::kRight);
  }

  Run& run_;
  const std::string& format_;
  const bool is_markup_;
  const Value& values_;
  size_t used_ = 0;
  std::string out_;
};

}  // namespace

Value format_percent(Run& run, const Value& format, const Value& values) {
  return Text{Formatter(run, format, values).text(), format.is_markup()};
}

Value ascii_repr(const Value& value) {
  std::string out;
  for (const char32_t c : code_points(value.repr())) {
    char escape[16] = "";
    if (c < 0x80) {
      out += static_cast<char>(c);
      continue;
    }
    std::snprintf(escape, sizeof escape,
                  c < 0x100     ? "\\x%02x"
                  : c < 0x10000 ? "\\u%04x"
                                : "\\U%08x",
                  static_cast<unsigned>(c));
    out += escape;
  }
  return out;
}

}  // namespace laconic::jinja
