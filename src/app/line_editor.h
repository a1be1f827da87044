// A line typed at a terminal, with editing and history (libedit, which reads ~/.editrc).
//
// Not for pipes: who has no terminal reads lines as they are. History is a file that is read at the
// start and written after each line, readable by its owner alone; one that cannot be read or
// written costs history, never a line. Not thread-safe; SIGINT ends the reading (base/signals.h).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

namespace laconic {

// $XDG_STATE_HOME/laconic/NAME, else ~/.local/state/laconic/NAME; "" without either.
std::string state_file(const std::string& name);

class LineEditor {
 public:
  // `colour`: the prompt is bold. history_path "": nothing is remembered across runs.
  LineEditor(const std::string& prompt, bool colour, const std::string& history_path);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  // Without its line end. false: Ctrl-D on an empty line, the end of input, or a signal.
  bool read_line(std::string& line);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace laconic
