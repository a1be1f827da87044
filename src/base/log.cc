// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <string>

#include "base/printable.h"

namespace laconic {
namespace {

constexpr size_t kMaxLineBytes = 4096;  // a name from a file may be as long as the file

spdlog::level::level_enum level_of(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

std::shared_ptr<spdlog::logger> make_logger() {
  const bool colour = environment("NO_COLOR").empty();
  auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>(
      colour ? spdlog::color_mode::automatic : spdlog::color_mode::never);
  auto logger = std::make_shared<spdlog::logger>("laconic", sink);
  logger->set_pattern("%H:%M:%S %^%l%$ %v");
  const std::string wanted = environment("LACONIC_LOG");
  LogLevel level = LogLevel::kInfo;
  if (wanted == "debug") level = LogLevel::kDebug;
  if (wanted == "warning") level = LogLevel::kWarning;
  if (wanted == "error") level = LogLevel::kError;
  logger->set_level(level_of(level));
  logger->flush_on(spdlog::level::debug);
  if (!wanted.empty() && wanted != "info" && level == LogLevel::kInfo)
    logger->warn("LACONIC_LOG: expected debug, info, warning or error, got \"{}\" (using info)",
                 printable(wanted));
  return logger;
}

}  // namespace

void log_line(LogLevel level, std::string_view text) {
  static const std::shared_ptr<spdlog::logger> logger = make_logger();
  logger->log(level_of(level), "{}", printable_line(text, kMaxLineBytes));
}

}  // namespace laconic
