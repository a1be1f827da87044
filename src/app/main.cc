// The command table, and the one place where errors become exit codes.
//
// A new command: a file src/app/<command>.cc with `int run_<command>(Arguments)`, its declaration
// in commands.h, and one line in kCommands. A command whose file is not built yet has no address
// and is not listed: the weak declarations let the table link without it.
// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <vector>

#include "app/commands.h"
#include "base/error.h"
#include "base/nearest.h"
#include "base/settings.h"  // help_columns, wrap_text
#include "base/version.h"

namespace laconic {

[[gnu::weak]] int run_adapter(Arguments);
[[gnu::weak]] int run_chat(Arguments);
[[gnu::weak]] int run_convert(Arguments);
[[gnu::weak]] int run_eval(Arguments);
[[gnu::weak]] int run_generate(Arguments);
[[gnu::weak]] int run_inspect(Arguments);
[[gnu::weak]] int run_logprobs(Arguments);
[[gnu::weak]] int run_plan(Arguments);
[[gnu::weak]] int run_render(Arguments);
[[gnu::weak]] int run_report(Arguments);
[[gnu::weak]] int run_select(Arguments);
[[gnu::weak]] int run_sft(Arguments);
[[gnu::weak]] int run_tldr(Arguments);
[[gnu::weak]] int run_tokenize(Arguments);
[[gnu::weak]] int run_verify(Arguments);
[[gnu::weak]] int run_world(Arguments);
[[gnu::weak]] int run_doctor(Arguments);

namespace {

struct Command {
  const char* name;
  const char* summary;
  int (*run)(Arguments);
};

const Command kCommands[] = {
    {"tldr", "train a reasoning model to think shorter at equal accuracy (TL;DR)", run_tldr},
    {"sft", "fine-tune a model on rows of one file or a fixed mixture", run_sft},
    {"generate", "sample completions for problems, resumable", run_generate},
    {"eval", "accuracy and tokens with intervals; two models compared in pairs", run_eval},
    {"verify", "judge (gold, response) pairs", run_verify},
    {"select", "training rows from sampled replies: the shortest right one, cut, decontaminated",
     run_select},
    {"chat", "talk to a model, or to two side by side", run_chat},
    {"report", "runs as one HTML page and a text table", run_report},
    {"inspect", "what a model folder or a data file is", run_inspect},
    {"adapter", "LoRA adapters: merge, extract from two models, scale", run_adapter},
    {"convert", "GGUF and Hugging Face folders into each other", run_convert},
    {"world", "the embedded small world: problems with short and long chains", run_world},
    {"tokenize", "text to token ids and back, JSONL in, JSONL out", run_tokenize},
    {"render", "messages to a prompt, JSONL in, JSONL out", run_render},
    {"logprobs", "token ids to log-probabilities, JSONL in, JSONL out", run_logprobs},
    {"plan", "memory and time of a run, before anything is loaded", run_plan},
    {"doctor", "what this machine has and what that allows", run_doctor},
};

void print_help() {
  std::string text = "Usage: laconic COMMAND [options]\n\n";
  text += wrap_text("Makes a reasoning language model think shorter at equal accuracy.", 0,
                    help_columns(), 0);
  text += "\n\nCommands:\n";
  for (const Command& command : kCommands) {
    if (!command.run) continue;
    text += cat("  ", command.name, std::string(12 - std::strlen(command.name), ' '));
    text += wrap_text(command.summary, 14, help_columns(), 14) + "\n";
  }
  text += "\n  laconic help COMMAND  or  laconic COMMAND --help  says more\n";
  text += "  laconic --version     prints version and commit\n";
  std::fputs(text.c_str(), stdout);
}

const Command& find_command(const std::string& name) {
  std::vector<std::string> names;
  for (const Command& command : kCommands) {
    if (!command.run) continue;
    if (name == command.name) return command;
    names.push_back(command.name);
  }
  const std::string near = nearest(name, names);
  fail(ErrorKind::kUsage, "laconic: expected a command, got \"", name, "\" (",
       near.empty() ? "try laconic --help" : "did you mean " + near + "?", ")");
}

int dispatch(const std::vector<std::string>& arguments) {
  require(!arguments.empty(), ErrorKind::kUsage,
          "laconic: expected a command, got none (try laconic --help)");
  const std::string& first = arguments[0];
  const bool is_help = first == "--help" || first == "-h" || first == "help";
  if (is_help && (arguments.size() == 1 || arguments[1].starts_with('-'))) return print_help(), 0;
  if (is_help) {
    const std::vector<std::string> help = {"--help"};
    return find_command(arguments[1]).run(help);
  }
  if (first == "--version") return std::printf("laconic %s (%s)\n", version(), commit()), 0;
  return find_command(first).run(std::span(arguments).subspan(1));
}

// libtorch reports a failed allocation as a general error; the text is what tells.
bool says_out_of_memory(const std::string& text) {
  return text.find("out of memory") != std::string::npos ||
         text.find("can't allocate memory") != std::string::npos ||
         text.find("not enough memory") != std::string::npos;
}

int end_with(ErrorKind kind, const std::string& message) {
  std::fflush(stdout);
  const std::string line = message.substr(0, message.find('\n'));  // libtorch adds a backtrace
  std::fprintf(stderr, "%s\n", line.c_str());
  return static_cast<int>(kind);
}

int run(const std::vector<std::string>& arguments) {
  try {
    const int code = dispatch(arguments);
    if (std::fflush(stdout) != 0 || std::ferror(stdout))
      return end_with(errno == ENOSPC ? ErrorKind::kDisk : ErrorKind::kFailure,
                      cat("stdout: expected to write, got an error: ", std::strerror(errno)));
    return code;
  } catch (const Error& error) {
    const bool ours = error.kind() == ErrorKind::kInternal;
    return end_with(error.kind(),
                    (ours ? "laconic: internal error: " : "") + std::string(error.what()));
  } catch (const std::bad_alloc&) {
    return end_with(ErrorKind::kMemory, "laconic: out of memory");
  } catch (const std::exception& error) {
    const std::string what = error.what();
    if (says_out_of_memory(what))
      return end_with(ErrorKind::kMemory, "laconic: out of memory: " + what);
    return end_with(ErrorKind::kInternal, "laconic: internal error: " + what);
  }
}

}  // namespace
}  // namespace laconic

int main(int argc, char** argv) {
  // libtorch's buffers in huge pages: faulting them in can take longer than the first step itself.
  ::setenv("THP_MEM_ALLOC_ENABLE", "1", /*overwrite=*/0);
  std::signal(SIGPIPE,
              SIG_IGN);  // a closed pipe is a failed write with a message, not a silent end
  return laconic::run({argv + 1, argv + argc});
}
