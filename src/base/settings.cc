// SPDX-License-Identifier: Apache-2.0
#include "base/settings.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "base/error.h"
#include "base/format.h"
#include "base/json.h"
#include "base/nearest.h"

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

std::vector<std::string> split_commas(const std::string& text) {
  std::vector<std::string> parts;
  size_t begin = 0;
  while (begin <= text.size()) {
    const size_t end = std::min(text.find(',', begin), text.size());
    if (end > begin) parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
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
  LACONIC_CHECK(!find(name) && name != "config" && name != "help" && name != "print_config", name);
  Field added;
  added.name = std::move(name);
  added.target = field;
  added.help = std::move(help);
  added.default_value = std::visit([](auto* target) { return Value(*target); }, field);
  added.group = group_;
  fields_.push_back(std::move(added));
  return *this;
}

Settings& Settings::positional(std::string metavar, Target field, std::string help) {
  for (char& c : metavar) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (const Field& other : fields_) LACONIC_CHECK(!other.is_positional, other.name);
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

Settings& Settings::group(std::string title) {
  group_ = std::move(title);
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

std::string Settings::nearest_option(std::string_view word) const {
  std::vector<std::string> names = {"config", "help", "print_config"};
  for (const Field& field : fields_) {
    names.push_back(field.name);
    if (is_flag(field)) names.push_back("no_" + field.name);
    names.insert(names.end(), field.aliases.begin(), field.aliases.end());
  }
  return nearest(with_underscores(std::string(word)), names);
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

bool Settings::parse(std::span<const std::string> args) {
  std::vector<Option> options;
  std::string config;
  bool wants_help = false, wants_config = false;
  for (Option& option : read_options(args)) {
    if (option.name == "help") {
      wants_help = true;
    } else if (option.name == "print_config") {
      wants_config = true;
    } else if (option.name == "config") {
      config = option.text;
    } else {
      options.push_back(std::move(option));
    }
  }
  if (wants_help) {
    const std::string text = help(help_columns());
    std::fwrite(text.data(), 1, text.size(), stdout);
    return false;
  }
  if (!config.empty()) load_yaml(config);
  apply(options);
  if (wants_config) {
    const std::string text = to_yaml();
    std::fwrite(text.data(), 1, text.size(), stdout);
    return false;
  }
  check_required();
  return true;
}

// Splits the arguments into options with their value and checks that each is known.
std::vector<Settings::Option> Settings::read_options(std::span<const std::string> args) {
  std::vector<Option> options;
  bool only_positional = false;
  for (size_t i = 0; i < args.size(); ++i) {
    const std::string& word = args[i];
    if (word == "--" && !only_positional) {
      only_positional = true;
    } else if (word == "-h") {
      options.push_back({"help", "", "-h", nullptr});
    } else if (only_positional || word == "-" || !word.starts_with('-')) {
      options.push_back(positional_option(word, options));
    } else {
      const size_t equals = std::min(word.find('='), word.size());
      Option option = named_option(word.substr(0, equals));
      if (equals < word.size()) {
        require(option.takes_value || option.field, ErrorKind::kUsage, option.spelt,
                ": expected no value, got \"", word.substr(equals + 1), "\"");
        option.text = word.substr(equals + 1);
      } else if (option.takes_value) {
        require(i + 1 < args.size(), ErrorKind::kUsage, option.spelt,
                ": expected a value, got none");
        option.text = args[++i];
      }
      options.push_back(std::move(option));
    }
  }
  return options;
}

Settings::Option Settings::positional_option(const std::string& word,
                                             const std::vector<Option>& before) {
  for (Field& field : fields_) {
    if (!field.is_positional) continue;
    for (const Option& option : before)
      require(is_list(field) || option.field != &field, ErrorKind::kUsage, command_,
              ": expected one ", field_label(field), ", got \"", option.text, "\" and \"", word,
              "\"");
    return {field.name, word, field_label(field), &field, false, nullptr, true};
  }
  fail(ErrorKind::kUsage, command_, ": expected an option, got \"", word, "\" (see --help)");
}

Settings::Option Settings::named_option(const std::string& word) {
  const std::string name =
      word.starts_with("--") ? with_underscores(word.substr(2)) : std::string();
  if (name == "help" || name == "print_config") return {name, "", word, nullptr};
  if (name == "config") return {name, "", word, nullptr, true};
  if (Field* field = find(name)) {
    const bool flag = is_flag(*field);
    return {field->name, flag ? "true" : "", word, field, !flag};
  }
  if (name.starts_with("no_")) {
    Field* field = find(name.substr(3));
    if (field && is_flag(*field)) return {field->name, "false", word, nullptr, false, field};
  }
  const std::string near = nearest_option(name);
  fail(ErrorKind::kUsage, command_, ": expected an option, got \"", word, "\" (",
       near.empty() ? "see --help" : "did you mean --" + with_hyphens(near) + "?", ")");
}

void Settings::apply(const std::vector<Option>& options) {
  for (Field& field : fields_) {
    std::vector<std::string> texts;
    std::string spelt;
    for (const Option& option : options) {
      if (option.field != &field && option.negated != &field) continue;
      if (!is_list(field)) texts.clear();
      if (is_list(field) && !option.is_word) {
        for (std::string& part : split_commas(option.text)) texts.push_back(std::move(part));
      } else {
        texts.push_back(option.text);
      }
      spelt = option.spelt;
    }
    if (spelt.empty()) continue;
    assign(field, texts, spelt);
    field.is_given = true;
  }
}

}  // namespace laconic
