// What completes a command in bash, zsh and fish, from the fields that --help shows: the branch of
// one command in the script that `laconic completion SHELL` puts together (app/pages.cc).
// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/settings.h"

namespace laconic {
namespace {

struct FlagPage {
  const char* name;
  const char* text;
};
constexpr FlagPage kCommon[] = {{"print-config", "print the resolved settings as YAML and stop"},
                                {"help", "the options that most runs need"},
                                {"help-all", "all options"}};

// The first clause, short enough for a menu, in what single quotes of all three shells may hold.
std::string short_help(const std::string& help) {
  std::string text = help.substr(0, help.find_first_of(";:."));
  if (text.size() > 60) text = text.substr(0, text.rfind(' ', 60)) + " ...";
  std::string out;
  for (const char c : text)
    if (std::string("'\"`$\\[]{}()").find(c) == std::string::npos) out += c;
  return out;
}

std::string words(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : " ") + part;
  return text;
}

std::string quoted(const std::string& text) { return "'" + text + "'"; }

}  // namespace

std::vector<std::string> Settings::spellings(const Field& field) {
  std::vector<std::string> out = {"--" + with_hyphens(field.name)};
  for (const std::string& alias : field.aliases) out.push_back("--" + with_hyphens(alias));
  return out;
}

std::string Settings::completion(const std::string& shell) const {
  if (shell == "bash") return bash_completion();
  if (shell == "zsh") return zsh_completion();
  if (shell == "fish") return fish_completion();
  fail(ErrorKind::kUsage, "--completion: expected bash, zsh or fish, got \"", shell, "\"");
}

// A branch of `case $command`: `options`; `values` or `kind` (file, folder) of the word behind an
// option; `positional`, the kind of a bare word.
std::string Settings::bash_completion() const {
  std::vector<std::string> options;
  std::string cases, positional;
  const auto kind_of = [](const Field& field) -> std::string {
    return field.path_kind == PathKind::kNone ? "" : is_folder(field) ? "folder" : "file";
  };
  for (const Field& field : fields_) {
    const std::vector<std::string> names = spellings(field);
    options.push_back(names.front());
    if (is_flag(field)) {
      options.push_back("--no-" + with_hyphens(field.name));
      continue;
    }
    std::string pattern;
    for (const std::string& name : names) pattern += (pattern.empty() ? "" : "|") + name;
    cases += "        " + pattern + ") takes_value=1 kind=" + kind_of(field);
    if (!field.allowed.empty()) cases += " values=" + quoted(words(field.allowed));
    cases += " ;;\n";
    if (!field.is_positional || !positional.empty()) continue;
    positional = "      positional=" + kind_of(field);
    if (!field.allowed.empty()) positional += " positional_values=" + quoted(words(field.allowed));
    positional += "\n";
  }
  options.emplace_back("--config");
  for (const FlagPage& page : kCommon) options.push_back(cat("--", page.name));
  return cat("    ", command_.substr(command_.find(' ') + 1),
             ")\n      options=", quoted(words(options)), "\n", positional,
             "      case $before in\n", cases,
             "        --config) takes_value=1 kind=file ;;\n      esac\n      ;;\n");
}

// Arguments of _arguments, one a line.
std::string Settings::zsh_completion() const {
  std::string out = cat("    ", command_.substr(command_.find(' ') + 1), ")\n      _arguments -S");
  const auto action = [](const Field& field) -> std::string {
    if (!field.allowed.empty()) return "(" + words(field.allowed) + ")";
    if (field.path_kind == PathKind::kNone) return "";
    return is_folder(field) ? "_files -/" : "_files";
  };
  const auto add = [&](const std::string& spec) { out += " \\\n        " + quoted(spec); };
  for (const Field& field : fields_) {
    const std::string help = "[" + short_help(field.help) + "]";
    const std::string name = spellings(field).front();
    if (is_flag(field)) {
      add(name + help);
      add("--no-" + with_hyphens(field.name) + "[not: " + short_help(field.help) + "]");
      continue;
    }
    const std::string value = ":" + metavar_of(field) + ":" + action(field);
    add((is_list(field) ? "*" : "") + name + "=" + help + value);
    if (field.is_positional) add((is_list(field) ? "*" : ":") + value);
  }
  add("--config=[settings from a YAML file]:FILE:_files");
  for (const FlagPage& page : kCommon) add(cat("--", page.name, "[", page.text, "]"));
  return out + "\n      ;;\n";
}

std::string Settings::fish_completion() const {
  const std::string command = command_.substr(command_.find(' ') + 1);
  const std::string begin =
      cat("complete -c laconic -n '__fish_seen_subcommand_from ", command, "'");
  std::string out;
  for (const Field& field : fields_) {
    const std::string name = with_hyphens(field.name), help = quoted(short_help(field.help));
    if (is_flag(field)) {
      out += cat(begin, " -l ", name, " -d ", help, "\n");
      out += cat(begin, " -l no-", name, " -d ", quoted("not: " + short_help(field.help)), "\n");
      continue;
    }
    std::string value = " -x";
    if (!field.allowed.empty()) value += " -a " + quoted(words(field.allowed));
    if (is_folder(field)) value += " -a '(__fish_complete_directories)'";
    if (field.path_kind != PathKind::kNone && !is_folder(field)) value = " -r -F";
    out += cat(begin, " -l ", name, value, " -d ", help, "\n");
    if (!field.is_positional) continue;
    if (!field.allowed.empty()) out += cat(begin, " -a ", quoted(words(field.allowed)), "\n");
    if (field.path_kind != PathKind::kNone) out += begin + " -F\n";
  }
  out += begin + " -l config -r -F -d 'settings from a YAML file'\n";
  for (const FlagPage& page : kCommon)
    out += cat(begin, " -l ", page.name, " -d ", quoted(page.text), "\n");
  return out;
}

}  // namespace laconic
