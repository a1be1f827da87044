// SPDX-License-Identifier: Apache-2.0
#include "base/terminal.h"

#include <unistd.h>

#include <cstdio>
#include <string>

namespace laconic {

bool stdin_is_terminal() { return isatty(STDIN_FILENO) != 0; }

void tell_of_waiting(std::string_view what) {
  if (!stdin_is_terminal()) return;
  const std::string line =
      "stdin: waiting for " + std::string(what) + "; Ctrl-D ends (--input FILE reads a file)\n";
  std::fputs(line.c_str(), stderr);
}

}  // namespace laconic
