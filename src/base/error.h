// One error type for everything that ends the work at hand, and always-on checks for our own bugs.
//
// Thrown anywhere, caught once in app/main.cc, where the kind becomes the exit code. What is
// expected (a wrong answer, a skipped row, "no box found") is a value, never an Error. Message
// grammar: `place: expected X, got Y (hint)`, one line.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace laconic {

// The value is the exit code of the process.
enum class ErrorKind {
  kFailure = 1,   // the world refused: a file cannot be opened, a process died
  kUsage = 2,     // the command line or a setting is wrong
  kData = 3,      // a data file or row is bad
  kModel = 4,     // a model folder or file is bad
  kMemory = 5,    // out of memory
  kDisk = 6,      // no space left on the device
  kCheck = 7,     // a check that the user asked for is not met
  kInternal = 70  // our bug
};

class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}
  ErrorKind kind() const { return kind_; }

 private:
  ErrorKind kind_;
};

// Joins its arguments as text: cat("layer ", 3, ": ", name).
template <typename... Parts>
std::string cat(const Parts&... parts) {
  std::ostringstream out;
  static_cast<void>((out << ... << parts));
  return out.str();
}

template <typename... Parts>
[[noreturn]] void fail(ErrorKind kind, const Parts&... parts) {
  throw Error(kind, cat(parts...));
}

// Throws Error(kind) unless ok. For what a user can cause.
template <typename... Parts>
void require(bool ok, ErrorKind kind, const Parts&... parts) {
  if (!ok) fail(kind, parts...);
}

[[noreturn]] void check_failed(const char* file, int line, const char* condition,
                               const std::string& message);

}  // namespace laconic

// For programmer errors only; never reachable from input. Always on.
#define LACONIC_CHECK(condition, ...)                                                       \
  do {                                                                                      \
    if (!(condition)) [[unlikely]]                                                          \
      ::laconic::check_failed(__FILE__, __LINE__, #condition, ::laconic::cat(__VA_ARGS__)); \
  } while (false)
