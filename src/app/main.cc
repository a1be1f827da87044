// The command table, and the one place where errors become exit codes.
// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <new>
#include <string>
#include <vector>

#include "app/commands.h"
#include "base/error.h"

namespace laconic {
namespace {

struct Command {
  const char* name;
  const char* summary;
  int (*run)(Arguments);
};

// Commands join this table as they land.
const Command kCommands[] = {
    {nullptr, nullptr, nullptr},
};

int dispatch(const std::vector<std::string>& arguments) {
  if (arguments.empty())
    fail(ErrorKind::kUsage, "laconic: expected a command, got none (try laconic --help)");
  for (const Command& command : kCommands) {
    if (command.name && arguments[0] == command.name)
      return command.run(std::span(arguments).subspan(1));
  }
  fail(ErrorKind::kUsage, "laconic: expected a command, got \"", arguments[0],
       "\" (try laconic --help)");
}

}  // namespace
}  // namespace laconic

int main(int argc, char** argv) {
  try {
    return laconic::dispatch({argv + 1, argv + argc});
  } catch (const laconic::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return static_cast<int>(error.kind());
  } catch (const std::bad_alloc&) {
    std::fprintf(stderr, "laconic: out of memory\n");
    return static_cast<int>(laconic::ErrorKind::kMemory);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "laconic: internal error: %s\n", error.what());
    return static_cast<int>(laconic::ErrorKind::kInternal);
  }
}
