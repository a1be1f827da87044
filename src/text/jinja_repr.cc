// What template values print as, and when two are equal: Python's str(), repr() and ==.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "base/error.h"
#include "text/jinja_integer.h"
#include "text/jinja_utf8.h"
#include "text/jinja_value.h"
#include "text/utf8.h"

namespace laconic::jinja {
namespace {

char quote_for(std::string_view text) {
  const bool has_single = text.find('\'') != std::string::npos;
  return has_single && text.find('"') == std::string::npos ? '"' : '\'';
}

void append_escape(char32_t c, std::string& out) {
  const char* format = c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x";
  char escape[16] = "";
  std::snprintf(escape, sizeof escape, format, static_cast<unsigned>(c));
  out += escape;
}

// True where `c` has been written in the short way of repr().
bool append_short_escape(char32_t c, char quote, std::string& out) {
  static constexpr std::string_view kPlain = "\\\n\r\t", kNames = "\\nrt";
  if (c >= 0x80) return false;
  const auto known = kPlain.find(static_cast<char>(c));
  if (known == std::string_view::npos && c != static_cast<unsigned char>(quote)) return false;
  out += '\\';
  out += known == std::string_view::npos ? quote : kNames[known];
  return true;
}

std::string string_repr(const std::string& text) {
  const char quote = quote_for(text);
  std::string out(1, quote);
  for (size_t at = 0; at < text.size();) {
    const char32_t c = next_code_point(text, at);
    if (append_short_escape(c, quote, out)) continue;
    if (is_printable(c)) {
      append_utf8(c, out);
    } else {
      append_escape(c, out);
    }
  }
  return out += quote;
}

std::string bytes_repr(const std::string& bytes) {
  const char quote = quote_for(bytes);
  std::string out = std::string("b") + quote;
  for (const char byte : bytes) {
    const auto c = static_cast<unsigned char>(byte);
    if (append_short_escape(c, quote, out)) continue;
    if (c >= 0x20 && c < 0x7f) {
      out += byte;
    } else {
      append_escape(c, out);
    }
  }
  return out += quote;
}

std::string join_reprs(const Values& items) {
  std::string out;
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out += ", ";
    out += items[i].repr();
  }
  return out;
}

std::string view_repr(const Sequence& view) {
  switch (view.form) {
    case Sequence::Form::kRange:
      return cat("range(", view.start, ", ", view.stop, view.step == 1 ? "" : cat(", ", view.step),
                 ")");
    case Sequence::Form::kKeys:
      return "dict_keys([" + join_reprs(view.items) + "])";
    case Sequence::Form::kValues:
      return "dict_values([" + join_reprs(view.items) + "])";
    default:
      return "dict_items([" + join_reprs(view.items) + "])";
  }
}

// A namespace may hold itself, so how deep its text goes is bounded here.
std::string namespace_repr(const Namespace& space) {
  static constexpr int kMaxDepth = 50;
  static thread_local int depth = 0;
  struct Deeper {
    Deeper() { ++depth; }
    ~Deeper() { --depth; }
  } const deeper;
  require(depth <= kMaxDepth, ErrorKind::kData, "template value: expected at most ", kMaxDepth,
          " levels of namespaces to write, got more");
  std::string out = "<Namespace {";
  for (size_t i = 0; i < space.members.size(); ++i) {
    if (i > 0) out += ", ";
    out += string_repr(space.members[i].first) + ": " + space.members[i].second.repr();
    charge(out.size());
  }
  return out + "}>";
}

std::string function_repr(const Function& function) {
  if (function.attributes.empty()) return "<function " + function.name + ">";
  return function.name.empty() ? "<Macro anonymous>" : "<Macro " + string_repr(function.name) + ">";
}

bool equal_sets(const Values& a, const Values& b) {
  if (a.size() != b.size()) return false;
  charge(16 * a.size() * b.size());
  return std::all_of(a.begin(), a.end(), [&](const Value& item) {
    return std::find(b.begin(), b.end(), item) != b.end();
  });
}

bool equal_views(const Value& a, const Value& b) {
  const Sequence& left = a.sequence();
  const Sequence& right = b.sequence();
  if (left.form != right.form) return false;
  if (left.form == Sequence::Form::kRange) return left.items == right.items;
  return left.form != Sequence::Form::kValues ? equal_sets(left.items, right.items)
                                              : &left == &right;
}

bool equal_dicts(const Value& a, const Value& b) {
  if (a.pairs().size() != b.pairs().size()) return false;
  charge(2 * a.pairs().size() * b.pairs().size());
  return std::all_of(a.pairs().begin(), a.pairs().end(), [&](const auto& pair) {
    const Value* other = b.find(pair.first);
    return other && *other == pair.second;
  });
}

}  // namespace

std::string Value::str() const {
  if (is_undefined()) return "";
  return is_string() ? string() : repr();
}

std::string Value::repr() const {
  switch (kind()) {
    case Kind::kUndefined:
      return "Undefined";
    case Kind::kNone:
      return "None";
    case Kind::kBoolean:
      return integer() ? "True" : "False";
    case Kind::kInteger:
    case Kind::kBig:
      return integer_text(*this, 10);
    case Kind::kReal:
      return real_repr(real());
    case Kind::kString:
      return is_markup() ? "Markup(" + string_repr(string()) + ")" : string_repr(string());
    case Kind::kBytes:
      return bytes_repr(bytes());
    case Kind::kList:
      return "[" + join_reprs(items()) + "]";
    case Kind::kTuple:
      return "(" + join_reprs(items()) + (items().size() == 1 ? ",)" : ")");
    case Kind::kView:
      return view_repr(sequence());
    case Kind::kDict: {
      std::string out = "{";
      for (const auto& [key, value] : pairs()) {
        if (out.size() > 1) out += ", ";
        out += key.repr() + ": " + value.repr();
      }
      return out + "}";
    }
    case Kind::kNamespace:
      return namespace_repr(space());
    case Kind::kLoop:
      return cat("<LoopContext ", loop().index0 + 1, "/", loop().items->size(), ">");
    case Kind::kFunction:
      return function_repr(function());
    case Kind::kIterator:
      return std::string("<") + iterator().type + " object>";
    case Kind::kCycler:
      return "<cycler object>";
  }
  return "";
}

bool operator==(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) return compare_numbers(a, b) == 0;
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Value::Kind::kUndefined:
    case Value::Kind::kNone:
      return true;
    case Value::Kind::kString:
      return a.string() == b.string();
    case Value::Kind::kBytes:
      return a.bytes() == b.bytes();
    case Value::Kind::kList:
    case Value::Kind::kTuple:
      return &a.sequence() == &b.sequence() || a.items() == b.items();
    case Value::Kind::kView:
      return equal_views(a, b);
    case Value::Kind::kDict:
      return equal_dicts(a, b);
    case Value::Kind::kNamespace:
      return &a.space() == &b.space();
    case Value::Kind::kLoop:
      return &a.loop() == &b.loop();
    case Value::Kind::kIterator:
      return &a.iterator() == &b.iterator();
    case Value::Kind::kCycler:
      return &a.cycler() == &b.cycler();
    default:
      return &a.function() == &b.function();
  }
}

std::string real_repr(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char text[64];
  const auto shortest =
      std::to_chars(text, text + sizeof text, value, std::chars_format::scientific);
  const std::string_view digits(text, static_cast<size_t>(shortest.ptr - text));
  const size_t mark = digits.find('e');
  int exponent = 0;
  const char* start = digits.data() + mark + 1;
  std::from_chars(*start == '+' ? start + 1 : start, shortest.ptr, exponent);
  if (exponent < -4 || exponent >= 16) return std::string(digits);
  const auto plain = std::to_chars(text, text + sizeof text, value, std::chars_format::fixed);
  std::string out(text, plain.ptr);
  return out.find('.') == std::string::npos ? out + ".0" : out;
}

}  // namespace laconic::jinja
