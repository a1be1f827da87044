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

namespace {

std::string upper_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

// Label in its column, explanation in the next; below it where the label is too long.
void add_entry(std::string& out, const std::string& label, const std::string& text, int columns) {
  out += "  " + label;
  size_t begun = label.size() + 2;
  if (begun + 2 > kHelpColumn) {
    out += "\n";
    begun = 0;
  }
  const int indent = static_cast<int>(kHelpColumn);
  out += std::string(kHelpColumn - begun, ' ') + wrap_text(text, indent, columns, indent) + "\n";
}

}  // namespace

std::string Settings::metavar_of(const Field& field) {
  if (!field.metavar.empty()) return field.metavar;
  if (field.path_kind == PathKind::kFile) return "FILE";
  if (field.path_kind == PathKind::kFolder) return "FOLDER";
  if (field.path_kind == PathKind::kModel) return "MODEL";
  if (field.path_kind == PathKind::kAny) return "PATH";
  if (std::holds_alternative<int64_t*>(field.target)) return "N";
  if (std::holds_alternative<double*>(field.target)) return "X";
  if (is_list(field)) return "A,B";
  return field.allowed.empty() ? "TEXT" : "NAME";
}

std::string Settings::field_label(const Field& field) {
  const std::string name = with_hyphens(field.name);
  if (field.is_positional) return upper_case(name) + (is_list(field) ? "..." : "");
  return is_flag(field) ? "--" + name : "--" + name + " " + metavar_of(field);
}

std::string Settings::help_label(const Field& field) {
  const std::string name = with_hyphens(field.name);
  if (field.is_positional) return "[--" + name + "] " + field_label(field);
  return is_on_by_default(field) ? "--[no-]" + name : field_label(field);
}

std::string Settings::default_text(const Field& field) {
  const Value& value = field.default_value;
  if (const auto* integer = std::get_if<int64_t>(&value)) return std::to_string(*integer);
  if (const auto* real = std::get_if<double>(&value)) return real_text(*real);
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* list = std::get_if<std::vector<std::string>>(&value)) {
    std::string text;
    for (const std::string& part : *list) text += (text.empty() ? "" : ",") + part;
    return text;
  }
  return std::get<bool>(value) ? "on" : "";
}

std::string Settings::help_text(const Field& field) {
  std::string notes;
  const auto note = [&](const std::string& part) { notes += (notes.empty() ? "" : "; ") + part; };
  if (!field.allowed.empty()) note("one of " + joined_names(field.allowed));
  if (field.is_required)
    note("required");
  else if (!default_text(field).empty())
    note("default " + default_text(field));
  if (!field.aliases.empty()) note("also " + joined_names(field.aliases));
  return notes.empty() ? field.help : field.help + " (" + notes + ")";
}

std::string Settings::usage_line() const {
  std::string usage = command_ + " [options]";
  for (const Field& field : fields_) {
    if (!field.is_positional) continue;
    usage += field.is_required ? " " + field_label(field) : " [" + field_label(field) + "]";
  }
  return usage;
}

std::string Settings::help(int columns, bool everything) const {
  std::string out = "Usage: " + usage_line() + "\n\n" + wrap_text(summary_, 0, columns, 0) + "\n";
  std::string group;
  int num_hidden = 0;
  for (const Field& field : fields_) {
    num_hidden += is_hidden(field);
    if (is_hidden(field) && !everything) continue;
    if (field.group != group) out += "\n" + (group = field.group) + ":\n";
    add_entry(out, help_label(field), help_text(field), columns);
  }
  out += "\nCommon:\n";
  add_entry(out, "--config FILE", "settings from a YAML file; the command line goes before it",
            columns);
  add_entry(out, "--print-config", "print the resolved settings as YAML and stop", columns);
  add_entry(out, "-h, --help", everything ? "the options that most runs need" : "this page",
            columns);
  if (num_hidden > 0)
    add_entry(out, "--help-all",
              everything ? "this page"
                         : "this page and " + std::to_string(num_hidden) +
                               (num_hidden == 1 ? " option more" : " options more"),
              columns);
  if (!examples_.empty()) out += "\nExamples:\n";
  for (const std::string& example : examples_)
    out += "  " + broken_command(example, columns) + "\n";
  return out;
}

}  // namespace laconic
