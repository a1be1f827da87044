// --profile: where a command's time went, as base/profile.h's table on stderr when it ends.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/log.h"
#include "base/profile.h"
#include "base/settings.h"

namespace laconic {

inline void add_profile_option(Settings& settings, bool& on) {
  settings.add("profile", &on, "print at the end where the time went, in percent").advanced();
}

// From its making to its end; nothing where `on` is false.
class ProfileReport {
 public:
  explicit ProfileReport(bool on) : on_(on) {
    if (on_) set_profiling(true);
  }
  ~ProfileReport() {
    if (!on_) return;
    set_profiling(false);
    log_info("where the time went, threads added up:\n", profile_table());
  }
  ProfileReport(const ProfileReport&) = delete;
  ProfileReport& operator=(const ProfileReport&) = delete;

 private:
  const bool on_;
};

}  // namespace laconic
