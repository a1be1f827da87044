// SPDX-License-Identifier: Apache-2.0
#include "text/jinja_value.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <stdexcept>

#include "base/error.h"
#include "base/json.h"
#include "text/jinja_utf8.h"
#include "text/utf8.h"

namespace laconic::jinja {
namespace {

std::string string_repr(const std::string& text) {
  const bool has_single = text.find('\'') != std::string::npos;
  const bool has_double = text.find('"') != std::string::npos;
  const char quote = has_single && !has_double ? '"' : '\'';
  std::string out(1, quote);
  for (const char32_t c : code_points(text)) {
    char escape[16] = "";
    if (c == static_cast<unsigned char>(quote) || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (is_printable(c)) {
      append_utf8(c, out);
    } else {
      const char* format = c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x";
      std::snprintf(escape, sizeof escape, format, static_cast<unsigned>(c));
      out += escape;
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

void check_extent(int depth, size_t weight) {
  require(depth <= Value::kMaxDepth, ErrorKind::kData, "template value: expected at most ",
          Value::kMaxDepth, " levels of nesting, got more");
  require(weight <= Value::kMaxWeight, ErrorKind::kData, "template value: expected at most ",
          Value::kMaxWeight, " items in all, got more");
}

Sequence checked_sequence(Values items) {
  Sequence sequence;
  for (const Value& item : items) {
    sequence.depth = std::max(sequence.depth, item.depth() + 1);
    sequence.weight += item.weight();
  }
  check_extent(sequence.depth, sequence.weight);
  sequence.items = std::move(items);
  return sequence;
}

Dict checked_dict(Dict dict) {
  for (const auto& [key, value] : dict.pairs) {
    dict.depth = std::max({dict.depth, key.depth() + 1, value.depth() + 1});
    dict.weight += key.weight() + value.weight();
  }
  check_extent(dict.depth, dict.weight);
  return dict;
}

}  // namespace

Value Value::undefined(std::string name) {
  Value value;
  value.data_ = Undefined{std::make_shared<const std::string>(std::move(name))};
  return value;
}

Value Value::list(Values items) {
  Value value;
  value.data_ = ListPointer{std::make_shared<const Sequence>(checked_sequence(std::move(items)))};
  return value;
}

Value Value::tuple(Values items) {
  Value value;
  value.data_ = TuplePointer{std::make_shared<const Sequence>(checked_sequence(std::move(items)))};
  return value;
}

Value Value::dict(Pairs items) {
  Dict dict;
  dict.pairs.reserve(items.size());
  for (auto& [key, value] : items) {
    const auto same = [&key = key](const auto& pair) { return pair.first == key; };
    const auto place = std::find_if(dict.pairs.begin(), dict.pairs.end(), same);
    if (place == dict.pairs.end()) {
      dict.pairs.emplace_back(std::move(key), std::move(value));
    } else {
      place->second = std::move(value);
    }
  }
  Value value;
  value.data_ = std::make_shared<const Dict>(checked_dict(std::move(dict)));
  return value;
}

Value Value::from_json(const Json& json) {
  switch (json.kind()) {
    case Json::Kind::kNull:
      return None{};
    case Json::Kind::kBoolean:
      return json.as_boolean("");
    case Json::Kind::kInteger:
      return json.as_integer("");
    case Json::Kind::kReal:
      return json.as_number("");
    case Json::Kind::kString:
      return json.as_string("");
    case Json::Kind::kArray: {
      Values items;
      for (const Json& item : json.as_array("")) items.push_back(from_json(item));
      return list(std::move(items));
    }
    case Json::Kind::kObject:
      break;
  }
  Dict dict;  // a Json object has no repeated key: no need to look for one
  for (const auto& [key, member] : json.as_object("")) {
    dict.pairs.emplace_back(Value(key), from_json(member));
  }
  Value value;
  value.data_ = std::make_shared<const Dict>(checked_dict(std::move(dict)));
  return value;
}

int64_t Value::integer() const {
  if (const bool* flag = std::get_if<bool>(&data_)) return *flag ? 1 : 0;
  return std::get<int64_t>(data_);
}

double Value::real() const {
  if (const double* number = std::get_if<double>(&data_)) return *number;
  return static_cast<double>(integer());
}

const Values& Value::items() const {
  if (const auto* list = std::get_if<ListPointer>(&data_)) return list->sequence->items;
  return std::get<TuplePointer>(data_).sequence->items;
}

const Pairs& Value::pairs() const { return std::get<DictPointer>(data_)->pairs; }

const Value* Value::find(const Value& key) const {
  for (const auto& [name, value] : pairs()) {
    if (name == key) return &value;
  }
  return nullptr;
}

int Value::depth() const {
  if (const auto* list = std::get_if<ListPointer>(&data_)) return list->sequence->depth;
  if (const auto* tuple = std::get_if<TuplePointer>(&data_)) return tuple->sequence->depth;
  if (const auto* dict = std::get_if<DictPointer>(&data_)) return (*dict)->depth;
  return 0;
}

size_t Value::weight() const {
  if (is_string()) return string().size() / 16 + 1;
  if (const auto* list = std::get_if<ListPointer>(&data_)) return list->sequence->weight;
  if (const auto* tuple = std::get_if<TuplePointer>(&data_)) return tuple->sequence->weight;
  if (const auto* dict = std::get_if<DictPointer>(&data_)) return (*dict)->weight;
  return 1;
}

bool Value::truthy() const {
  switch (kind()) {
    case Kind::kUndefined:
    case Kind::kNone:
      return false;
    case Kind::kBoolean:
    case Kind::kInteger:
      return integer() != 0;
    case Kind::kReal:
      return real() != 0;
    case Kind::kString:
      return !string().empty();
    case Kind::kList:
    case Kind::kTuple:
      return !items().empty();
    case Kind::kDict:
      return !pairs().empty();
    default:
      return true;
  }
}

const char* Value::kind_name() const {
  static constexpr const char* kNames[] = {"undefined", "None",      "bool", "int",
                                           "float",     "str",       "list", "tuple",
                                           "dict",      "namespace", "loop", "function"};
  return kNames[data_.index()];
}

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
      return std::to_string(integer());
    case Kind::kReal:
      return real_repr(real());
    case Kind::kString:
      return string_repr(string());
    case Kind::kList:
      return "[" + join_reprs(items()) + "]";
    case Kind::kTuple:
      return "(" + join_reprs(items()) + (items().size() == 1 ? ",)" : ")");
    case Kind::kDict: {
      std::string out = "{";
      for (const auto& [key, value] : pairs()) {
        if (out.size() > 1) out += ", ";
        out += key.repr() + ": " + value.repr();
      }
      return out + "}";
    }
    default:
      return std::string("<") + kind_name() + ">";
  }
}

bool operator==(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) {
    if (a.is_integral() && b.is_integral()) return a.integer() == b.integer();
    return a.real() == b.real();
  }
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Value::Kind::kUndefined:
    case Value::Kind::kNone:
      return true;
    case Value::Kind::kString:
      return a.string() == b.string();
    case Value::Kind::kList:
    case Value::Kind::kTuple:
      return a.items() == b.items();
    case Value::Kind::kDict: {
      if (a.pairs().size() != b.pairs().size()) return false;
      return std::all_of(a.pairs().begin(), a.pairs().end(), [&](const auto& pair) {
        const Value* other = b.find(pair.first);
        return other && *other == pair.second;
      });
    }
    case Value::Kind::kNamespace:
      return &a.space() == &b.space();
    case Value::Kind::kLoop:
      return &a.loop() == &b.loop();
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
