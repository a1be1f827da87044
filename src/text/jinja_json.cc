// Values as JSON text: Python's json.dumps, member by member.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <stdexcept>

#include "text/jinja_integer.h"
#include "text/jinja_value.h"
#include "text/utf8.h"

namespace laconic::jinja {
namespace {

class Writer {
 public:
  explicit Writer(const JsonStyle& style) : style_(style) {}

  void write(const Value& value, int level) {
    switch (value.kind()) {
      case Value::Kind::kNone:
        out_ += "null";
        return;
      case Value::Kind::kBoolean:
        out_ += value.integer() ? "true" : "false";
        return;
      case Value::Kind::kInteger:
      case Value::Kind::kBig:
        out_ += integer_text(value, 10);
        return;
      case Value::Kind::kReal:
        out_ += number(value.real());
        return;
      case Value::Kind::kString:
        write_string(value.string());
        return;
      case Value::Kind::kList:
      case Value::Kind::kTuple:
        write_list(value.items(), level);
        return;
      case Value::Kind::kDict:
        write_dict(value.pairs(), level);
        return;
      default:
        throw std::invalid_argument(value.kind_name());
    }
  }

  std::string take() { return std::move(out_); }

 private:
  static std::string number(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
    return real_repr(value);
  }

  void put(const std::string& separator) {
    charge(separator.size());
    out_ += separator;
  }

  void write_string(const std::string& text) {
    out_ += '"';
    for (size_t at = 0; at < text.size();) write_character(next_code_point(text, at));
    out_ += '"';
  }

  void write_character(char32_t c) {
    switch (c) {
      case '"':
        out_ += "\\\"";
        return;
      case '\\':
        out_ += "\\\\";
        return;
      case '\n':
        out_ += "\\n";
        return;
      case '\r':
        out_ += "\\r";
        return;
      case '\t':
        out_ += "\\t";
        return;
      case '\f':
        out_ += "\\f";
        return;
      case '\b':
        out_ += "\\b";
        return;
      default:
        break;
    }
    if (c < 0x20 || (style_.ascii && c >= 0x7f && c < 0x10000)) {
      if (c == 0x7f) {
        out_ += '\x7f';
      } else {
        write_escape(c);
      }
    } else if (style_.ascii && c >= 0x10000) {
      write_escape(0xd800 + ((c - 0x10000) >> 10));
      write_escape(0xdc00 + ((c - 0x10000) & 0x3ff));
    } else {
      append_utf8(c, out_);
    }
  }

  void write_escape(char32_t unit) {
    char escape[8];
    std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(unit & 0xffff));
    out_ += escape;
  }

  void new_line(int level) {
    if (style_.indent < 0) return;
    const size_t blanks = static_cast<size_t>(style_.indent) * static_cast<size_t>(level);
    charge(blanks);
    out_ += '\n';
    out_.append(blanks, ' ');
  }

  void write_list(const Values& items, int level) {
    out_ += '[';
    for (size_t i = 0; i < items.size(); ++i) {
      if (i > 0) put(style_.item_separator);
      new_line(level + 1);
      write(items[i], level + 1);
    }
    if (!items.empty()) new_line(level);
    out_ += ']';
  }

  void write_dict(Pairs pairs, int level) {
    if (style_.sort_keys) {
      std::stable_sort(pairs.begin(), pairs.end(),
                       [](const auto& a, const auto& b) { return comes_before(a.first, b.first); });
    }
    out_ += '{';
    for (size_t i = 0; i < pairs.size(); ++i) {
      if (i > 0) put(style_.item_separator);
      new_line(level + 1);
      write_string(key(pairs[i].first));
      put(style_.key_separator);
      write(pairs[i].second, level + 1);
    }
    if (!pairs.empty()) new_line(level);
    out_ += '}';
  }

  // json.dumps sorts the keys as they are, before they become text.
  static bool comes_before(const Value& a, const Value& b) {
    if (a.is_string() && b.is_string()) return a.string() < b.string();
    if (a.is_number() && b.is_number()) return compare_numbers(a, b) == -1;
    throw std::invalid_argument("keys that have no order");
  }

  static std::string key(const Value& value) {
    switch (value.kind()) {
      case Value::Kind::kString:
        return value.string();
      case Value::Kind::kNone:
        return "null";
      case Value::Kind::kBoolean:
        return value.integer() ? "true" : "false";
      case Value::Kind::kInteger:
      case Value::Kind::kBig:
        return integer_text(value, 10);
      case Value::Kind::kReal:
        return number(value.real());
      default:
        throw std::invalid_argument(std::string("a key of type ") + value.kind_name());
    }
  }

  const JsonStyle& style_;
  std::string out_;
};

}  // namespace

std::string to_json_text(const Value& value, const JsonStyle& style) {
  Writer writer(style);
  writer.write(value, 0);
  return writer.take();
}

}  // namespace laconic::jinja
