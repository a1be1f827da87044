// SPDX-License-Identifier: Apache-2.0
#include "app/line_editor.h"

#include <histedit.h>

#include <clocale>
#include <cstdio>
#include <cstdlib>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"

namespace laconic {
namespace {

constexpr int kHistoryLines = 1000;
constexpr char kEscapeMark = '\1';  // around what takes no cells

// Typed text is UTF-8, also where the locale is none.
void use_utf8_input() {
  const char* const chosen = std::setlocale(LC_CTYPE, "");
  if (!chosen || std::string(chosen) == "C" || std::string(chosen) == "POSIX")
    std::setlocale(LC_CTYPE, "C.UTF-8");
}

}  // namespace

std::string state_file(const std::string& name) {
  const char* const state = std::getenv("XDG_STATE_HOME");
  if (state && state[0] == '/') return join_path(state, "laconic/" + name);
  const char* const home = std::getenv("HOME");
  return home && *home ? join_path(home, ".local/state/laconic/" + name) : "";
}

struct LineEditor::State {
  EditLine* editor = nullptr;
  History* history = nullptr;
  HistEvent event = {};
  std::string prompt, history_path;

  ~State() {
    if (editor) el_end(editor);
    if (history) history_end(history);
  }
  static char* prompt_of(EditLine* editor) {
    State* state = nullptr;
    el_get(editor, EL_CLIENTDATA, &state);
    return state->prompt.data();
  }
};

LineEditor::LineEditor(const std::string& prompt, bool colour, const std::string& history_path)
    : state_(std::make_unique<State>()) {
  use_utf8_input();
  State& state = *state_;
  state.history_path = history_path;
  state.prompt = colour ? cat(kEscapeMark, "\x1b[1m", kEscapeMark, prompt, kEscapeMark, "\x1b[0m",
                              kEscapeMark, " ")
                        : prompt + " ";
  state.editor = el_init("laconic", stdin, stdout, stderr);
  state.history = history_init();
  require(state.editor && state.history, ErrorKind::kFailure,
          "terminal: expected to edit lines, got an error of libedit");
  el_set(state.editor, EL_CLIENTDATA, &state);
  el_set(state.editor, EL_PROMPT_ESC, &State::prompt_of, kEscapeMark);
  el_set(state.editor, EL_EDITOR, "emacs");
  el_set(state.editor, EL_HIST, ::history, state.history);
  ::history(state.history, &state.event, H_SETSIZE, kHistoryLines);
  ::history(state.history, &state.event, H_SETUNIQUE, 1);
  el_source(state.editor, nullptr);
  if (history_path.empty()) return;
  try {
    make_folders(parent_path(history_path));
  } catch (const Error& error) {
    log_debug("no history: ", error.what());
    state.history_path.clear();
    return;
  }
  ::history(state.history, &state.event, H_LOAD, history_path.c_str());
}

LineEditor::~LineEditor() = default;

bool LineEditor::read_line(std::string& line) {
  State& state = *state_;
  int num_bytes = 0;
  const char* const typed = el_gets(state.editor, &num_bytes);
  if (!typed || num_bytes <= 0) return false;
  line.assign(typed, static_cast<size_t>(num_bytes));
  while (line.ends_with('\n') || line.ends_with('\r')) line.pop_back();
  if (line.find_first_not_of(" \t") == std::string::npos) return true;
  ::history(state.history, &state.event, H_ENTER, line.c_str());
  if (!state.history_path.empty())
    ::history(state.history, &state.event, H_SAVE, state.history_path.c_str());
  return true;
}

}  // namespace laconic
