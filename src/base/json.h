// A JSON value that keeps the order of an object's members and tells integers from reals.
//
// Not a general library: parsing is nlohmann's (behind json.cc, the only file that pays for its
// headers); this is the small value type that the rest of the program passes around. Errors: parse
// and the as_* / at accessors throw Error(kData) as `place: expected X, got Y`; a reader
// of model files turns that into kModel.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace laconic {

class Json {
 public:
  using Array = std::vector<Json>;
  using Member = std::pair<std::string, Json>;
  using Object = std::vector<Member>;
  enum class Kind { kNull, kBoolean, kInteger, kReal, kString, kArray, kObject };

  Json() : value_(nullptr) {}
  Json(std::nullptr_t) : value_(nullptr) {}
  Json(bool value) : value_(value) {}
  Json(int value) : value_(int64_t{value}) {}
  Json(int64_t value) : value_(value) {}
  Json(uint64_t value) : value_(static_cast<int64_t>(value)) {}
  Json(double value) : value_(value) {}
  Json(const char* value) : value_(std::string(value)) {}
  Json(std::string_view value) : value_(std::string(value)) {}
  Json(std::string value) : value_(std::move(value)) {}
  Json(Array value) : value_(std::move(value)) {}
  Json(Object value) : value_(std::move(value)) {}
  static Json array() { return Json(Array{}); }
  static Json object() { return Json(Object{}); }

  // Parses one document. `place` (a path, or path:line) starts the message of an error. A duplicate
  // key, an integer that does not fit int64, invalid UTF-8, and nesting deeper than 256 are errors.
  static Json parse(std::string_view text, std::string_view place);

  // indent < 0: one line with ", " and ": " as Python's json.dumps(ensure_ascii=False) writes it;
  // otherwise that many spaces a level. Reals print as the shortest text that reads back the same.
  std::string dump(int indent = -1) const;

  Kind kind() const { return static_cast<Kind>(value_.index()); }
  bool is_null() const { return kind() == Kind::kNull; }
  bool is_boolean() const { return kind() == Kind::kBoolean; }
  bool is_integer() const { return kind() == Kind::kInteger; }
  bool is_number() const { return is_integer() || kind() == Kind::kReal; }
  bool is_string() const { return kind() == Kind::kString; }
  bool is_array() const { return kind() == Kind::kArray; }
  bool is_object() const { return kind() == Kind::kObject; }
  const char* kind_name()
      const;  // "null", "boolean", "integer", "number", "string", "array", "object"

  // Throw Error(kData, "<place>: expected a string, got ...") when the kind differs.
  bool as_boolean(std::string_view place) const;
  int64_t as_integer(std::string_view place) const;
  double as_number(std::string_view place) const;  // integers too
  const std::string& as_string(std::string_view place) const;
  const Array& as_array(std::string_view place) const;
  const Object& as_object(std::string_view place) const;
  Array& items();     // REQUIRES: is_array()
  Object& members();  // REQUIRES: is_object()

  // The member, or nullptr where there is none (or this is no object).
  const Json* find(std::string_view key) const;
  // The member, or Error(kData, "<place>: expected a field \"key\", got none").
  const Json& at(std::string_view key, std::string_view place) const;
  // The member, made null at the end if absent. REQUIRES: null (becomes an object) or object.
  Json& operator[](std::string_view key);
  void erase(std::string_view key);
  // REQUIRES: null (becomes an array) or array.
  void push_back(Json value);
  size_t size() const;  // of an array or object; 0 otherwise

  bool operator==(const Json& other) const = default;

 private:
  std::variant<std::nullptr_t, bool, int64_t, double, std::string, Array, Object> value_;
};

}  // namespace laconic
