// A progress bar with rate and time left on a terminal (stderr); elsewhere one log line every
// `every_s` seconds. TQDM_DISABLE and NO_COLOR are honoured. Not thread-safe.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace laconic {

class Progress {
 public:
  // unit: "rows", "steps"; total 0: unknown.
  Progress(std::string label, int64_t total, std::string unit, double every_s = 30);
  ~Progress();  // finishes the line
  void update(int64_t done, const std::string& note = "");
  void finish();

 private:
  void draw(bool last);
  std::string label_, unit_, note_;
  int64_t total_, done_ = 0;
  double every_s_;
  bool terminal_, finished_ = false;
  std::chrono::steady_clock::time_point start_, last_draw_;
};

}  // namespace laconic
