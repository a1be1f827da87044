// SIGINT and SIGTERM as a flag that loops poll: long work then saves and the process exits with 75.
// A second signal of the same kind ends the process at once.
// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace laconic {

void install_signal_handlers();
bool stop_requested();

// For commands that talk: SIGINT as a flag that take_interrupt() clears, again and again.
void install_interrupt_handler();
bool take_interrupt();
// Waits until `file` can be read (false) or an interrupt is there that was not taken (true), also
// one from before the call.
bool interrupted_before_input(int file);

inline constexpr int kExitSavedOnSignal = 75;

}  // namespace laconic
