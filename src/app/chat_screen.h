// Where a chat's replies go: a terminal (streaming, thinking dimmed, two models in columns) or
// plain text (whole replies, one behind the other; counts on stderr).
//
// Thread-safe: text comes from the models' threads, draw() from the one that waits.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "app/columns.h"
#include "app/think_style.h"

namespace laconic {

struct ScreenOptions {
  bool is_terminal = false;
  bool colour = false;
  size_t width = 80, height = 24;  // cells
};
ScreenOptions screen_of_stdout();

class ChatScreen {
 public:
  // One name a model. starts_thinking: whether each model's prompt opens the think span.
  ChatScreen(ScreenOptions options, std::vector<std::string> names,
             const std::vector<bool>& starts_thinking);

  void text(size_t model, std::string_view piece);
  void finish(size_t model, const std::string& status);
  void draw();   // what came since the last call; a terminal only
  void close();  // the rest, and the status lines

 private:
  std::string dim(const std::string& text) const;
  void push(size_t model, const std::vector<StyledText>& parts);
  void draw_columns(bool last);

  ScreenOptions options_;
  std::vector<std::string> names_;
  std::mutex mutex_;
  std::vector<ThinkStyle> styles_;
  std::vector<std::string> whole_, status_;  // of each model
  std::string fresh_;                        // one model: not written yet
  Columns columns_;
  size_t num_final_ = 0;  // rows of columns_ that are never drawn again
  size_t num_drawn_ = 0;  // rows below them on the screen
};

}  // namespace laconic
