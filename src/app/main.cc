// Which command is run, and the one place where errors become exit codes. The list of commands is
// in app/commands.h.
// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <new>
#include <string>
#include <vector>

#include "app/commands.h"
#include "base/disk.h"
#include "base/error.h"
#include "base/printable.h"
#include "base/version.h"

namespace laconic {

namespace {

constexpr size_t kMaxMessageBytes = 4096;  // a name from a file may be as long as the file

void print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

int dispatch(const std::vector<std::string>& arguments) {
  if (arguments.empty()) return print(commands_help(/*main_only=*/true)), 0;
  const std::string& first = arguments[0];
  const bool is_help =
      first == "--help" || first == "--help-all" || first == "-h" || first == "help";
  if (is_help && (arguments.size() == 1 || arguments[1].starts_with('-')))
    return print(commands_help(/*main_only=*/false)), 0;
  if (is_help) return find_command(arguments[1]).run(std::vector<std::string>{"--help"});
  if (first == "--version" || first == "-V")
    return print(cat("laconic ", version(), " (", commit(), ")\n")), 0;
  return find_command(first).run(std::span(arguments).subspan(1));
}

// libtorch reports a failed allocation as a general error; the text is what tells.
bool says_out_of_memory(const std::string& text) {
  return text.find("out of memory") != std::string::npos ||
         text.find("can't allocate memory") != std::string::npos ||
         text.find("not enough memory") != std::string::npos;
}

int end_with(ErrorKind kind, const std::string& message) {
  std::fflush(stdout);
  const std::string line = printable_line(message, kMaxMessageBytes);
  std::fprintf(stderr, "%s\n", line.c_str());
  return static_cast<int>(kind);
}

int run(const std::vector<std::string>& arguments) {
  try {
    const int code = dispatch(arguments);
    flush_stdout();
    require(!std::ferror(stdout), ErrorKind::kFailure, "stdout: cannot write: an earlier error");
    return code;
  } catch (const Error& error) {
    const bool ours = error.kind() == ErrorKind::kInternal;
    return end_with(error.kind(),
                    (ours ? "laconic: internal error: " : "") + std::string(error.what()));
  } catch (const std::bad_alloc&) {
    return end_with(ErrorKind::kMemory, "laconic: out of memory");
  } catch (const std::filesystem::filesystem_error& error) {
    // The world's doing: a folder that somebody removed or closed while it was in use.
    const bool full = error.code() == std::errc::no_space_on_device;
    return end_with(full ? ErrorKind::kDisk : ErrorKind::kFailure,
                    cat(error.path1().string(), ": ", error.code().message()));
  } catch (const std::exception& error) {
    const std::string_view whole = error.what();
    const std::string what(whole.substr(0, whole.find('\n')));  // libtorch adds a backtrace
    if (says_out_of_memory(what))
      return end_with(ErrorKind::kMemory, "laconic: out of memory: " + what);
    return end_with(ErrorKind::kInternal, "laconic: internal error: " + what);
  }
}

}  // namespace
}  // namespace laconic

int main(int argc, char** argv) {
  // libtorch's buffers in huge pages: faulting them in can take longer than the first step itself.
  ::setenv("THP_MEM_ALLOC_ENABLE", "1", /*overwrite=*/0);
  std::signal(SIGPIPE,
              SIG_IGN);  // a closed pipe is a failed write with a message, not a silent end
  std::signal(SIGXFSZ, SIG_IGN);  // so is a file beyond ulimit -f
  return laconic::run({argv + 1, argv + argc});
}
