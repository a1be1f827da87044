// The pages about all commands: `laconic`, `laconic --help`, `laconic man`, `laconic completion`.
//
// What a page says of one command is what the command's own Settings print, asked for as --help is.
// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <cstring>

#include "app/commands.h"
#include "base/error.h"
#include "base/nearest.h"
#include "base/settings.h"

namespace laconic {
namespace {

void print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

void run_each(const std::vector<std::string>& arguments) {
  for (const Command& command : kCommands) command.run(arguments);
}

std::string names() {
  std::string text;
  for (const Command& command : kCommands) text += cat(text.empty() ? "" : " ", command.name);
  return text;
}

constexpr const char* kBashBegin =
    R"(# bash completion of laconic, made by `laconic completion bash`
_laconic() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]}
  local options= positional= positional_values= takes_value= kind= values=
  # --name=value comes as three words
  if [[ $word == '=' ]]; then
    word=
  elif [[ $before == '=' ]]; then
    before=${COMP_WORDS[COMP_CWORD-2]}
  fi
  COMPREPLY=()
  if [[ $COMP_CWORD == 1 || ($command == help && $COMP_CWORD == 2) ]]; then
    COMPREPLY=($(compgen -W "$_laconic_commands help --help --version" -- "$word"))
    return
  fi
  case $command in
)";
constexpr const char* kBashEnd = R"(    *) return ;;
  esac
  if [[ ! $takes_value ]]; then
    kind=$positional values=$positional_values
    if [[ $word == -* ]]; then
      COMPREPLY=($(compgen -W "$options" -- "$word"))
      return
    fi
  fi
  local IFS=$' \t\n'
  if [[ $values ]]; then
    COMPREPLY=($(compgen -W "$values" -- "$word"))
  else
    IFS=$'\n'
    [[ $kind ]] && compopt -o filenames 2>/dev/null
    [[ $kind == file ]] && COMPREPLY=($(compgen -f -- "$word"))
    [[ $kind == folder ]] && COMPREPLY=($(compgen -d -- "$word"))
  fi
  return 0
}
complete -F _laconic laconic
)";

void print_bash() {
  print(kBashBegin);
  run_each({"--completion", "bash"});
  std::string end = kBashEnd;
  print(end + "_laconic_commands='" + names() + "'\n");
}

constexpr const char* kZshBegin = R"(#compdef laconic
# zsh completion of laconic, made by `laconic completion zsh`
_laconic() {
  local -a commands
  commands=(
)";
constexpr const char* kZshMiddle = R"(  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
    help) _describe command commands ;;
)";
constexpr const char* kZshEnd = R"(  esac
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _laconic "$@"
else
  compdef _laconic laconic
fi
)";

void print_zsh() {
  print(kZshBegin);
  for (const Command& command : kCommands)
    print(cat("    '", command.name, ":", command.summary, "'\n"));
  print(kZshMiddle);
  run_each({"--completion", "zsh"});
  print(kZshEnd);
}

void print_fish() {
  print("# fish completion of laconic, made by `laconic completion fish`\n");
  print("complete -c laconic -f\n");
  for (const Command& command : kCommands)
    print(cat("complete -c laconic -n __fish_use_subcommand -a ", command.name, " -d '",
              command.summary, "'\n"));
  run_each({"--completion", "fish"});
}

constexpr const char* kManEnd = R"(.SH EXIT STATUS
.TP
.B 0
done
.TP
.B 1
a failure of the world around
.TP
.B 2
wrong usage, a path that does not exist
.TP
.B 3
bad data
.TP
.B 4
bad model files
.TP
.B 5
out of memory
.TP
.B 6
no disk space
.TP
.B 7
a check that is not met
.TP
.B 70
a bug in laconic
.TP
.B 75
stopped by a signal and saved: the same command goes on
.SH ENVIRONMENT
.TP
.B LACONIC_LOG
debug, info (the default), warning or error
.TP
.B NO_COLOR
no colour on a terminal
.TP
.B TQDM_DISABLE
no progress
)";

void print_main_man_page() {
  std::string out = roff_title("laconic");
  out += ".SH NAME\nlaconic \\- make a reasoning language model think shorter at equal accuracy\n";
  out += ".SH SYNOPSIS\n.B laconic\n.I command\n.RI [ options ]\n.SH COMMANDS\n";
  for (const Command& command : kCommands)
    out += cat(".TP\n.BR laconic\\-", command.name, " (1)\n", roff_text(command.summary), "\n");
  print(out + kManEnd);
}

}  // namespace

const Command& find_command(const std::string& name) {
  std::vector<std::string> known;
  for (const Command& command : kCommands) {
    if (name == command.name) return command;
    known.emplace_back(command.name);
  }
  const std::string near = nearest(name, known);
  fail(ErrorKind::kUsage, "laconic: expected a command, got \"", name, "\" (",
       near.empty() ? "try laconic --help" : "did you mean " + near + "?", ")");
}

std::string commands_help(bool main_only) {
  std::string text = "Usage: laconic COMMAND [options]\n\n";
  text += wrap_text("Makes a reasoning language model think shorter at equal accuracy.", 0,
                    help_columns(), 0);
  int num_others = 0;
  for (const bool is_main : {true, false}) {
    if (is_main || !main_only) text += is_main ? "\n\nMain commands:\n" : "\nMore commands:\n";
    for (const Command& command : kCommands) {
      if (command.is_main != is_main) continue;
      num_others += !is_main;
      if (!is_main && main_only) continue;
      text += cat("  ", command.name, std::string(12 - std::strlen(command.name), ' '));
      text += wrap_text(command.summary, 14, help_columns(), 14) + "\n";
    }
  }
  text += "\n  laconic COMMAND --help  says more of one (laconic help COMMAND as well)\n";
  if (main_only) text += cat("  laconic --help          shows ", num_others, " commands more\n");
  text += "  laconic --version       prints version and commit (-V as well)\n";
  return text;
}

int run_completion(Arguments arguments) {
  std::string shell;
  Settings settings("laconic completion",
                    "Prints a script that completes laconic's commands, options and values; make "
                    "install puts it where the shell finds it.");
  settings.positional("SHELL", &shell, "the shell").choices({"bash", "zsh", "fish"}).required();
  settings.example("source <(laconic completion bash)");
  settings.example("laconic completion fish > ~/.config/fish/completions/laconic.fish");
  if (!settings.parse(arguments)) return 0;
  if (shell == "bash") print_bash();
  if (shell == "zsh") print_zsh();
  if (shell == "fish") print_fish();
  return 0;
}

int run_man(Arguments arguments) {
  std::string name;
  Settings settings("laconic man",
                    "Prints the manual page of a command, or of laconic, for man -l.");
  settings.positional("COMMAND", &name, "a command; without one the page of laconic itself");
  settings.example("laconic man tldr | man -l -");
  if (!settings.parse(arguments)) return 0;
  if (name.empty())
    print_main_man_page();
  else
    find_command(name).run(std::vector<std::string>{"--man-page"});
  return 0;
}

}  // namespace laconic
