// A command that reads stdin from a terminal says what it waits for: one line on stderr, so that
// nobody takes it for one that hangs.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace laconic {

bool stdin_is_terminal();
// "stdin: waiting for WHAT; Ctrl-D ends" where stdin is a terminal, else nothing.
void tell_of_waiting(std::string_view what);

}  // namespace laconic
