// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "base/json_errors.h"
#include "base/printable.h"
#include "base/unreadable.h"

namespace laconic {
namespace {

constexpr size_t kMaxDepth = 256;

// Builds the value as nlohmann's parser reports events.
class Builder : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit Builder(std::string_view text, std::string_view place) : text_(text), place_(place) {}
  Json take() { return std::move(root_); }

  bool null() override { return add(Json()); }
  bool boolean(bool value) override { return add(Json(value)); }
  bool number_integer(number_integer_t value) override { return add(Json(int64_t{value})); }
  bool number_unsigned(number_unsigned_t value) override {
    if (value > static_cast<number_unsigned_t>(INT64_MAX))
      fail(ErrorKind::kData, place_, ": expected an integer below 2^63, got ", value);
    return add(Json(static_cast<int64_t>(value)));
  }
  bool number_float(number_float_t value, const string_t& digits) override {
    if (digits.find_first_of(".eE") == string_t::npos || !std::isfinite(value))
      fail(ErrorKind::kData, place_, ": expected a number in range, got ", digits);
    return add(Json(value));
  }
  bool string(string_t& value) override { return add(Json(std::move(value))); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(Json::object()); }
  bool start_array(std::size_t) override { return open(Json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& value) override {
    if (!seen_.back().insert(value).second)
      fail(ErrorKind::kData, place_, ": expected each key once, got \"", value, "\" twice");
    open_.back()->members().emplace_back(std::move(value), Json());
    return true;
  }
  bool parse_error(std::size_t position, const std::string& token,
                   const nlohmann::detail::exception& error) override {
    const std::string place = place_in_text(text_, place_, position);
    const std::string what = error.what();
    if (what.find("surrogate") != std::string::npos)
      fail(ErrorKind::kData, place, ": expected surrogates in pairs, got ", lone_surrogate(token),
           " alone (the text was cut inside a character)");
    if (position > text_.size())
      fail(ErrorKind::kData, place, ": expected valid JSON, got the end of the text",
           is_row_place(place_) ? " (a row is one line: jq -c . makes it so)" : "");
    const bool utf8 = what.find("UTF-8") != std::string::npos;
    const std::string got = token.size() > 40 ? "..." + token.substr(token.size() - 37) : token;
    fail(ErrorKind::kData, place, ": expected ", utf8 ? "valid UTF-8" : "valid JSON", ", got ",
         quoted_token(got));
  }

 private:
  Json* slot(Json value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    if (open_.back()->is_array()) {
      open_.back()->items().push_back(std::move(value));
      return &open_.back()->items().back();
    }
    open_.back()->members().back().second = std::move(value);
    return &open_.back()->members().back().second;
  }
  bool add(Json value) {
    slot(std::move(value));
    return true;
  }
  bool open(Json value) {
    if (open_.size() >= kMaxDepth)
      fail(ErrorKind::kData, place_, ": expected at most ", kMaxDepth,
           " levels of nesting, got more");
    open_.push_back(slot(std::move(value)));
    seen_.emplace_back();
    return true;
  }
  bool close() {
    open_.pop_back();
    seen_.pop_back();
    return true;
  }

  std::string_view text_, place_;
  Json root_;
  std::vector<Json*> open_;  // from the root inwards; a parent does not grow while a child is open
  std::vector<std::set<std::string>> seen_;
};

void dump_unicode_escape(int code_point, std::string& out) {
  static const char* const kHex = "0123456789abcdef";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += kHex[(code_point >> shift) & 15];
}

// Escaped beyond what JSON asks for: what steers a terminal (base/printable.h). All of it lies
// below U+10000. Bytes that are no UTF-8, which JSON cannot hold, become U+FFFD.
size_t dump_beyond_ascii(std::string_view text, size_t pos, std::string& out) {
  const ShownCharacter c = shown_character(text, pos);
  if (c.code_point < 0)
    out += "\xEF\xBF\xBD";
  else if (c.unsafe)
    dump_unicode_escape(c.code_point, out);
  else
    out += text.substr(pos, c.num_bytes);
  return c.num_bytes;
}

void dump_special(char c, std::string& out) {
  switch (c) {
    case '"':
      out += "\\\"";
      break;
    case '\\':
      out += "\\\\";
      break;
    case '\n':
      out += "\\n";
      break;
    case '\r':
      out += "\\r";
      break;
    case '\t':
      out += "\\t";
      break;
    case '\b':
      out += "\\b";
      break;
    case '\f':
      out += "\\f";
      break;
    default:
      dump_unicode_escape(c, out);
  }
}

void dump_string(std::string_view text, std::string& out) {
  out += '"';
  size_t plain = 0;  // where the run of characters that stand for themselves begins
  for (size_t pos = 0; pos < text.size();) {
    const char c = text[pos];
    if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') {
      ++pos;
      continue;
    }
    out += text.substr(plain, pos - plain);
    if (static_cast<unsigned char>(c) >= 0x7f)
      pos += dump_beyond_ascii(text, pos, out);
    else
      dump_special(text[pos++], out);
    plain = pos;
  }
  out += text.substr(plain);
  out += '"';
}

void dump_number(double value, std::string& out) {
  if (!std::isfinite(value)) {
    out += "null";  // JSON has no other word for it
    return;
  }
  char buffer[40];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  const std::string_view text(buffer, static_cast<size_t>(end - buffer));
  out += text;
  if (text.find_first_of(".e") == std::string_view::npos) out += ".0";
}

struct Layout {
  int indent, depth;
  Layout inner() const { return {indent, depth + 1}; }
};

void dump_value(const Json& json, Layout layout, std::string& out);

void line_break(Layout layout, std::string& out) {
  if (layout.indent < 0) return;
  out += '\n';
  out.append(static_cast<size_t>(layout.indent) * static_cast<size_t>(layout.depth), ' ');
}

template <typename Items, typename Write>
void dump_list(const Items& items, std::string_view brackets, Layout layout, std::string& out,
               Write write) {
  out += brackets[0];
  bool first = true;
  for (const auto& item : items) {
    if (!first) out += layout.indent < 0 ? ", " : ",";
    first = false;
    line_break(layout.inner(), out);
    write(item);
  }
  if (!first) line_break(layout, out);
  out += brackets[1];
}

void dump_value(const Json& json, Layout layout, std::string& out) {
  switch (json.kind()) {
    case Json::Kind::kNull:
      out += "null";
      return;
    case Json::Kind::kBoolean:
      out += json.as_boolean("") ? "true" : "false";
      return;
    case Json::Kind::kInteger:
      out += std::to_string(json.as_integer(""));
      return;
    case Json::Kind::kReal:
      dump_number(json.as_number(""), out);
      return;
    case Json::Kind::kString:
      dump_string(json.as_string(""), out);
      return;
    case Json::Kind::kArray:
      dump_list(json.as_array(""), "[]", layout, out,
                [&](const Json& item) { dump_value(item, layout.inner(), out); });
      return;
    case Json::Kind::kObject:
      dump_list(json.as_object(""), "{}", layout, out, [&](const Json::Member& member) {
        dump_string(member.first, out);
        out += ": ";
        dump_value(member.second, layout.inner(), out);
      });
      return;
  }
}

[[noreturn]] void wrong_kind(std::string_view place, const char* expected, const Json& got) {
  const Json* what = got.size() == 1 ? got.find(kUnreadable) : nullptr;
  if (what && what->is_string())
    fail(ErrorKind::kData, place, ": expected ", expected, ", got ", what->as_string(place));
  fail(ErrorKind::kData, place, ": expected ", expected, ", got ", got.kind_name());
}

}  // namespace

Json Json::parse(std::string_view text, std::string_view place) {
  check_encoding(text, place);
  Builder builder(text, place);
  nlohmann::json::sax_parse(text.begin(), text.end(), &builder);
  return builder.take();
}

std::string Json::dump(int indent) const {
  std::string out;
  dump_value(*this, {indent, 0}, out);
  return out;
}

const char* Json::kind_name() const {
  static const char* const kNames[] = {"null",   "boolean", "integer", "number",
                                       "string", "array",   "object"};
  return kNames[value_.index()];
}

bool Json::as_boolean(std::string_view place) const {
  if (!is_boolean()) wrong_kind(place, "true or false", *this);
  return std::get<bool>(value_);
}

int64_t Json::as_integer(std::string_view place) const {
  if (!is_integer()) wrong_kind(place, "an integer", *this);
  return std::get<int64_t>(value_);
}

double Json::as_number(std::string_view place) const {
  if (is_integer()) return static_cast<double>(std::get<int64_t>(value_));
  if (kind() != Kind::kReal) wrong_kind(place, "a number", *this);
  return std::get<double>(value_);
}

const std::string& Json::as_string(std::string_view place) const {
  if (!is_string()) wrong_kind(place, "a string", *this);
  return std::get<std::string>(value_);
}

const Json::Array& Json::as_array(std::string_view place) const {
  if (!is_array()) wrong_kind(place, "an array", *this);
  return std::get<Array>(value_);
}

const Json::Object& Json::as_object(std::string_view place) const {
  if (!is_object()) wrong_kind(place, "an object", *this);
  return std::get<Object>(value_);
}

Json::Array& Json::items() {
  LACONIC_CHECK(is_array(), "items() of ", kind_name());
  return std::get<Array>(value_);
}

Json::Object& Json::members() {
  LACONIC_CHECK(is_object(), "members() of ", kind_name());
  return std::get<Object>(value_);
}

const Json* Json::find(std::string_view key) const {
  if (!is_object()) return nullptr;
  for (const Member& member : std::get<Object>(value_))
    if (member.first == key) return &member.second;
  return nullptr;
}

const Json& Json::at(std::string_view key, std::string_view place) const {
  if (!is_object()) wrong_kind(place, "an object", *this);
  const Json* value = find(key);
  require(value != nullptr, ErrorKind::kData, place, ": expected a field \"", key, "\", got none");
  return *value;
}

Json& Json::operator[](std::string_view key) {
  if (is_null()) value_ = Object{};
  for (Member& member : members())
    if (member.first == key) return member.second;
  members().emplace_back(std::string(key), Json());
  return members().back().second;
}

void Json::erase(std::string_view key) {
  std::erase_if(members(), [&](const Member& member) { return member.first == key; });
}

void Json::push_back(Json value) {
  if (is_null()) value_ = Array{};
  items().push_back(std::move(value));
}

size_t Json::size() const {
  if (is_array()) return std::get<Array>(value_).size();
  if (is_object()) return std::get<Object>(value_).size();
  return 0;
}

}  // namespace laconic
