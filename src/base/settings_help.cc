// SPDX-License-Identifier: Apache-2.0
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "base/settings.h"

namespace laconic {
namespace {

constexpr size_t kHelpColumn = 28;  // where the explanations begin

std::string joined_names(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

// A command that still works when it is copied from several lines.
std::string broken_command(const std::string& text, int columns) {
  std::string lines = wrap_text(text, 6, columns - 2, 2);
  for (size_t at = lines.find('\n'); at != std::string::npos; at = lines.find('\n', at + 3))
    lines.insert(at, " \\");
  return lines;
}

}  // namespace

int help_columns() {
  int columns = 80;
  const char* variable = std::getenv("COLUMNS");
  winsize size = {};
  if (variable && std::atoi(variable) > 0)
    columns = std::atoi(variable);
  else if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    columns = size.ws_col;
  return std::clamp(columns, 60, 100);
}

std::string wrap_text(const std::string& text, int indent, int columns, int begun) {
  const std::string margin(static_cast<size_t>(indent), ' ');
  std::string out;
  int used = begun;
  bool line_is_empty = true;
  size_t begin = 0;
  while (begin < text.size()) {
    const size_t end = std::min(text.find(' ', begin), text.size());
    const int length = static_cast<int>(end - begin);
    if (length > 0) {
      if (!line_is_empty && used + 1 + length > columns) {
        out += "\n" + margin;
        used = indent;
        line_is_empty = true;
      }
      out += (line_is_empty ? "" : " ") + text.substr(begin, end - begin);
      used += length + (line_is_empty ? 0 : 1);
      line_is_empty = false;
    }
    begin = end + 1;
  }
  return out;
}

std::string Settings::field_label(const Field& field) const {
  std::string name = with_hyphens(field.name);
  if (field.is_positional) {
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return is_list(field) ? name + "..." : name;
  }
  if (is_flag(field)) {
    const bool on = std::get<bool>(field.default_value);
    return on ? "--no-" + name : "--" + name;
  }
  const char* kind = "TEXT";
  if (std::holds_alternative<int64_t*>(field.target)) kind = "N";
  if (std::holds_alternative<double*>(field.target)) kind = "X";
  if (is_list(field)) kind = "A,B";
  return "--" + name + " " + kind;
}

std::string Settings::default_text(const Field& field) const {
  const Value& value = field.default_value;
  if (const auto* integer = std::get_if<int64_t>(&value)) return std::to_string(*integer);
  if (const auto* real = std::get_if<double>(&value)) return real_text(*real);
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* list = std::get_if<std::vector<std::string>>(&value)) {
    std::string text;
    for (const std::string& part : *list) text += (text.empty() ? "" : ",") + part;
    return text;
  }
  return "";
}

std::string Settings::help(int columns) const {
  std::string usage = "Usage: " + command_ + " [options]";
  for (const Field& field : fields_) {
    if (!field.is_positional) continue;
    usage += field.is_required ? " " + field_label(field) : " [" + field_label(field) + "]";
  }
  std::string out = usage + "\n\n" + wrap_text(summary_, 0, columns, 0) + "\n";
  const auto entry = [&](const std::string& label, const std::string& text) {
    out += "  " + label;
    size_t begun = label.size() + 2;
    if (begun + 2 > kHelpColumn) {
      out += "\n";
      begun = 0;
    }
    out += std::string(kHelpColumn - begun, ' ');
    const int indent = static_cast<int>(kHelpColumn);
    out += wrap_text(text, indent, columns, indent) + "\n";
  };
  std::string group;
  for (const Field& field : fields_) {
    if (field.group != group) out += "\n" + (group = field.group) + ":\n";
    std::string text = field.help;
    std::string notes;
    const auto note = [&](const std::string& part) { notes += (notes.empty() ? "" : "; ") + part; };
    if (!field.allowed.empty()) note("one of " + joined_names(field.allowed));
    if (field.is_required)
      note("required");
    else if (!default_text(field).empty())
      note("default " + default_text(field));
    if (!field.aliases.empty()) note("also " + joined_names(field.aliases));
    entry(field_label(field), notes.empty() ? text : text + " (" + notes + ")");
  }
  out += "\nCommon:\n";
  entry("--config FILE.yaml", "settings from a file; the command line goes before it");
  entry("--print-config", "print the resolved settings as YAML and stop");
  entry("-h, --help", "this page");
  if (!examples_.empty()) out += "\nExamples:\n";
  for (const std::string& example : examples_)
    out += "  " + broken_command(example, columns) + "\n";
  return out;
}

}  // namespace laconic
