// SPDX-License-Identifier: Apache-2.0
#include "base/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "base/log.h"
#include "base/printable.h"

namespace laconic {
namespace {

constexpr double kRedrawS = 0.1;

double seconds_between(std::chrono::steady_clock::time_point from,
                       std::chrono::steady_clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

bool is_set(const char* name) {
  const char* value = std::getenv(name);
  return value && *value && std::string(value) != "0";
}

std::string rate_text(double per_s, const std::string& unit) {
  char buffer[48];
  if (per_s >= 100)
    std::snprintf(buffer, sizeof buffer, "%.0f ", per_s);
  else if (per_s >= 1 || per_s == 0)
    std::snprintf(buffer, sizeof buffer, "%.1f ", per_s);
  else
    std::snprintf(buffer, sizeof buffer, "%.3f ", per_s);
  return buffer + unit + "/s";
}

int terminal_columns() {
  winsize size = {};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

}  // namespace

std::string duration_text(double seconds) {
  const int64_t total = std::llround(std::max(seconds, 0.0));
  char buffer[48];
  if (total >= 3600)
    std::snprintf(buffer, sizeof buffer, "%lld:%02d:%02d", static_cast<long long>(total / 3600),
                  static_cast<int>(total / 60 % 60), static_cast<int>(total % 60));
  else
    std::snprintf(buffer, sizeof buffer, "%d:%02d", static_cast<int>(total / 60),
                  static_cast<int>(total % 60));
  return buffer;
}

std::string progress_text(const ProgressState& state, bool last) {
  const auto done_here = static_cast<double>(state.done - state.already_done);
  const double rate = state.elapsed_s > 0 ? done_here / state.elapsed_s : 0.0;
  std::string text = cat(state.label, ": ", state.done);
  if (state.total > 0) text += cat("/", state.total);
  text += " " + state.unit + ", " + rate_text(rate, state.unit);
  if (last || state.total <= 0)
    text += ", " + duration_text(state.elapsed_s) + " taken";
  else if (rate > 0)
    text += ", " + duration_text(static_cast<double>(state.total - state.done) / rate) + " left";
  if (!state.note.empty()) text += ", " + state.note;
  return text;
}

std::string progress_bar(int64_t done, int64_t total, int width) {
  if (total <= 0 || width < 3) return "";
  const double share = std::clamp(static_cast<double>(done) / static_cast<double>(total), 0.0, 1.0);
  const size_t inside = static_cast<size_t>(width) - 2;
  const size_t filled = static_cast<size_t>(share * static_cast<double>(inside));
  return "[" + std::string(filled, '#') + std::string(inside - filled, '.') + "]";
}

Progress::Progress(std::string label, int64_t total, std::string unit, double every_s)
    : state_{std::move(label), std::move(unit), "", total, 0, 0.0},
      every_s_(every_s),
      terminal_(isatty(STDERR_FILENO) != 0),
      silent_(is_set("TQDM_DISABLE")),
      start_(std::chrono::steady_clock::now()),
      last_draw_(start_) {}

Progress::~Progress() {
  try {
    finish();
  } catch (...) {  // a destructor must not throw, and a lost progress line harms nobody
  }
}

void Progress::start_at(int64_t done) {
  state_.done = state_.already_done = done;
  start_ = last_draw_ = std::chrono::steady_clock::now();
}

void Progress::update(int64_t done, const std::string& note) {
  state_.done = done;
  state_.note = note;
  const auto now = std::chrono::steady_clock::now();
  if (finished_ || seconds_between(last_draw_, now) < (terminal_ ? kRedrawS : every_s_)) return;
  last_draw_ = now;
  draw(false);
}

void Progress::finish() {
  if (finished_) return;
  finished_ = true;
  draw(true);
}

void Progress::vanish() {
  if (!finished_ && terminal_ && !silent_) {
    std::fputs("\r\x1b[K", stderr);
    std::fflush(stderr);
  }
  finished_ = true;
}

void Progress::draw(bool last) {
  if (silent_) return;
  state_.elapsed_s = seconds_between(start_, std::chrono::steady_clock::now());
  std::string text = printable(progress_text(state_, last));
  if (!terminal_) {
    log_info(text);
    return;
  }
  const int columns = terminal_columns() - 1;
  const int room = columns - static_cast<int>(text.size()) - 1;
  if (room >= 12) text += " " + progress_bar(state_.done, state_.total, std::min(room, 40));
  if (static_cast<int>(text.size()) > columns)
    text = printable_line(text, static_cast<size_t>(std::max(columns - 3, 0)));
  std::fprintf(stderr, "\r%s\x1b[K%s", text.c_str(), last ? "\n" : "");
  std::fflush(stderr);
}

}  // namespace laconic
