// A progress bar with rate and time left on a terminal (stderr); elsewhere one log line every
// `every_s` seconds. TQDM_DISABLE=1 silences both; the bar has no colour. Not thread-safe.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace laconic {

struct ProgressState {
  std::string label, unit, note;
  int64_t total = 0;  // 0: unknown
  int64_t done = 0;
  double elapsed_s = 0;
  int64_t already_done = 0;  // before elapsed_s began: a resumed run
};

std::string duration_text(double seconds);  // "1:05", "2:03:04"
// "train: 5/10 steps, 2.5 steps/s, 0:02 left, loss 1.2"; `last` says what was taken, not what is
// left.
std::string progress_text(const ProgressState& state, bool last);
// "[###.....]", `width` columns in all; "" for an unknown total.
std::string progress_bar(int64_t done, int64_t total, int width);

class Progress {
 public:
  // unit: "rows", "steps"; total 0: unknown.
  Progress(std::string label, int64_t total, std::string unit, double every_s = 30);
  ~Progress();  // finishes the line
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  // Work begins now, with `done` of it already there: rate and time left count from here.
  void start_at(int64_t done);
  void update(int64_t done, const std::string& note = "");
  void finish();
  void vanish();  // ends without a last line: for what is worth a look only while it lasts

 private:
  void draw(bool last);
  ProgressState state_;
  double every_s_;
  bool terminal_, silent_, finished_ = false;
  std::chrono::steady_clock::time_point start_, last_draw_;
};

}  // namespace laconic
