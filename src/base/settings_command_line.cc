// The command line's half of Settings: options, positional arguments, and the pages that are asked
// for instead of a run.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cctype>
#include <cstdio>

#include "base/error.h"
#include "base/nearest.h"
#include "base/settings.h"

namespace laconic {
namespace {

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

// "-3", "-\\frac12" and "-" alone are words: no option begins so.
bool is_option(const std::string& word) {
  return word.size() > 1 && word[0] == '-' &&
         (word[1] == '-' || std::isalpha(static_cast<unsigned char>(word[1])) != 0);
}

void print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

}  // namespace

bool Settings::print_page(const Option& option) {
  if (option.name == "help") return print(help(help_columns(), false)), true;
  if (option.name == "help_all") return print(help(help_columns(), true)), true;
  if (option.name == "man_page") return print(man_page()), true;
  if (option.name == "completion") return print(completion(option.text)), true;
  return false;
}

bool Settings::parse(std::span<const std::string> args) {
  std::vector<Option> options = read_options(args);
  for (const Option& option : options)
    if (!option.field && print_page(option)) return false;
  std::string config;
  bool wants_config = false;
  for (const Option& option : options) {
    if (option.field || option.negated) continue;
    wants_config = wants_config || option.name == "print_config";
    if (option.name == "config") config = option.text;
  }
  if (!config.empty()) load_yaml(config);
  apply(options);
  if (wants_config) {
    print(to_yaml());
    return false;
  }
  check_required();
  check_paths();
  return true;
}

std::string Settings::nearest_option(std::string_view word) const {
  std::vector<std::string> names = {"config", "help", "help_all", "print_config"};
  for (const Field& field : fields_) {
    names.push_back(field.name);
    if (is_flag(field)) names.push_back("no_" + field.name);
    names.insert(names.end(), field.aliases.begin(), field.aliases.end());
  }
  return nearest(with_underscores(std::string(word)), names);
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
      options.push_back({"help", "", "-h"});
    } else if (only_positional || !is_option(word)) {
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

// The first positional argument that neither a word nor its option has filled.
Settings::Option Settings::positional_option(const std::string& word,
                                             const std::vector<Option>& before) {
  const Option* filled = nullptr;
  for (Field& field : fields_) {
    if (!field.is_positional) continue;
    const auto found = std::find_if(before.begin(), before.end(),
                                    [&](const Option& option) { return option.field == &field; });
    if (is_list(field) || found == before.end())
      return {field.name, word, field_label(field), &field, false, nullptr, true};
    filled = &*found;
  }
  require(!filled, ErrorKind::kUsage, command_, ": expected one ",
          filled ? field_label(*filled->field) : "", ", got \"", filled ? filled->text : "",
          "\" and \"", word, "\"");
  fail(ErrorKind::kUsage, command_, ": expected an option, got \"", word, "\" (see --help)");
}

Settings::Option Settings::named_option(const std::string& word) {
  const std::string name =
      word.starts_with("--") ? with_underscores(word.substr(2)) : std::string();
  if (name == "help" || name == "help_all" || name == "print_config" || name == "man_page")
    return {name, "", word};
  if (name == "config" || name == "completion") return {name, "", word, nullptr, true};
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
