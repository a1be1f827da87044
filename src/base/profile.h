// Where the time goes: named scopes, summed over threads, printed as a table of percent.
//
// A scope counts its own time only, without the scopes opened inside it, so that the table's rows
// add up. Off by default: a scope then costs one load and a branch. Names are string literals.
// Scopes on several threads add up: in a phase that runs on N threads a second counts N times.
// Not a sampling profiler: what lies in no scope is not seen.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

namespace laconic {

// Turns counting on or off for all threads; turning it on starts from zero. Call it while no scope
// is open.
void set_profiling(bool on);

// One row a name, the longest first: share of the sum, seconds, calls. Empty if nothing ran.
std::string profile_table();

class ProfileScope {
 public:
  explicit ProfileScope(const char* name) {
    if (enabled_.load(std::memory_order_relaxed)) open(name);
  }
  ~ProfileScope() {
    if (name_ != nullptr) close();
  }
  ProfileScope(const ProfileScope&) = delete;
  ProfileScope& operator=(const ProfileScope&) = delete;

 private:
  friend void set_profiling(bool on);
  void open(const char* name);
  void close();

  static inline std::atomic<bool> enabled_ = false;
  const char* name_ = nullptr;
  ProfileScope* outer_ = nullptr;
  int64_t start_ns_ = 0;
  int64_t inside_ns_ = 0;  // spent in scopes opened inside this one
};

}  // namespace laconic
