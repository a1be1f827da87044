// The list of commands, the one there is: names, functions, help, completion and manual pages come
// from it. A new command is a line here and a file src/app/<command>.cc with
// `int run_<command>(Arguments)`, which takes the arguments after the command's name and returns
// the exit code.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

namespace laconic {

using Arguments = std::span<const std::string>;

// name, whether `laconic` alone shows it, summary
#define LACONIC_COMMANDS(COMMAND)                                                            \
  COMMAND(tldr, true, "train a reasoning model to think shorter at equal accuracy (TL;DR)")  \
  COMMAND(sft, true, "fine-tune a model on rows of one file or a fixed mixture")             \
  COMMAND(generate, true, "sample completions for problems, resumable")                      \
  COMMAND(eval, true, "accuracy and tokens with intervals; two models compared in pairs")    \
  COMMAND(verify, true, "judge an answer, or (gold, response) pairs")                        \
  COMMAND(select, false,                                                                     \
          "training rows from sampled replies: the shortest right one, cut, decontaminated") \
  COMMAND(chat, true, "talk to a model, or to two side by side")                             \
  COMMAND(report, true, "runs as one HTML page and a text table")                            \
  COMMAND(inspect, true, "what a model folder or a data file is")                            \
  COMMAND(adapter, false, "LoRA adapters: merge, extract from two models, scale")            \
  COMMAND(convert, false, "GGUF and Hugging Face folders into each other")                   \
  COMMAND(world, false, "the embedded small world: problems with short and long chains")     \
  COMMAND(tokenize, false, "text to token ids and back, JSONL in, JSONL out")                \
  COMMAND(render, false, "messages to a prompt, JSONL in, JSONL out")                        \
  COMMAND(logprobs, false, "token ids to log-probabilities, JSONL in, JSONL out")            \
  COMMAND(plan, true, "memory and time of a run, before anything is loaded")                 \
  COMMAND(doctor, true, "what this machine has and what that allows")                        \
  COMMAND(completion, false, "what completes commands and options in bash, zsh or fish")     \
  COMMAND(man, false, "manual pages, of laconic or of a command")

#define LACONIC_DECLARE_COMMAND(name, is_main, summary) int run_##name(Arguments arguments);
LACONIC_COMMANDS(LACONIC_DECLARE_COMMAND)
#undef LACONIC_DECLARE_COMMAND

struct Command {
  const char* name;
  bool is_main;
  const char* summary;
  int (*run)(Arguments);
};

#define LACONIC_LIST_COMMAND(name, is_main, summary) {#name, is_main, summary, run_##name},
inline constexpr Command kCommands[] = {LACONIC_COMMANDS(LACONIC_LIST_COMMAND)};
#undef LACONIC_LIST_COMMAND

// Error(kUsage) with the nearest name for one that is not there.
const Command& find_command(const std::string& name);
// `laconic` alone: the main ones; `laconic --help`: all.
std::string commands_help(bool main_only);

}  // namespace laconic
