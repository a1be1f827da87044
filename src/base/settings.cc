// SPDX-License-Identifier: Apache-2.0
#include "base/settings.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "base/error.h"
#include "base/file.h"
#include "base/format.h"
#include "base/json.h"

namespace laconic {
namespace {

std::string replaced(std::string text, char from, char to) {
  std::replace(text.begin(), text.end(), from, to);
  return text;
}

// Reads a whole text as a number; false where it is anything else.
template <typename Number>
bool read_number(std::string_view text, Number* out) {
  if (text.starts_with('+')) text.remove_prefix(1);
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, *out);
  return result.ec == std::errc() && result.ptr == end && !text.empty();
}

bool read_boolean(std::string text, bool* out) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (text == "true" || text == "yes" || text == "on" || text == "1") return *out = true, true;
  if (text == "false" || text == "no" || text == "off" || text == "0") return *out = false, true;
  return false;
}

Settings::Value read_value(const Settings::Target& target, const std::vector<std::string>& texts,
                           const std::string& place) {
  if (std::holds_alternative<std::vector<std::string>*>(target)) return texts;
  require(texts.size() == 1, ErrorKind::kUsage, place, ": expected one value, got ", texts.size());
  const std::string& text = texts[0];
  if (std::holds_alternative<std::string*>(target)) return text;
  if (std::holds_alternative<bool*>(target)) {
    bool value = false;
    require(read_boolean(text, &value), ErrorKind::kUsage, place,
            ": expected true or false, got \"", text, "\"");
    return value;
  }
  if (std::holds_alternative<int64_t*>(target)) {
    int64_t value = 0;
    require(read_number(text, &value), ErrorKind::kUsage, place, ": expected an integer, got \"",
            text, "\"");
    return value;
  }
  double value = 0;
  require(read_number(text, &value) && std::isfinite(value), ErrorKind::kUsage, place,
          ": expected a number, got \"", text, "\"");
  return value;
}

}  // namespace

std::string with_hyphens(std::string name) { return replaced(std::move(name), '_', '-'); }
std::string with_underscores(std::string name) { return replaced(std::move(name), '-', '_'); }

std::string real_text(double value) {
  char buffer[40];
  const auto result = std::to_chars(buffer, buffer + sizeof buffer, value);
  return std::string(buffer, result.ptr);
}

Settings::Settings(std::string command, std::string summary)
    : command_(std::move(command)), summary_(std::move(summary)) {}

Settings& Settings::add(std::string name, Target field, std::string help) {
  name = with_underscores(std::move(name));
  LACONIC_CHECK(!find(name), name);
  Field added;
  added.name = std::move(name);
  added.target = field;
  added.help = std::move(help);
  added.default_value = std::visit([](auto* target) { return Value(*target); }, field);
  added.group = group_;
  added.is_advanced = group_is_advanced_;
  fields_.push_back(std::move(added));
  return *this;
}

Settings& Settings::positional(std::string metavar, Target field, std::string help) {
  for (char& c : metavar) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (const Field& other : fields_)
    LACONIC_CHECK(!other.is_positional || !is_list(other), other.name);
  add(std::move(metavar), field, std::move(help));
  last().is_positional = true;
  return *this;
}

Settings::Field& Settings::last() {
  LACONIC_CHECK(!fields_.empty());
  return fields_.back();
}

Settings& Settings::alias(std::string name) {
  name = with_underscores(std::move(name));
  LACONIC_CHECK(!find(name), name);
  last().aliases.push_back(std::move(name));
  return *this;
}

Settings& Settings::alias_of(const std::string& field, std::string name) {
  LACONIC_CHECK(find(field) && !find(name), name);
  find(field)->aliases.push_back(std::move(name));
  return *this;
}

Settings& Settings::choices(std::vector<std::string> allowed) {
  last().allowed = std::move(allowed);
  return *this;
}

Settings& Settings::required() {
  last().is_required = true;
  return *this;
}

Settings& Settings::range(double low, double high) {
  last().has_range = true;
  last().low = low;
  last().high = high;
  return *this;
}

Settings& Settings::metavar(std::string text) {
  last().metavar = std::move(text);
  return *this;
}

Settings& Settings::file() {
  last().path_kind = PathKind::kFile;
  return *this;
}

Settings& Settings::folder() {
  last().path_kind = PathKind::kFolder;
  return *this;
}

Settings& Settings::model() {
  last().path_kind = PathKind::kModel;
  return *this;
}

Settings& Settings::path() {
  last().path_kind = PathKind::kAny;
  return *this;
}

Settings& Settings::existing() {
  LACONIC_CHECK(last().path_kind != PathKind::kNone, last().name);
  last().must_exist = true;
  return *this;
}

Settings& Settings::advanced() {
  last().is_advanced = true;
  return *this;
}

Settings& Settings::group(std::string title) {
  group_ = std::move(title);
  group_is_advanced_ = false;
  return *this;
}

Settings& Settings::advanced_group(std::string title) {
  group(std::move(title));
  group_is_advanced_ = true;
  return *this;
}

Settings& Settings::example(std::string text) {
  examples_.push_back(std::move(text));
  return *this;
}

Settings::Field* Settings::find(std::string_view name) {
  for (Field& field : fields_) {
    if (field.name == name) return &field;
    for (const std::string& other : field.aliases)
      if (other == name) return &field;
  }
  return nullptr;
}

bool Settings::is_flag(const Field& field) { return std::holds_alternative<bool*>(field.target); }

bool Settings::is_on_by_default(const Field& field) {
  return is_flag(field) && std::get<bool>(field.default_value);
}

bool Settings::is_folder(const Field& field) {
  return field.path_kind == PathKind::kFolder || field.path_kind == PathKind::kModel;
}

bool Settings::is_list(const Field& field) {
  return std::holds_alternative<std::vector<std::string>*>(field.target);
}

void Settings::check_value(const Field& field, const Value& value, const std::string& place) const {
  if (value == field.default_value) return;
  if (!field.allowed.empty()) {
    std::vector<std::string> texts;
    if (const auto* text = std::get_if<std::string>(&value)) texts.push_back(*text);
    if (const auto* list = std::get_if<std::vector<std::string>>(&value)) texts = *list;
    for (const std::string& text : texts)
      require(std::find(field.allowed.begin(), field.allowed.end(), text) != field.allowed.end(),
              ErrorKind::kUsage, place, ": expected one of ", joined(field.allowed), ", got \"",
              text, "\"");
  }
  if (!field.has_range) return;
  double number = 0;
  if (const auto* integer = std::get_if<int64_t>(&value)) number = static_cast<double>(*integer);
  if (const auto* real = std::get_if<double>(&value)) number = *real;
  if (number >= field.low && number <= field.high) return;
  const std::string wanted = std::isinf(field.high)  ? "at least " + real_text(field.low)
                             : std::isinf(field.low) ? "at most " + real_text(field.high)
                                                     : "a number from " + real_text(field.low) +
                                                           " to " + real_text(field.high);
  fail(ErrorKind::kUsage, place, ": expected ", wanted, ", got ", real_text(number));
}

void Settings::assign(Field& field, const std::vector<std::string>& texts,
                      const std::string& place) {
  const Value value = read_value(field.target, texts, place);
  check_value(field, value, place);
  std::visit([&](auto* target) { *target = std::get<std::decay_t<decltype(*target)>>(value); },
             field.target);
  field.is_set = true;
}

void Settings::check_required() const {
  for (const Field& field : fields_)
    if (field.is_required && !field.is_set)
      fail(ErrorKind::kUsage, command_, ": expected ", field_label(field),
           ", got none (see --help)");
}

// Before anything is loaded, and all of them.
void Settings::check_paths() const {
  for (const Field& field : fields_) {
    if (!field.must_exist) continue;
    std::vector<std::string> paths;
    if (auto* const* text = std::get_if<std::string*>(&field.target)) paths.push_back(**text);
    if (auto* const* list = std::get_if<std::vector<std::string>*>(&field.target)) paths = **list;
    const std::string name =
        field.is_positional ? field_label(field) : "--" + with_hyphens(field.name);
    for (const std::string& path : paths) {
      if (path.empty() || path == "-") continue;
      if (field.path_kind == PathKind::kModel) {
        require_model_folder(path, name);
        continue;
      }
      const bool is_there = path_exists(path);
      const char* const wanted = field.path_kind == PathKind::kFile     ? "a file"
                                 : field.path_kind == PathKind::kFolder ? "a folder"
                                                                        : "a file or folder";
      require(is_there, ErrorKind::kUsage, name, ": expected ", wanted, ", got ", path,
              ", which does not exist");
      require(field.path_kind == PathKind::kAny || folder_exists(path) == is_folder(field),
              ErrorKind::kUsage, name, ": expected ", wanted, ", got ", path, ", which is ",
              folder_exists(path) ? "a folder" : "a file");
    }
  }
}

bool Settings::given(const std::string& name) const {
  const std::string wanted = with_underscores(name);
  for (const Field& field : fields_)
    if (field.name == wanted) return field.is_given;
  fail(ErrorKind::kInternal, command_, ": no setting ", name);
}

Json Settings::to_json() const {
  Json json = Json::object();
  for (const Field& field : fields_) {
    Json value;
    if (const auto* list = std::get_if<std::vector<std::string>*>(&field.target)) {
      value = Json::array();
      for (const std::string& text : **list) value.push_back(Json(text));
    } else {
      std::visit(
          [&](auto* target) {
            if constexpr (!std::is_same_v<decltype(target), std::vector<std::string>*>)
              value = Json(*target);
          },
          field.target);
    }
    json[field.name] = value;
  }
  return json;
}

}  // namespace laconic
