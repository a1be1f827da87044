// Python's str.format: replacement fields and the format specification of strings and numbers.
//
// As in jinja2's sandbox, attributes and items go through the sandbox's own rules. Not here: the
// types n and c's flags, alternate forms of reals.
// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "base/error.h"
#include "base/format.h"
#include "text/jinja_filters.h"
#include "text/jinja_methods.h"
#include "text/jinja_utf8.h"

namespace laconic::jinja {
namespace {

class Formatter {
 public:
  Formatter(Run& run, const Value& format, Arguments arguments)
      : run_(run), is_markup_(format.is_markup()), arguments_(std::move(arguments)) {}

  std::string text(std::string_view format, int depth) {
    if (depth < 0) run_.fail("format: expected at most two levels of braces, got more");
    std::string out;
    for (size_t at = 0; at < format.size(); ++at) {
      const char c = format[at];
      const bool is_doubled = at + 1 < format.size() && format[at + 1] == c;
      if ((c == '{' || c == '}') && is_doubled) {
        out += format[at++];
      } else if (c == '{') {
        out += field(inner(format, at), depth);
      } else if (c == '}') {
        run_.fail("format: expected \"{\" in front of \"}\", got none");
      } else {
        out += c;
      }
    }
    run_.spend_bytes(out.size());
    return out;
  }

 private:
  // What stands between the brace at `at` and its partner, on which `at` is left.
  std::string_view inner(std::string_view format, size_t& at) const {
    const size_t start = at + 1;
    int open = 1;
    while (++at < format.size()) {
      open += format[at] == '{' ? 1 : format[at] == '}' ? -1 : 0;
      if (open == 0) return format.substr(start, at - start);
    }
    run_.fail("format: expected \"}\", got the text's end");
  }

  std::string field(std::string_view body, int depth) {
    size_t end = 0;
    while (end < body.size() && body[end] != '!' && body[end] != ':') {
      if (body[end] == '[') end = std::min(body.find(']', end), body.size() - 1);
      ++end;
    }
    Value value = look_up(body.substr(0, end));
    body.remove_prefix(end);
    if (body.starts_with('!')) {
      const char conversion = body.size() > 1 ? body[1] : ' ';
      if (body.size() > 2 && body[2] != ':')
        run_.fail("format: expected \":\" behind !s, !r or !a");
      run_.spend(value.weight());
      if (conversion == 's') {
        value = value.is_markup() ? value : Value(value.str());
      } else if (conversion == 'r') {
        value = value.repr();
      } else if (conversion == 'a') {
        value = ascii_repr(value);
      } else {
        run_.fail("format: expected !s, !r or !a, got another conversion");
      }
      body.remove_prefix(2);
    }
    const std::string spec = body.empty() ? "" : text(body.substr(1), depth - 1);
    if (is_markup_ && value.is_markup()) return value.string();
    const std::string out = format_value(run_, value, spec);
    return is_markup_ ? escape_html(out) : out;
  }

  Value look_up(std::string_view path) {
    const size_t end = std::min(path.find_first_of(".["), path.size());
    Value value = first(path.substr(0, end));
    path.remove_prefix(end);
    while (!path.empty()) {
      const bool is_item = path[0] == '[';
      path.remove_prefix(1);
      const size_t stop =
          std::min(is_item ? path.find(']') : path.find_first_of(".["), path.size());
      const std::string name(path.substr(0, stop));
      if (name.empty() || (is_item && stop == path.size()))
        run_.fail("format: expected a name in the field, got none");
      value = is_item ? run_.item(value, key_of(name)) : run_.attribute(value, name);
      path.remove_prefix(stop + (is_item ? 1 : 0));
    }
    return value;
  }

  static Value key_of(const std::string& name) {
    const bool is_number =
        name.size() < 10 && name.find_first_not_of("0123456789") == std::string::npos;
    return is_number ? Value(int64_t{std::stol(name)}) : Value(name);
  }

  Value first(std::string_view name) {
    const bool is_number = name.find_first_not_of("0123456789") == std::string_view::npos;
    if (!is_number) {
      for (const auto& [key, value] : arguments_.named) {
        if (key == name) return value;
      }
      run_.fail(cat("format: expected an argument \"", name, "\", got none"));
    }
    const bool is_automatic = name.empty();
    if (used_numbers_ && used_numbers_ != (is_automatic ? 'a' : 'm'))
      run_.fail("format: expected either numbered or automatic fields, got both");
    used_numbers_ = is_automatic ? 'a' : 'm';
    const size_t index = is_automatic      ? next_++
                         : name.size() < 9 ? std::stoul(std::string(name))
                                           : SIZE_MAX;
    if (index >= arguments_.positional.size())
      run_.fail("format: expected an argument for each field, got fewer");
    return arguments_.positional[index];
  }

  Run& run_;
  const bool is_markup_;
  const Arguments arguments_;
  size_t next_ = 0;
  char used_numbers_ = 0;
};

}  // namespace

Value format_braces(Run& run, const Value& format, Arguments arguments) {
  std::string text = Formatter(run, format, std::move(arguments)).text(format.string(), 2);
  return Text{std::move(text), format.is_markup()};
}

}  // namespace laconic::jinja
