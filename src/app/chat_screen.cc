// SPDX-License-Identifier: Apache-2.0
#include "app/chat_screen.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "base/error.h"
#include "base/printable.h"

namespace laconic {
namespace {

constexpr size_t kGap = 3;

size_t column_width(const ScreenOptions& options, size_t num_columns) {
  const size_t gaps = kGap * (num_columns - 1);
  return std::max<size_t>(1, (options.width - std::min(options.width - 1, gaps)) / num_columns);
}

std::vector<std::string> shown_names(std::vector<std::string> names) {
  for (std::string& name : names) name = printable(name);
  return names;
}

void write(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

}  // namespace

ScreenOptions screen_of_stdout() {
  ScreenOptions options;
  options.is_terminal = isatty(STDOUT_FILENO) != 0 && isatty(STDIN_FILENO) != 0;
  options.colour = options.is_terminal && !std::getenv("NO_COLOR");
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
    options.width = size.ws_col;
    options.height = size.ws_row;
  }
  return options;
}

ChatScreen::ChatScreen(ScreenOptions options, std::vector<std::string> names,
                       const std::vector<bool>& starts_thinking)
    : options_(options),
      names_(shown_names(names)),
      whole_(names_.size()),
      status_(names_.size()),
      columns_(names_.size(), column_width(options, names_.size()), options.colour, kGap) {
  for (const bool starts : starts_thinking) styles_.emplace_back(starts);
  if (names_.size() < 2) return;
  for (size_t model = 0; model < names_.size(); ++model)
    columns_.push(model, names_[model] + "\n", false);
}

std::string ChatScreen::dim(const std::string& text) const {
  return options_.colour ? "\x1b[2m" + text + "\x1b[0m" : text;
}

void ChatScreen::push(size_t model, const std::vector<StyledText>& parts) {
  for (const StyledText& part : parts) {
    if (names_.size() > 1)
      columns_.push(model, part.text, part.is_thinking);
    else
      fresh_ += part.is_thinking ? dim(printable_lines(part.text)) : printable_lines(part.text);
  }
}

void ChatScreen::text(size_t model, std::string_view piece) {
  const std::lock_guard lock(mutex_);
  whole_[model] += piece;
  if (options_.is_terminal) push(model, styles_[model].push(piece));
}

void ChatScreen::finish(size_t model, const std::string& status) {
  const std::lock_guard lock(mutex_);
  status_[model] = printable(status);
  if (!options_.is_terminal) return;
  push(model, styles_[model].finish());
  if (names_.size() < 2) return;
  columns_.push(model, "\n" + status_[model], true);
  columns_.finish(model);
}

void ChatScreen::draw() {
  const std::lock_guard lock(mutex_);
  if (!options_.is_terminal) return;
  if (names_.size() > 1) return draw_columns(false);
  write(fresh_);
  fresh_.clear();
}

// Goes up to the first row that may still change and writes from there. Of a column that is far
// ahead only what fits on the screen is shown until the other one follows.
void ChatScreen::draw_columns(bool last) {
  std::string out;
  if (num_drawn_ > 0) out += cat("\r\x1b[", num_drawn_, "A");
  out += "\r\x1b[J";
  const size_t room = options_.height > 3 ? options_.height - 2 : 1;
  const size_t settled = last ? columns_.num_rows() : columns_.num_settled();
  for (; num_final_ < settled; ++num_final_) out += columns_.row(num_final_) + "\n";
  const size_t end = std::min(columns_.num_rows(), num_final_ + room);
  for (size_t row = num_final_; row < end; ++row) out += columns_.row(row) + "\n";
  num_drawn_ = end - num_final_;
  write(out);
}

void ChatScreen::close() {
  const std::lock_guard lock(mutex_);
  if (options_.is_terminal && names_.size() > 1) return draw_columns(true);
  if (options_.is_terminal) return write(cat(fresh_, "\n", dim(status_[0]), "\n"));
  for (size_t model = 0; model < names_.size(); ++model) {
    if (names_.size() > 1) write(cat("== ", names_[model], "\n"));
    write(printable_lines(whole_[model]) + "\n");
    std::fprintf(stderr, "%s%s\n", names_.size() > 1 ? (names_[model] + ": ").c_str() : "",
                 status_[model].c_str());
  }
}

}  // namespace laconic
