// Python's printf-style formatting, as the `%` operator and the filter `format` have it.
// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <cstdio>

#include "base/error.h"
#include "text/jinja_eval.h"
#include "text/jinja_utf8.h"

namespace laconic::jinja {
namespace {

constexpr int kMaxWidth = 1000;

struct Directive {
  std::string name;   // of %(name)s
  std::string flags;  // - 0 + blank
  int width = 0, precision = -1;
  char type = 0;
};

class Formatter {
 public:
  Formatter(Run& run, const std::string& format, const Value& values)
      : run_(run), format_(format), values_(values) {}

  std::string text() {
    for (size_t i = 0; i < format_.size(); ++i) {
      if (format_[i] != '%') {
        out_ += format_[i];
      } else if (i + 1 < format_.size() && format_[i + 1] == '%') {
        out_ += format_[++i];
      } else {
        const Directive directive = read(++i);
        out_ += written(directive);
      }
    }
    const bool is_short = values_.kind() == Value::Kind::kTuple ? used_ < values_.items().size()
                                                                : used_ == 0 && !values_.is_dict();
    if (is_short) run_.fail("expected a value for each directive of the format, got more");
    run_.spend_bytes(out_.size());
    return out_;
  }

 private:
  // Leaves `i` at the directive's type.
  Directive read(size_t& i) {
    Directive directive;
    const auto at = [&] { return i < format_.size() ? format_[i] : '\0'; };
    if (at() == '(') {
      const size_t end = std::min(format_.find(')', i), format_.size());
      directive.name = format_.substr(i + 1, end - i - 1);
      i = end + 1;
    }
    for (; at() && std::string_view("-0+ ").find(at()) != std::string_view::npos; ++i)
      directive.flags += at();
    directive.width = number(i);
    if (at() == '.') directive.precision = number(++i);
    directive.type = at();
    return directive;
  }

  int number(size_t& i) {
    int value = 0;
    for (; i < format_.size() && format_[i] >= '0' && format_[i] <= '9'; ++i) {
      value = value * 10 + (format_[i] - '0');
      if (value > kMaxWidth)
        run_.fail(cat("expected a width of at most ", kMaxWidth, ", got more"));
    }
    return value;
  }

  Value next(const Directive& directive) {
    if (!directive.name.empty()) return run_.item(values_, Value(directive.name));
    const bool is_tuple = values_.kind() == Value::Kind::kTuple;
    if (used_ >= (is_tuple ? values_.items().size() : 1))
      run_.fail("expected a value for each directive of the format, got fewer");
    const size_t index = used_++;
    return is_tuple ? values_.items()[index] : values_;
  }

  std::string written(const Directive& directive) {
    if (!directive.type ||
        std::string_view("srdiufFeEgGxXo").find(directive.type) == std::string_view::npos)
      run_.fail(cat("expected a directive of s r d i f e g x o behind \"%\", got \"",
                    directive.type ? std::string(1, directive.type) : "nothing", "\""));
    const Value value = next(directive);
    if (directive.type == 's' || directive.type == 'r') {
      run_.spend(value.weight());
      const std::string text = directive.type == 's' ? value.str() : value.repr();
      const auto pieces = characters(text);
      std::string cut;
      for (size_t k = 0; k < pieces.size(); ++k)
        if (directive.precision < 0 || k < static_cast<size_t>(directive.precision))
          cut += pieces[k];
      return padded(cut, directive);
    }
    if (!value.is_number())
      run_.fail(cat("expected a number for \"%", std::string(1, directive.type), "\", got ",
                    value.kind_name()));
    const bool is_whole = std::string_view("diuxXo").find(directive.type) != std::string_view::npos;
    std::string pattern = "%" + directive.flags + (directive.width ? cat(directive.width) : "");
    if (directive.precision >= 0) pattern += cat(".", directive.precision);
    std::array<char, 2 * kMaxWidth + 400> text{};
    int size = 0;
    if (is_whole) {
      const double real = value.is_integral() ? 0 : std::trunc(value.real());
      if (!(std::abs(real) < 9e18)) run_.fail("expected a number that fits 64 bits, got another");
      const int64_t whole = value.is_integral() ? value.integer() : static_cast<int64_t>(real);
      const bool is_signed =
          directive.type == 'd' || directive.type == 'i' || directive.type == 'u';
      if (!is_signed && whole < 0) run_.fail("expected a number >= 0 for this directive");
      pattern += cat("ll", is_signed ? 'd' : directive.type);
      size =
          std::snprintf(text.data(), text.size(), pattern.c_str(), static_cast<long long>(whole));
    } else {
      pattern += directive.type;
      size = std::snprintf(text.data(), text.size(), pattern.c_str(), value.real());
    }
    LACONIC_CHECK(size >= 0 && static_cast<size_t>(size) < text.size(), "format of ", size);
    return std::string(text.data(), static_cast<size_t>(size));
  }

  static std::string padded(const std::string& text, const Directive& directive) {
    const auto size = static_cast<int>(count_code_points(text));
    const std::string blanks(static_cast<size_t>(std::max(directive.width - size, 0)), ' ');
    return directive.flags.find('-') != std::string::npos ? text + blanks : blanks + text;
  }

  Run& run_;
  const std::string& format_;
  const Value& values_;
  size_t used_ = 0;
  std::string out_;
};

}  // namespace

Value format_percent(Run& run, const std::string& format, const Value& values) {
  return Formatter(run, format, values).text();
}

}  // namespace laconic::jinja
