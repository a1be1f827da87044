// The log on stderr: one line a message, with time and level; stdout is for data.
// LACONIC_LOG=debug|info|warning|error sets the level (default info); colour only on a terminal and
// without NO_COLOR. spdlog lives behind log.cc. Thread-safe.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/error.h"  // cat

namespace laconic {

enum class LogLevel { kDebug, kInfo, kWarning, kError };
void log_line(LogLevel level, std::string_view text);

template <typename... Parts>
void log_info(const Parts&... parts) {
  log_line(LogLevel::kInfo, cat(parts...));
}
template <typename... Parts>
void log_warning(const Parts&... parts) {
  log_line(LogLevel::kWarning, cat(parts...));
}
template <typename... Parts>
void log_debug(const Parts&... parts) {
  log_line(LogLevel::kDebug, cat(parts...));
}

}  // namespace laconic
