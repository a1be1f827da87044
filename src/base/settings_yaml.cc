// SPDX-License-Identifier: Apache-2.0
#include <yaml-cpp/yaml.h>

#include <set>

#include "base/error.h"
#include "base/file.h"
#include "base/nearest.h"
#include "base/settings.h"

namespace laconic {
namespace {

// What YAML would read as something else than this text, or break on, goes in double quotes.
bool is_plain(const std::string& text) {
  static const std::set<std::string> kSpecial = {"null", "Null", "NULL", "true", "false", "yes",
                                                 "no",   "on",   "off",  "y",    "n"};
  if (text.empty() || kSpecial.count(text)) return false;
  const auto is_word = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '/';
  };
  if (!is_word(text[0]) && text[0] != '.') return false;
  for (char c : text)
    if (!is_word(c) && c != '.' && c != '-' && c != '=' && c != '+') return false;
  return true;
}

void emit_text(YAML::Emitter& out, const std::string& text) {
  if (!is_plain(text)) out << YAML::DoubleQuoted;
  out << text;
}

const char* shape_of(const YAML::Node& node) {
  if (node.IsMap()) return "a map";
  if (node.IsSequence()) return "a list";
  return node.IsScalar() ? "a value" : "nothing";
}

}  // namespace

std::string Settings::to_yaml() const {
  YAML::Emitter out;
  out << YAML::BeginMap;
  for (const Field& field : fields_) {
    if (field.is_required && !field.is_set) continue;  // to be given on the command line
    out << YAML::Key << field.name << YAML::Value;
    if (auto* const* flag = std::get_if<bool*>(&field.target)) out << **flag;
    if (auto* const* integer = std::get_if<int64_t*>(&field.target)) out << **integer;
    if (auto* const* real = std::get_if<double*>(&field.target)) out << real_text(**real);
    if (auto* const* text = std::get_if<std::string*>(&field.target)) emit_text(out, **text);
    if (auto* const* list = std::get_if<std::vector<std::string>*>(&field.target)) {
      out << YAML::Flow << YAML::BeginSeq;
      for (const std::string& text : **list) emit_text(out, text);
      out << YAML::EndSeq;
    }
  }
  out << YAML::EndMap;
  return std::string(out.c_str()) + "\n";
}

void Settings::load_yaml(const std::string& path) {
  YAML::Node root;
  try {
    root = YAML::Load(read_file(path));
  } catch (const YAML::Exception& error) {
    fail(ErrorKind::kUsage, path, ":", error.mark.line + 1, ":", error.mark.column + 1,
         ": expected YAML, got an error: ", error.msg);
  }
  if (root.IsNull()) return;
  require(root.IsMap(), ErrorKind::kUsage, path, ": expected a map of settings, got ",
          shape_of(root));
  std::set<const Field*> seen;
  for (const auto& entry : root) {
    const std::string line = cat(path, ":", entry.first.Mark().line + 1);
    require(entry.first.IsScalar(), ErrorKind::kUsage, line,
            ": expected the name of a setting, got ", shape_of(entry.first));
    const std::string key = entry.first.Scalar();
    Field* field = find(with_underscores(key));
    if (!field) {
      const std::string near = nearest_option(key);
      fail(ErrorKind::kUsage, line, ": expected a setting of ", command_, ", got \"", key, "\" (",
           near.empty() ? "see --help" : "did you mean " + near + "?", ")");
    }
    require(seen.insert(field).second, ErrorKind::kUsage, line, ": expected ", field->name,
            " once, got it again");
    const YAML::Node& value = entry.second;
    if (value.IsNull()) continue;
    const std::string place = line + ": " + key;
    require(value.IsScalar() || (value.IsSequence() && is_list(*field)), ErrorKind::kUsage, place,
            ": expected ", is_list(*field) ? "a list" : "one value", ", got ", shape_of(value));
    std::vector<std::string> texts;
    if (value.IsScalar()) texts.push_back(value.Scalar());
    for (const auto& item : value) {
      require(item.IsScalar(), ErrorKind::kUsage, place, ": expected a list of values, got ",
              shape_of(item), " in it");
      texts.push_back(item.Scalar());
    }
    assign(*field, texts, place);
    field->is_given = std::visit([&](auto* target) { return Value(*target); }, field->target) !=
                      field->default_value;
  }
}

}  // namespace laconic
