// SPDX-License-Identifier: Apache-2.0
#include "text/jinja_number_format.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdio>

#include "base/error.h"
#include "base/format.h"
#include "text/jinja_integer.h"
#include "text/jinja_methods.h"
#include "text/jinja_utf8.h"
#include "text/utf8.h"

namespace laconic::jinja {
namespace {

std::string upper_ascii(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  });
  return text;
}

std::string whole_digits(const Value& value, const NumberStyle& style) {
  const char low = static_cast<char>(style.type | 0x20);
  const int base = low == 'x' ? 16 : low == 'o' ? 8 : low == 'b' ? 2 : 10;
  std::string digits = integer_text(value, base);
  if (digits.starts_with('-')) digits.erase(0, 1);
  if (style.precision > static_cast<int>(digits.size()))
    digits.insert(0, static_cast<size_t>(style.precision) - digits.size(), '0');
  if (style.type == 'X') digits = upper_ascii(digits);
  if (style.alternate && base != 10) digits = std::string("0") + style.type + digits;
  return digits;
}

std::string real_digits(double value, const NumberStyle& style) {
  const bool is_percent = style.type == '%';
  const double size = std::fabs(is_percent ? value * 100 : value);
  const bool is_upper = style.type >= 'A' && style.type <= 'Z';
  if (!std::isfinite(size)) {
    const std::string word = std::isnan(size) ? "nan" : "inf";
    return (is_upper ? upper_ascii(word) : word) + (is_percent ? "%" : "");
  }
  const char type = is_percent ? 'f' : style.type;
  const std::string pattern = cat("%", style.alternate ? "#" : "", ".*", type);
  const int precision = style.precision < 0 ? 6 : style.precision;
  const int length = std::snprintf(nullptr, 0, pattern.c_str(), precision, size);
  LACONIC_CHECK(length > 0, "a number of length ", length);
  std::string out(static_cast<size_t>(length) + 1, '\0');
  std::snprintf(out.data(), out.size(), pattern.c_str(), precision, size);
  out.pop_back();
  return is_percent ? out + "%" : out;
}

std::string grouped(const std::string& digits, const NumberStyle& style) {
  size_t whole = 0;
  while (whole < digits.size() && std::isxdigit(static_cast<unsigned char>(digits[whole]))) ++whole;
  const size_t each = style.type == 'd' || style.grouping == ',' || whole < digits.size() ? 3 : 4;
  std::string out;
  for (size_t i = 0; i < whole; ++i) {
    if (i > 0 && (whole - i) % each == 0) out += style.grouping;
    out += digits[i];
  }
  return out + digits.substr(whole);
}

// [[fill]align][sign][#][0][width][grouping][.precision][type]
struct Spec {
  std::string fill = " ";
  char align = 0, sign = '-', grouping = 0, type = 0;
  bool alternate = false;
  int width = 0, precision = -1;
};

class SpecReader {
 public:
  SpecReader(Run& run, const std::string& text) : run_(run), text_(text) {}

  Spec read() {
    Spec spec;
    read_alignment(spec);
    if (is_one_of("+- ")) spec.sign = text_[at_++];
    if (is_one_of("#")) {
      spec.alternate = true;
      ++at_;
    }
    if (is_one_of("0")) {
      ++at_;
      if (!spec.align) {
        spec.fill = "0";
        spec.align = '0';  // "=" for numbers
      }
    }
    spec.width = number(kMaxFormatWidth);
    if (is_one_of(",_")) spec.grouping = text_[at_++];
    if (is_one_of(".")) {
      ++at_;
      if (at_ >= text_.size() || !is_digit(text_[at_]))
        run_.fail("format: expected a precision behind \".\", got none");
      spec.precision = number(kMaxPrecision);
    }
    if (at_ < text_.size()) spec.type = text_[at_++];
    if (at_ < text_.size())
      run_.fail(cat("format: expected a format specification, got \"", text_, "\""));
    return spec;
  }

 private:
  bool is_one_of(std::string_view set) const {
    return at_ < text_.size() && set.find(text_[at_]) != std::string_view::npos;
  }
  static bool is_alignment(char c) { return c == '<' || c == '>' || c == '=' || c == '^'; }

  void read_alignment(Spec& spec) {
    if (text_.empty()) return;
    size_t behind = 0;
    next_code_point(text_, behind);
    if (behind < text_.size() && is_alignment(text_[behind])) {
      spec.fill = text_.substr(0, behind);
      spec.align = text_[behind];
      at_ = behind + 1;
    } else if (is_alignment(text_[0])) {
      spec.align = text_[at_++];
    }
  }

  int number(int limit) {
    int value = 0;
    for (; at_ < text_.size() && is_digit(text_[at_]); ++at_) {
      value = value * 10 + (text_[at_] - '0');
      if (value > limit)
        run_.fail(cat("format: expected a number of at most ", limit, ", got more"));
    }
    return value;
  }

  Run& run_;
  const std::string& text_;
  size_t at_ = 0;
};

std::string aligned(const std::string& sign, const std::string& body, const Spec& spec,
                    char otherwise) {
  const char align = spec.align ? spec.align : otherwise;
  const auto width = static_cast<size_t>(spec.width);
  if (align == '=')
    return sign + padded(body, width - std::min(width, sign.size()), Side::kRight, spec.fill);
  if (align != '^')
    return padded(sign + body, width, align == '<' ? Side::kLeft : Side::kRight, spec.fill);
  const size_t size = count_code_points(sign + body);
  const size_t left = width > size ? (width - size) / 2 : 0;
  return padded(padded(sign + body, size + left, Side::kRight, spec.fill), width, Side::kLeft,
                spec.fill);
}

// A float without a type: as repr() writes it, or by the precision with a point in any case.
std::string general_digits(Run& run, const Value& value, const Spec& spec) {
  if (spec.precision < 0) {
    const std::string text = real_repr(std::fabs(value.real()));
    return text;
  }
  const int precision = std::max(spec.precision, 1);
  std::string text = number_digits(run, value, {'g', spec.alternate, precision, 0});
  if (text.find_first_not_of("0123456789") != std::string::npos) return text;
  if (static_cast<int>(text.size()) < precision) return text + ".0";
  text = number_digits(run, value, {'e', spec.alternate, precision - 1, 0});
  const size_t mark = text.find('e');
  size_t end = mark;
  if (text.find('.') < mark)
    while (text[end - 1] == '0' || text[end - 1] == '.') --end;
  return text.erase(end, mark - end);
}

std::string format_number(Run& run, const Value& value, Spec spec) {
  if (spec.align == '0') spec.align = '=';
  if (spec.type == 'c') {
    if (!value.is_integral() || value.is_big() || value.integer() < 0 ||
        value.integer() > 0x10ffff || (value.integer() >= 0xd800 && value.integer() < 0xe000))
      run.fail("format: expected the number of a character, got another");
    std::string text;
    append_utf8(static_cast<char32_t>(value.integer()), text);
    return aligned("", text, spec, '<');
  }
  const bool is_whole_type = std::string_view("bdoxX").find(spec.type) != std::string_view::npos;
  const bool is_real_type = std::string_view("eEfFgG%").find(spec.type) != std::string_view::npos;
  if (spec.type && !is_real_type && !(is_whole_type && value.is_integral()))
    run.fail(cat("format: expected a type of ", value.kind_name(), ", got \"", spec.type, "\""));
  std::string digits;
  if (value.is_integral() && !is_real_type) {
    if (spec.precision >= 0) run.fail("format: expected no precision for an integer, got one");
    digits =
        number_digits(run, value, {spec.type ? spec.type : 'd', spec.alternate, -1, spec.grouping});
  } else if (!spec.type) {
    digits = general_digits(run, value, spec);
    if (spec.grouping) digits = grouped(digits, {'d', false, -1, spec.grouping});
  } else {
    digits = number_digits(run, value, {spec.type, spec.alternate, spec.precision, spec.grouping});
  }
  if (spec.grouping && spec.align == '=' && spec.fill == "0") {  // zeros are grouped too
    std::string plain = digits;
    std::erase(plain, spec.grouping);
    const NumberStyle style{spec.type ? spec.type : 'd', spec.alternate, -1, spec.grouping};
    run.spend_bytes(static_cast<size_t>(spec.width) *
                    static_cast<size_t>(std::min(spec.width, 100)));
    if (spec.width > 1000)
      run.fail("format: expected a width of at most 1000 with groups, got more");
    while (digits.size() + (is_negative(value) || spec.sign != '-' ? 1 : 0) <
           static_cast<size_t>(spec.width)) {
      plain.insert(0, 1, '0');
      digits = grouped(plain, style);
    }
  }
  const std::string sign = is_negative(value) ? "-"
                           : spec.sign == '-' ? ""
                                              : std::string(1, spec.sign);
  return aligned(sign, digits, spec, '>');
}

}  // namespace

bool is_negative(const Value& number) {
  if (!number.is_integral()) return std::signbit(number.real()) && !std::isnan(number.real());
  return compare_numbers(number, Value(int64_t{0})) < 0;
}

std::string number_digits(Run& run, const Value& value, const NumberStyle& style) {
  run.spend(value.weight() * value.weight() / 64 + 4);
  const bool is_whole = std::string_view("dxXob").find(style.type) != std::string_view::npos;
  if (!is_whole) run.spend(static_cast<size_t>(std::max(style.precision, 0)) + 64);
  if (!is_whole && value.is_big() && std::isinf(value.real()))
    run.fail("expected an integer that a float can hold, got a larger one");
  const std::string digits =
      is_whole ? whole_digits(value, style) : real_digits(value.real(), style);
  return style.grouping ? grouped(digits, style) : digits;
}

std::string format_value(Run& run, const Value& value, const std::string& text) {
  run.spend(value.weight());
  if (text.empty()) return value.str();
  Spec spec = SpecReader(run, text).read();
  run.spend_bytes(static_cast<size_t>(spec.width));
  if (value.is_number()) return format_number(run, value, spec);
  if (!value.is_string())
    run.fail(cat("format: expected a string or a number for a format, got ", value.kind_name()));
  if ((spec.type && spec.type != 's') || spec.align == '=' || spec.grouping || spec.alternate ||
      spec.sign != '-')
    run.fail("format: expected a format of strings, got one of numbers");
  if (spec.align == '0') spec.align = '<';
  const std::string_view cut =
      spec.precision < 0 ? std::string_view(value.string())
                         : first_characters(value.string(), static_cast<size_t>(spec.precision));
  return aligned("", std::string(cut), spec, '<');
}

}  // namespace laconic::jinja
